"""Measures the pages that apps open most, on a whole server started for it: ``python -m benchmarks.api``.

Prints Markdown: for each kind of request how many a second, p50 and p99, the SQL statements that it makes
before the answer and afterwards, and the CPU of every group of processes, also as a multiple of a bare view
of the same server in the same run; then how soon a post is in a follower's home, and the memory of every
process. ``--scale 10`` measures once more when the server has grown tenfold.

With ``--base-url`` and ``--seeded`` it measures a server that runs already, ours or another; its rate limits
are its own affair. ``--seeded`` names a file of JSON as benchmarks/seed.py prints it, with ``processes``
besides if CPU is to be told: ``{"web": [pid, …], "postgres": […], …}``. Linux only.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from benchmarks.load import Call, measure
from benchmarks.processes import Processes
from benchmarks.report import Figures, growth_table, memory_table, request_table, visible_table
from benchmarks.statements import Counted, Statements
from benchmarks.visible import measure_visible
from genosocial.local_stack import free_port
from tests.running_server import RunningServer

# It asks database and Redis for a sign of life, and nothing else.
HELLO = Call("hello (bare view)", "/health")
GROUPS = {"web": ["web"], "postgres": ["postgres"], "valkey": ["valkey"]}
WORKERS = ["worker", "ingest", "media", "beat", "streaming"]
IDLE_SECONDS = 10
COUNTED = 10


def calls(seeded: dict[str, Any]) -> list[Call]:
    """Return what is measured; ``seeded`` holds tokens, and ids of an author and of a thread's root."""
    token, text = seeded["token"], "status=Hallo+%23Genossenschaft+Nummer+{n}&visibility=public"
    read = [
        Call("home, 20", "/api/v1/timelines/home", token),
        Call("public, 20", "/api/v1/timelines/public?local=true", token),
        Call("context of 50", f"/api/v1/statuses/{seeded['thread']}/context", token),
        Call("statuses of an account, 20", f"/api/v1/accounts/{seeded['author']}/statuses", token),
        Call("notifications, 40", "/api/v1/notifications", token),
        Call("search", "/api/v2/search?q=Genossenschaft", token),
    ]
    write = [Call("post to nobody", "/api/v1/statuses", token, text)]
    if herald := seeded.get("herald_token"):
        write.append(Call(f"post to {seeded['followers']} followers", "/api/v1/statuses", herald, text))
    return [HELLO, *read, *write]


@dataclass
class Measurement:
    """A server to measure; what is not known about another one stays away."""

    base_url: str
    seeded: dict[str, Any]
    requests: int
    connections: int
    processes: Processes
    workers: Processes
    statements: Statements | None = None
    limits: redis.Redis | None = None

    def rows(self) -> list[Figures]:
        """Measure all calls."""
        self.workers.settle()
        idle = self._idle()
        return [self._row(call, idle) for call in calls(self.seeded)]

    def forget_limits(self) -> None:
        """Let the accounts send as much as if they had sent nothing yet."""
        if self.limits is not None:
            for key in self.limits.scan_iter("ratelimit:*", count=1000):
                self.limits.delete(key)

    def _idle(self) -> dict[str, float]:
        """Return the CPU seconds that each group uses in a second while nobody asks anything."""
        before = self.processes.cpu_seconds()
        time.sleep(IDLE_SECONDS)
        after = self.processes.cpu_seconds()
        return {name: (after[name] - before[name]) / IDLE_SECONDS for name in after}

    def _row(self, call: Call, idle: dict[str, float]) -> Figures:
        self.forget_limits()
        self._send(call, COUNTED)
        self.workers.settle()
        before, started = self.processes.cpu_seconds(), time.monotonic()
        times = self._send(call, self.requests)
        self.workers.settle()
        after, seconds = self.processes.cpu_seconds(), time.monotonic() - started
        cpu = {
            name: max(0.0, after[name] - before[name] - idle[name] * seconds) / self.requests
            for name in after
        }
        return Figures(call.name, times, cpu, *self._count(call))

    def _send(self, call: Call, requests: int) -> Any:
        return measure(self.base_url, call, requests=requests, connections=self.connections)

    def _count(self, call: Call) -> tuple[Counted | None, Counted | None]:
        """Count the statements of some calls, while the workers stand still and when they go on."""
        if self.statements is None:
            return None, None
        with self.workers.stopped():
            self.statements.reset()
            self._send(call, COUNTED)
            at_once = self.statements.count()
            self.statements.reset()
        if not call.body:
            return at_once.each(COUNTED), Counted(0, 0.0)
        self.workers.settle()
        return at_once.each(COUNTED), self.statements.count().each(COUNTED)


def main() -> None:
    """Start and seed a server, or use the given one, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url")
    parser.add_argument("--seeded", type=Path)
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--statuses", type=int, default=100_000)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--requests", type=int, default=240)
    parser.add_argument("--connections", type=int, default=2)
    parser.add_argument("--posts", type=int, default=200, help="that a follower waits for")
    parser.add_argument("--posts-per-second", type=float, default=4)
    options = parser.parse_args()
    if options.base_url:
        _print_another(options)
    else:
        _print_ours(options)


def _print_another(options: argparse.Namespace) -> None:
    seeded = json.loads(options.seeded.read_text())
    pids = seeded.get("processes", {})
    workers = {name: pids[name] for name in ("workers",) if name in pids}
    measurement = Measurement(
        options.base_url, seeded, options.requests, options.connections, Processes(pids), Processes(workers)
    )
    _print_requests(measurement, options)
    if pids:
        _print(memory_table(measurement.processes.memory()))


def _print_ours(options: argparse.Namespace) -> None:
    with _counting_server() as server:
        seeded = seed_server(server, options.accounts, options.statuses)
        pids = server.pids()
        workers = {"workers": [pid for name in WORKERS for pid in pids[name]]}
        groups = {group: [pid for name in names for pid in pids[name]] for group, names in GROUPS.items()}
        settings = server.settings()
        measurement = Measurement(
            server.base_url,
            seeded,
            options.requests,
            options.connections,
            Processes(groups | workers),
            Processes(workers),
            Statements(settings["DATABASE_URL"]),
            redis.Redis.from_url(settings["REDIS_URL"]),
        )
        small = _print_requests(measurement, options)
        _print(memory_table(Processes(pids).memory()))
        if options.scale > 1:
            more = options.scale - 1
            seed_server(server, options.accounts * more, options.statuses * more, "--grow")
            _print(growth_table(small, measurement.rows(), options.scale))


def _print_requests(measurement: Measurement, options: argparse.Namespace) -> list[Figures]:
    cores, seeded = os.cpu_count(), measurement.seeded
    _print([f"{cores} cores, {options.requests} requests over {options.connections} connections"])
    rows = measurement.rows()
    _print(request_table(rows))
    if herald := seeded.get("herald_token"):
        measurement.forget_limits()
        visible = measure_visible(
            measurement.base_url,
            herald,
            seeded["follower_tokens"],
            posts=options.posts,
            per_second=options.posts_per_second,
        )
        _print(visible_table(visible, seeded["followers"]))
    return rows


@contextmanager
def _counting_server() -> Iterator[RunningServer]:
    """Run a new server whose PostgreSQL counts statements."""
    with ExitStack() as stack:
        # Not below a folder that is closed to PostgreSQL's own user.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-"))
        server = RunningServer("localhost", free_port(), Path(folder) / "data", [])
        stack.callback(server.stop)
        server.start()
        Statements(server.settings()["DATABASE_URL"]).load()
        server.stop()
        server.start()
        yield server


def seed_server(server: RunningServer, accounts: int, statuses: int, *options: str) -> dict[str, Any]:
    """Fill a server with benchmarks/seed.py and return what that prints."""
    command = [sys.executable, "-m", "benchmarks.seed", "--accounts", str(accounts)]
    done = subprocess.run(
        [*command, "--statuses", str(statuses), *options],
        env=server.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seeded: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seeded


def _print(lines: list[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
