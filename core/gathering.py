"""One job for what many short transactions of a batch want done after them.

To enqueue a job costs more than some jobs. Within `gathered`, what `enqueue` is asked for after its commit
waits until the end of the batch and goes out as one job; elsewhere it goes out at once. What is lost with its
process on the way is found by the sweep that every such job has.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.db import transaction

_waiting: ContextVar[dict[Any, list[int]] | None] = ContextVar("waiting", default=None)


@contextmanager
def gathered() -> Iterator[None]:
    """Gather what is enqueued within, and enqueue each kind of job once at the end."""
    waiting: dict[Any, list[int]] = {}
    outer = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(outer)
        for job, ids in waiting.items():
            job.delay(ids=ids)


def enqueue(job: Any, pk: int) -> None:
    """Let a job, which takes a list of ``ids``, see to a row once the current transaction is committed."""
    transaction.on_commit(partial(_enqueue, job, pk), robust=True)


def _enqueue(job: Any, pk: int) -> None:
    waiting = _waiting.get()
    if waiting is None:
        job.delay(ids=[pk])
    else:
        waiting.setdefault(job, []).append(pk)
