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

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Call:
    """One kind of request as the holder of ``token``; ``body`` makes it a POST of a form."""

    name: str
    path: str
    token: str = ""
    body: str = ""


@dataclass(frozen=True)
class Times:
    """How long requests took, in seconds."""

    requests: int
    seconds: float
    p50: float
    p99: float


def measure(base_url: str, call: Call, *, requests: int, connections: int) -> Times:
    """Send ``requests`` calls over ``connections`` kept-alive connections and return their times.

    Raises RuntimeError for an answer that is not 200, and ValueError for a server that is not on loopback.
    """
    each, more = divmod(requests, connections)
    threads = [_Sender(base_url, call, each + (number < more), number) for number in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
        if thread.failure:
            raise RuntimeError(f"{call.name}: {thread.failure}")
    seconds = time.perf_counter() - started
    times = [took for thread in threads for took in thread.times]
    return Times(len(times), seconds, *middle_and_worst(times))


def middle_and_worst(times: Sequence[float]) -> tuple[float, float]:
    """Return p50 and p99."""
    ordered = sorted(times)
    return statistics.median(ordered), ordered[int(len(ordered) * 0.99)]


class Sender:
    """One kept-alive connection to a server on loopback."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        if parts.hostname not in LOOPBACK:
            raise ValueError(f"{parts.hostname} is not on this machine")
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=60)
        self._host = parts.netloc

    def send(self, call: Call, label: str = "") -> bytes:
        """Send a call, with ``label`` in place of ``{n}`` in its body, and return the answer's body.

        Raises RuntimeError for an answer that is not 200.
        """
        headers = {"Host": self._host}
        if call.token:
            headers["Authorization"] = f"Bearer {call.token}"
        if call.body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        method, body = ("POST", call.body.replace("{n}", label)) if call.body else ("GET", None)
        self._connection.request(method, call.path, body=body, headers=headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{answer.status} {content[:200]!r}")
        return content


class _Sender(threading.Thread):
    def __init__(self, base_url: str, call: Call, count: int, number: int) -> None:
        super().__init__()
        self.sender, self.call, self.count, self.number = Sender(base_url), call, count, number
        self.times: list[float] = []
        self.failure = ""

    def run(self) -> None:
        for turn in range(self.count):
            before = time.perf_counter()
            try:
                self.sender.send(self.call, f"{self.number}-{turn}")
            except (OSError, RuntimeError) as error:
                self.failure = str(error)
                return
            self.times.append(time.perf_counter() - before)
