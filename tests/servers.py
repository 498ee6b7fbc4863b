"""PostgreSQL and Valkey for one test run: own folder, own port, thrown away afterwards.

`tests/conftest.py` starts them in the process that the tests are started from; the parallel processes of
pytest-xdist inherit the addresses and take a database each, a copy of the migrated one, to which nobody is
connected. Several runs at once do not meet.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import psutil

from genosocial import local_stack
from genosocial.supervisor import Supervisor, end_leftovers
from tests.migrated import copy_migrated_cluster

RUNS_FOLDER = Path(__file__).resolve().parent.parent / "var" / "test"
START_TIMEOUT_SECONDS = 60
DOMAIN = "social.example"


class TestServers:
    """The servers of this run; `environment` is what a process needs to use them."""

    __test__ = False

    def __init__(self) -> None:
        self.folder = RUNS_FOLDER / str(os.getpid())
        self._log_lines: list[str] = []
        self._supervisor = Supervisor(self._write_line, self.folder / "processes.json")
        self.environment: Mapping[str, str] = {}

    def start(self) -> None:
        """Start both servers and wait until they answer."""
        _sweep_dead_runs()
        (self.folder / "data" / "static").mkdir(parents=True)
        postgres, valkey = self.folder / "postgres", self.folder / "valkey"
        copy_migrated_cluster(postgres)
        redis_url = local_stack.new_valkey_url()
        self._supervisor.launch(
            local_stack.postgres_program(postgres, throw_away=True),
            local_stack.valkey_program(valkey, redis_url, throw_away=True),
        )
        self._supervisor.wait_until_ready(START_TIMEOUT_SECONDS)
        self.environment = {
            "GENOSOCIAL_DEVELOPMENT": "1",
            "GENOSOCIAL_DOMAIN": DOMAIN,
            "GENOSOCIAL_BASE_URL": f"https://{DOMAIN}",
            "GENOSOCIAL_DATA_DIR": str(self.folder / "data"),
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": local_stack.database_url(postgres, "postgres"),
            "REDIS_URL": redis_url,
        }

    def stop(self) -> None:
        """End both servers and remove all they wrote."""
        self._supervisor.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write_line(self, name: str, line: str) -> None:
        with (self.folder / f"{name}.log").open("a") as log:
            log.write(f"{line}\n")


def redis_url_of_worker(redis_url: str, worker_id: str) -> str:
    """Valkey's database number 0 belongs to a run of one process, n + 1 to xdist's process gw<n>."""
    return redis_url.rpartition("/")[0] + f"/{int(worker_id.removeprefix('gw')) + 1}"


def data_folder_of_worker(data_folder: str, worker_id: str) -> str:
    """Make the folder of one xdist process: nobody else's files are in it; static files are shared."""
    folder = Path(data_folder) / worker_id
    folder.mkdir()
    (folder / "static").symlink_to(Path(data_folder) / "static")
    return str(folder)


def _sweep_dead_runs() -> None:
    for folder in RUNS_FOLDER.glob("[0-9]*"):
        if not psutil.pid_exists(int(folder.name)):
            end_leftovers(folder / "processes.json")
            shutil.rmtree(folder, ignore_errors=True)
