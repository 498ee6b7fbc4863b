"""Measures how fast activities are taken in and processed: ``python -m benchmarks.inbox``. Linux only.

The other servers are hosts on loopback in one process of their own, which sign real Creates; they come over
HTTP. PostgreSQL and Valkey are thrown away afterwards. Prints Markdown:

- activities that one web process verifies, stores and answers in a second, beside a view of the same process
  that does nothing but one INSERT of the same body;
- activities that one worker process handles in a second until they are in the home feed of their reader, with
  what worker and PostgreSQL take of the processor for each.
"""

import argparse
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import psutil

from benchmarks.processes import Processes
from genosocial.local_stack import LOCALHOST, free_port
from tests.fediverse import running_fediverse, signed_activity
from tests.running_server import eventually
from tests.servers import DOMAIN, TestServers

NAMES = ("ann", "ben", "cem", "dora")
CONNECTIONS = 4
WARM_UP = 40
_GIVE_UP_SECONDS = 300
_processes = multiprocessing.get_context("spawn")


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3_000, help="activities")
    parser.add_argument("--hosts", type=int, default=50, help="hosts that they come from")
    options = parser.parse_args()
    servers = TestServers()
    servers.start()
    try:
        with others(options.hosts) as pipe:
            domains: list[str] = pipe.recv()
            os.environ.update(servers.environment, DJANGO_SETTINGS_MODULE="genosocial.settings")
            os.environ["GENOSOCIAL_PRIVATE_HOSTS"] = ",".join(domains)
            reader = _prepare(domains)
            pipe.send(options.count + WARM_UP)
            requests: list[bytes] = pipe.recv()
            _write(_door_table(requests))
            _write(_processing_table(reader, options.count + WARM_UP))
    finally:
        servers.stop()


# What is measured


def _door_table(requests: Sequence[bytes]) -> list[str]:
    rows = []
    with running_web() as port:
        web = Processes({"web": _web_pids(port), "postgres": _postgres_pids()})
        bare_requests = [_to_bare(request) for request in requests]
        rates = {}
        for name, sent in (("one INSERT", bare_requests), ("inbox", requests)):
            send_all(port, sent[:WARM_UP])
            before, started_at = web.cpu_seconds(), time.monotonic()
            send_all(port, sent[WARM_UP:])
            count, seconds = len(sent) - WARM_UP, time.monotonic() - started_at
            cpu = {group: (web.cpu_seconds()[group] - before[group]) * 1000 / count for group in before}
            rates[name] = count / seconds
            share = rates[name] / rates["one INSERT"]
            rows.append(
                f"| {name} | {rates[name]:.0f} | {share:.0%} | {cpu['web']:.2f} | {cpu['postgres']:.2f} |"
            )
    heads = "| view | a second | share | CPU ms web | CPU ms PostgreSQL |"
    return [heads, "| --- | ---: | ---: | ---: | ---: |", *rows]


def _processing_table(reader: Any, wanted: int) -> list[str]:
    from core import pubsub
    from federation.inbox import _WAKE_KEY, wake
    from genosocial.celery import app

    # The door has called workers; none is to begin before the clock runs.
    app.control.purge()
    pubsub.connection().delete(_WAKE_KEY)
    with running_worker() as worker:
        processes = Processes({"worker": [worker.pid], "postgres": _postgres_pids()})
        before, started_at = processes.cpu_seconds(), time.monotonic()
        wake()
        eventually(lambda: _handed_out() >= wanted, seconds=_GIVE_UP_SECONDS, what="all of it")
        seconds = _last_handed_out() - _started(started_at)
        cpu = {group: (processes.cpu_seconds()[group] - before[group]) * 1000 / wanted for group in before}
    _require_at_home(reader)
    heads = "| activities | in home feeds a second | CPU ms worker | CPU ms PostgreSQL |"
    row = f"| {wanted} | {wanted / seconds:.0f} | {cpu['worker']:.2f} | {cpu['postgres']:.2f} |"
    return [heads, "| ---: | ---: | ---: | ---: |", row]


def _started(monotonic: float) -> float:
    return time.time() - (time.monotonic() - monotonic)


def _handed_out() -> int:
    from timelines.models import Status

    return Status.objects.filter(fanned_out_at__isnull=False).count()


def _last_handed_out() -> float:
    from timelines.models import Status

    return Status.objects.latest("fanned_out_at").fanned_out_at.timestamp()


def _require_at_home(reader: Any) -> None:
    """Raise RuntimeError unless the newest statuses are in the reader's feed in Redis."""
    from core import pubsub
    from timelines import feeds
    from timelines.models import Status

    newest = Status.objects.order_by("-pk").values_list("pk", flat=True)[:100]
    score = pubsub.connection().zscore
    if any(score(feeds._key(reader.pk), feeds._member(pk)) is None for pk in newest):
        raise RuntimeError("not all of it is at home")


# Sending


def send_all(port: int, requests: Sequence[bytes]) -> None:
    """Send requests over a few kept-alive connections; raises RuntimeError for an answer that is not 202."""
    threads = [_Sender(port, requests[number::CONNECTIONS]) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
        if thread.failure:
            raise RuntimeError(thread.failure)


class _Sender(threading.Thread):
    """Writes bytes that are ready, so that the other core is hardly needed for it."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        super().__init__()
        self._port, self._requests, self.failure = port, requests, ""

    def run(self) -> None:
        with socket.create_connection((LOCALHOST, self._port)) as connection:
            for request in self._requests:
                connection.sendall(request)
                answer = b""
                while b"\r\n\r\n" not in answer:
                    answer += connection.recv(65_536)
                if not answer.startswith(b"HTTP/1.1 202"):
                    self.failure = answer[:300].decode(errors="replace")
                    return


def _to_bare(request: bytes) -> bytes:
    return request.replace(b"POST /inbox ", b"POST /bare ", 1)


# The other servers


@contextmanager
def others(size: int) -> Iterator[Connection]:
    """Run hosts in a process of their own; it gives their domains, and for a number so many requests."""
    ours, theirs = _processes.Pipe()
    process = _processes.Process(target=_run_fediverse, args=(theirs, size), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        process.kill()
        process.join()


def _run_fediverse(pipe: Connection, size: int) -> None:
    with running_fediverse(size) as fediverse:
        pipe.send(fediverse.private_hosts)
        count, requests = int(pipe.recv()), []
        for number in range(count):
            host = fediverse.hosts[number % size]
            create = host.create(NAMES[number // size % len(NAMES)], number)
            body, headers = signed_activity(f"https://{DOMAIN}/inbox", create)
            lines = [f"{name}: {value}" for name, value in headers.items()]
            head = ["POST /inbox HTTP/1.1", *lines, f"Content-Length: {len(body)}", "", ""]
            requests.append("\r\n".join(head).encode() + body)
        pipe.send(requests)
        pipe.recv()


# Our server


def _prepare(domains: Sequence[str]) -> Any:
    """Make a reader who follows all who will write, and whose home feed is in Redis; return the account."""
    import django

    django.setup()
    from datetime import UTC, datetime

    from django.core.management import call_command
    from django.db import connection

    import genosocial.celery  # noqa: F401  jobs go through its broker
    from accounts.models import Follow
    from accounts.remote import account_from_uri
    from benchmarks.bare import TABLE
    from tests.cast import make_account
    from timelines import feeds

    call_command("migrate", verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    reader, now = make_account("anna"), datetime.now(UTC)
    for name in NAMES:
        for domain in domains:
            author = account_from_uri(f"http://{domain}/users/{name}")
            Follow.objects.create(account=reader, target=author, created_at=now, accepted_at=now)
    feeds._build(reader)
    return reader


@contextmanager
def running_web() -> Iterator[int]:
    """Run one web process as `bin/up` does; gives its port."""
    port = free_port()
    command = "granian --interface wsgi --blocking-threads 4 --log-level warning benchmarks.bare:application"
    with _running([*command.split(), "--host", LOCALHOST, "--port", str(port)]):
        eventually(lambda: _accepts(port), what="the web process")
        yield port


@contextmanager
def running_worker() -> Iterator[psutil.Process]:
    """Run one worker process for all that is needed until something is at home, without children."""
    command = "celery -q -A genosocial worker --loglevel WARNING --without-gossip --without-mingle -P solo"
    with _running([*command.split(), "-Q", "ingress,fanout"]) as process:
        _wait_for_worker()
        yield process


@contextmanager
def _running(command: Sequence[str]) -> Iterator[psutil.Process]:
    process = subprocess.Popen([sys.executable, "-m", *command])
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for_worker() -> None:
    from genosocial.celery import app

    eventually(lambda: app.control.ping(timeout=1), what="the worker")


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((LOCALHOST, port), 1).close()
    except OSError:
        return False
    return True


def _web_pids(port: int) -> list[int]:
    return [
        child.pid
        for child in psutil.Process().children()
        if any(str(port) in part for part in child.cmdline())
    ]


def _postgres_pids() -> list[int]:
    return [child.pid for child in psutil.Process().children() if child.name() == "postgres"]


def _write(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join([*lines, "", ""]))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
