"""Measures the pages that apps open most, on a whole server started for it: ``python -m benchmarks.api``.

Prints a Markdown table: requests per second, p50 and p99, CPU of the web process per request, and that CPU as
a multiple of a bare view of the same server in the same run. With ``--base-url`` and ``--token`` it measures
a server that runs already, ours or another; its rate limits are its own affair.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import redis

from benchmarks.load import Call, Figures, measure, table
from tests.running_server import RunningServer

HELLO = Call("hello (bare view)", "/health")


def calls(seeded: dict[str, str]) -> list[Call]:
    """Return what is measured; ``seeded`` holds ids of an author and of the root of a thread of 50."""
    return [
        Call("home, 20", "/api/v1/timelines/home"),
        Call("public, 20", "/api/v1/timelines/public?local=true"),
        Call("context of 50", f"/api/v1/statuses/{seeded['thread']}/context"),
        Call("statuses of an account, 20", f"/api/v1/accounts/{seeded['author']}/statuses"),
        Call("notifications, 40", "/api/v1/notifications"),
        Call("search", "/api/v2/search?q=Genossenschaft"),
        Call("post", "/api/v1/statuses", "status=Hallo+%23Genossenschaft+Nummer+{n}&visibility=public"),
    ]


def main() -> None:
    """Start and seed a server, or use the given one, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url")
    parser.add_argument("--token", default="")
    parser.add_argument("--pid", type=int, help="of the web process, for CPU figures")
    parser.add_argument("--author", default="")
    parser.add_argument("--thread", default="")
    parser.add_argument("--statuses", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=240)
    parser.add_argument("--connections", type=int, default=2)
    options = parser.parse_args()
    if options.base_url:
        _print(options.base_url, vars(options), options, forget_limits=lambda: None)
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        server = RunningServer("localhost", 8300, Path(folder) / "data", [])
        try:
            server.start()
            seeded = _seed(server, options.statuses)
            options.pid = server.pid("web")
            limits = redis.Redis.from_url(server.settings()["REDIS_URL"])
            _print(server.base_url, seeded, options, forget_limits=lambda: _forget_limits(limits))
        finally:
            server.stop()


def _seed(server: RunningServer, statuses: int) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.seed", "--statuses", str(statuses)],
        env=server.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    seeded: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return seeded


def _forget_limits(connection: redis.Redis) -> None:
    for key in connection.scan_iter("ratelimit:*", count=1000):
        connection.delete(key)


def _print(
    base_url: str, seeded: dict[str, str], options: argparse.Namespace, *, forget_limits: Callable[[], None]
) -> None:
    def run(call: Call, requests: int) -> Figures:
        return measure(
            base_url,
            seeded["token"],
            call,
            requests=requests,
            connections=options.connections,
            pid=options.pid,
        )

    rows = []
    for call in [HELLO, *calls(seeded)]:
        forget_limits()
        run(call, 10)
        rows.append(run(call, options.requests))
    cores = os.cpu_count()
    sys.stdout.write(f"{cores} cores, {options.requests} requests over {options.connections} connections\n\n")
    sys.stdout.write(table(rows, rows[0]) + "\n")


if __name__ == "__main__":
    main()
