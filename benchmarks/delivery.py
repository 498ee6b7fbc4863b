"""Measures how fast one worker process delivers: ``python -m benchmarks.delivery``. Linux only.

The other servers are hosts on loopback, a port each, all in one process of their own; PostgreSQL and Valkey
are thrown away afterwards. Prints Markdown:

- deliveries per second of one worker process, with what worker and PostgreSQL take of the processor, beside
  what one core can sign with RSA-2048 in the same run: that is the limit, since every host needs a signature;
- the worker's memory after the first of these deliveries and after all of them;
- one post to many hosts of which some hang: how soon the others have it, and how soon when none hangs.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import psutil

from benchmarks.processes import MEBIBYTE
from tests.fediverse import Mood, running_fediverse
from tests.servers import TestServers

SENDER = "https://social.example/users/anna"
SIGNING_SECONDS = 3.0
HANGING_SHARE = 0.1
# As long as a status with a picture and two mentions.
BODY_BYTES = 2500
# Nothing arrives for so long: that was all.
QUIET_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_processes = multiprocessing.get_context("spawn")


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="deliveries of the first measurement")
    parser.add_argument("--all", type=int, default=100_000, help="deliveries before memory is measured again")
    parser.add_argument("--hosts", type=int, default=1_000, help="hosts that these go to")
    parser.add_argument("--post-hosts", type=int, default=10_000, help="hosts of the post of which some hang")
    options = parser.parse_args()
    servers = TestServers()
    servers.start()
    try:
        os.environ.update(servers.environment, DJANGO_SETTINGS_MODULE="genosocial.settings")
        _prepare()
        _write(_rate_table(options.count, options.all, options.hosts))
        _write(_post_table(options.post_hosts))
    finally:
        servers.stop()


# What is measured


def _rate_table(count: int, whole: int, size: int) -> list[str]:
    signatures = signing_rate()
    with Others(size) as others, running_worker(others.domains) as worker:
        rows, sent = [], 0
        for goal in (count, whole):
            before = _cpu_seconds(worker), _postgres_seconds()
            seconds = _deliver_and_wait(others, goal - sent)
            rate = (goal - sent) / seconds
            used = [
                (after - first) * 1000 / (goal - sent)
                for after, first in zip((_cpu_seconds(worker), _postgres_seconds()), before, strict=True)
            ]
            sent = goal
            memory = worker.memory_full_info().uss / MEBIBYTE
            rows.append(
                f"| {goal} | {rate:.0f} | {signatures:.0f} | {rate / signatures:.0%} | {used[0]:.2f} "
                f"| {used[1]:.2f} | {memory:.1f} |"
            )
    heads = (
        "| deliveries | a second | signatures a second | share | CPU ms worker | CPU ms PostgreSQL | MiB |"
    )
    return [heads, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |", *rows]


def _post_table(size: int) -> list[str]:
    rows = []
    for hanging in (0, int(size * HANGING_SHARE)):
        with Others(size, hanging) as others, running_worker(others.domains):
            seconds = _deliver_and_wait(others, size)
            rows.append(f"| {size} | {hanging} | {seconds:.1f} |")
    heads = "| hosts | of which hang | seconds until all others have it |"
    return [heads, "| ---: | ---: | ---: |", *rows]


def signing_rate() -> float:
    """Return how many RSA-2048 signatures one core makes in a second."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made, started_at = 0, time.process_time()
    while (used := time.process_time() - started_at) < SIGNING_SECONDS:
        key.sign(b"x" * 300, padding.PKCS1v15(), SHA256())
        made += 1
    return made / used


def _deliver_and_wait(others: "Others", number: int) -> float:
    """Owe so many deliveries, and return the seconds from the job to the last arrival at healthy hosts."""
    wanted = others.arrived()
    for start in range(0, number, len(others.domains)):
        hosts = others.domains[: number - start]
        _owe(hosts, start)
        wanted += sum(domain not in others.hanging for domain in hosts)
    started_at = time.monotonic()
    _wake()
    seen, seen_at = others.arrived(), started_at
    while seen < wanted:
        time.sleep(_LOOK_SECONDS)
        now, before = time.monotonic(), seen
        seen = others.arrived()
        if seen > before:
            seen_at = now
        if now - seen_at > QUIET_SECONDS:
            raise RuntimeError(f"{wanted - seen} of {number} deliveries did not arrive")
    return seen_at - started_at


# The other servers


class Others:
    """Hosts in a process of their own; the first `hanging` of every ten or so never answer."""

    def __init__(self, size: int, hanging: int = 0) -> None:
        self._pipe, theirs = _processes.Pipe()
        self._process = _processes.Process(target=_run_fediverse, args=(theirs, size, hanging), daemon=True)
        self._process.start()
        theirs.close()
        self.domains: list[str]
        self.hanging: frozenset[str]
        self.domains, self.hanging = self._pipe.recv()

    def __enter__(self) -> "Others":
        return self

    def __exit__(self, *args: object) -> None:
        self._process.kill()
        self._process.join()

    def arrived(self) -> int:
        """Return how many activities healthy hosts have taken."""
        self._pipe.send(None)
        return int(self._pipe.recv())


def _run_fediverse(pipe: Connection, size: int, hanging: int) -> None:
    with running_fediverse(size) as fediverse:
        slow = fediverse.hosts[:: size // hanging][:hanging] if hanging else []
        for host in slow:
            host.mood = Mood.HANGING
        pipe.send((fediverse.private_hosts, frozenset(host.domain for host in slow)))
        while True:
            pipe.recv()
            pipe.send(sum(len(host.received) for host in fediverse.hosts))


# Our server


@contextmanager
def running_worker(domains: Sequence[str]) -> Iterator[psutil.Process]:
    """Run one worker process that only delivers, as `docker-compose.yml` does."""
    ours, theirs = _processes.Pipe()
    process = _processes.Process(target=_run_worker, args=(theirs, frozenset(domains)), daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()
        assert process.pid is not None
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.join()


def _run_worker(pipe: Connection, domains: frozenset[str]) -> None:
    _set_up(domains)
    from celery.signals import worker_ready

    from genosocial.celery import app

    worker_ready.connect(lambda **kwargs: pipe.send(None), weak=False)
    options = ["--pool=threads", "--concurrency=2", "--queues=deliver", "--loglevel=WARNING"]
    app.worker_main(["--quiet", "worker", *options])


def _prepare() -> None:
    _set_up(frozenset())
    from django.core.management import call_command

    from federation.keys import create_signing_key

    call_command("migrate", verbosity=0, interactive=False)
    create_signing_key(SENDER)


def _set_up(domains: frozenset[str]) -> None:
    import django

    django.setup()
    from django.conf import settings

    import genosocial.celery  # noqa: F401  jobs go through its broker

    settings.FEDERATION_PRIVATE_HOSTS = domains


def _owe(domains: Sequence[str], number: int) -> None:
    from django.db import transaction

    from federation import delivery

    document: dict[str, Any] = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{SENDER}/statuses/{number}/activity",
        "type": "Create",
        "actor": SENDER,
        "object": {"type": "Note", "content": "x" * BODY_BYTES},
    }
    inboxes = [f"http://{domain}/inbox" for domain in domains]
    delivery._wake = lambda: None  # all of it is to be there when the clock starts
    with transaction.atomic():
        delivery.deliver(
            document, sender_uri=SENDER, inboxes=inboxes, object_uri=f"{SENDER}/statuses/{number}"
        )


def _wake() -> None:
    from federation.tasks import send_deliveries

    send_deliveries.delay()


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _postgres_seconds() -> float:
    ours = [child for child in psutil.Process().children(recursive=True) if child.name() == "postgres"]
    return sum(
        times.user + times.system + times.children_user + times.children_system
        for times in (child.cpu_times() for child in ours)
    )


def _write(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join([*lines, "", ""]))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
