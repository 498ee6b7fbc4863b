"""Measures how long `bin/up` takes and what it holds in memory: ``python -m benchmarks.start``. Linux only.

Starts a whole server twice on one new data folder and prints Markdown: the seconds of both starts and of the
stop, and the memory of every process while nobody asks anything (PSS: shared pages count in parts, so the
figures may be added up).
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.processes import Processes
from benchmarks.report import memory_table
from genosocial.local_stack import free_port
from tests.running_server import RunningServer

STEPS = ("first start", "second start", "stop")
# The workers go on importing after the server answers; what they hold then is what they keep.
REST_SECONDS = 15


def main() -> None:
    """Start, measure, stop, start again, and print the tables."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    # Not below a folder that is closed to PostgreSQL's own user.
    with tempfile.TemporaryDirectory(prefix="start-") as name:
        server = RunningServer("localhost", free_port(), Path(name), [])
        try:
            first = _seconds(server.start)
            time.sleep(REST_SECONDS)
            memory = Processes(server.pids()).memory()
            stop = _seconds(server.stop)
            second = _seconds(server.start)
        finally:
            server.stop()
    lines = ["| step | seconds |", "|---|---:|"]
    lines += [f"| {step} | {it:.1f} |" for step, it in zip(STEPS, (first, second, stop), strict=True)]
    lines += ["", *memory_table(memory)]
    sys.stdout.write("\n".join(lines) + "\n")


def _seconds(step: Callable[[], None]) -> float:
    started_at = time.monotonic()
    step()
    return time.monotonic() - started_at


if __name__ == "__main__":
    main()
