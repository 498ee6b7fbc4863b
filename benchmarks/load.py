"""Sends many requests to one address of any server and says how long they took.

Works against any base URL and token, so that another server can be measured beside ours. Loopback only.
"""

import http.client
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Call:
    """One kind of request; ``body`` makes it a POST of a form."""

    name: str
    path: str
    body: str = ""


@dataclass(frozen=True)
class Figures:
    """What a run showed: seconds for times, CPU seconds of the server per request if its pid is known."""

    name: str
    requests: int
    per_second: float
    p50: float
    p99: float
    cpu: float | None


def measure(
    base_url: str, token: str, call: Call, *, requests: int, connections: int, pid: int | None = None
) -> Figures:
    """Send ``requests`` calls over ``connections`` kept-alive connections and return the figures.

    Raises RuntimeError for an answer that is not 200, and ValueError for a server that is not on loopback.
    """
    host = urlsplit(base_url).hostname
    if host not in LOOPBACK:
        raise ValueError(f"{host} is not on this machine")
    times: list[float] = []
    cpu_before, started = _cpu_seconds(pid), time.perf_counter()
    workers = [
        _Worker(base_url, token, call, requests // connections, times, number)
        for number in range(connections)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.failure:
            raise RuntimeError(f"{call.name}: {worker.failure}")
    wall = time.perf_counter() - started
    times.sort()
    return Figures(
        name=call.name,
        requests=len(times),
        per_second=len(times) / wall,
        p50=statistics.median(times),
        p99=times[int(len(times) * 0.99)],
        cpu=(_cpu_seconds(pid) - cpu_before) / len(times) if pid else None,
    )


class _Worker(threading.Thread):
    def __init__(
        self, base_url: str, token: str, call: Call, count: int, times: list[float], number: int
    ) -> None:
        super().__init__()
        parts = urlsplit(base_url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
        self.call, self.count, self.times, self.number = call, count, times, number
        self.headers = {"Host": parts.netloc}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        if call.body:
            self.headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.failure = ""

    def run(self) -> None:
        method = "POST" if self.call.body else "GET"
        for turn in range(self.count):
            body = self.call.body.replace("{n}", f"{self.number}-{turn}") or None
            before = time.perf_counter()
            self.connection.request(method, self.call.path, body=body, headers=self.headers)
            answer = self.connection.getresponse()
            content = answer.read()
            self.times.append(time.perf_counter() - before)
            if answer.status != http.client.OK:
                self.failure = f"{answer.status} {content[:200]!r}"
                return


def _cpu_seconds(pid: int | None) -> float:
    """Return the CPU seconds that a process and its children have used."""
    if pid is None:
        return 0.0
    parent = psutil.Process(pid)
    used = [process.cpu_times() for process in [parent, *parent.children(recursive=True)]]
    return sum(times.user + times.system for times in used)


def table(figures: Sequence[Figures], baseline: Figures) -> str:
    """Return the figures as a Markdown table, each with its CPU as a ratio to the baseline's."""
    lines = [
        "| request | requests/s | p50 ms | p99 ms | CPU ms | × hello |",
        "|---|---|---|---|---|---|",
    ]
    for row in figures:
        cpu = f"{row.cpu * 1000:.2f}" if row.cpu is not None else "–"
        ratio = f"{row.cpu / baseline.cpu:.1f}" if row.cpu and baseline.cpu else "–"
        lines.append(
            f"| {row.name} | {row.per_second:.0f} | {row.p50 * 1000:.1f} | {row.p99 * 1000:.1f} "
            f"| {cpu} | {ratio} |"
        )
    return "\n".join(lines)
