"""Whole servers as real processes, started as `bin/up` starts them, to be used and to be broken."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil

from genosocial.local_stack import free_port
from tests.migrated import copy_migrated_cluster

SOURCE = Path(__file__).resolve().parent.parent
START_SECONDS = 180
STOP_SECONDS = 60
T = TypeVar("T")


def eventually(look: Callable[[], T], *, seconds: float = 60, what: str = "what was waited for") -> T:
    """Look until something true is seen, and return it; looking may fail with an AssertionError meanwhile.

    Ever more seldom, since apps have only so many calls in five minutes.
    """
    deadline = time.monotonic() + seconds
    pause = 0.2
    while True:
        try:
            if seen := look():
                return seen
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(pause)
        pause = min(pause * 1.2, 3)


class RunningServer:
    """One server of this code at ``http://<host>:<port>`` with a data folder of its own.

    Its tables are there already, unless its first start is to be as everybody's is.
    """

    def __init__(
        self, host: str, port: int, data: Path, private_hosts: list[str], *, has_tables: bool = True
    ) -> None:
        self.host, self.port, self.data = host, port, data
        self.domain = f"{host}:{port}"
        self.base_url = f"http://{self.domain}"
        self.lines: list[str] = []
        self._private_hosts = private_hosts
        if has_tables:
            copy_migrated_cluster(data / "postgres")
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What its processes get: nothing of this test's own servers."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "GENOSOCIAL_PRIVATE_HOSTS": ",".join(self._private_hosts),
            "GENOSOCIAL_DATA_DIR": str(self.data),
        }

    def start(self) -> None:
        """Start it and wait until it says that it runs."""
        command = [sys.executable, "-m", "genosocial.up", "--port", str(self.port), "--domain", self.host]
        self._process = subprocess.Popen(
            [*command, "--data", str(self.data)],
            cwd=SOURCE,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines.clear()
        self._reader = threading.Thread(target=self._read, args=(self._process,))
        self._reader.start()
        eventually(self._runs, seconds=START_SECONDS, what=f"the start of {self.domain}")

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(STOP_SECONDS)
        if self._reader is not None:
            self._reader.join()

    def manage(self, *arguments: str) -> Any:
        """Run a manage.py command beside it and return the JSON it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments, "--json"],
            cwd=SOURCE,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    def settings(self) -> dict[str, str]:
        """The environment that its processes run with, as it left it in its data folder."""
        lines = (self.data / "environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def pid(self, name: str) -> int:
        """The process id of a process of it (name as in the log: web, worker, …)."""
        return self.pids()[name][0]

    def pids(self) -> dict[str, list[int]]:
        """The process ids of all that it started, by their names."""
        noted = json.loads((self.data / "processes.json").read_text())["programs"]
        return {name: [int(program["pid"])] for name, program in noted.items()}

    def kill(self, name: str) -> None:
        """Kill a process of it without warning, children included."""
        process = psutil.Process(self.pid(name))
        for victim in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):  # one that ended with the one before
                victim.kill()

    def log(self) -> str:
        """All that it printed since its start."""
        return "\n".join(self.lines)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            self.lines.extend(line.rstrip() for line in process.stdout)

    def _runs(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"the server ended:\n{self.log()}")
        return any("genosocial runs at" in line for line in self.lines)


@contextmanager
def two_servers() -> Iterator[tuple[RunningServer, RunningServer]]:
    """Run two servers that may reach each other on loopback, under two names.

    Not below pytest's temporary folder, which every new run closes to PostgreSQL's own user.
    """
    ports = free_port(), free_port()
    private = [f"localhost:{ports[0]}", f"127.0.0.1:{ports[1]}"]
    with tempfile.TemporaryDirectory(prefix="two-servers-") as name:
        folder = Path(name)
        first = RunningServer("localhost", ports[0], folder / "a", private)
        second = RunningServer("127.0.0.1", ports[1], folder / "b", private)
        try:
            first.start()
            second.start()
            yield first, second
        finally:
            first.stop()
            second.stop()
