"""Events: how a lower floor tells higher floors that something happened, without importing them.

An event is a frozen dataclass defined beside the operation that emits it. Who listens stands in one table,
``genosocial/event_routes.py``.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string


@cache
def _routes() -> dict[type, tuple[str, ...]]:
    return import_string(settings.EVENT_ROUTES)


def emit(event: Any) -> None:
    """Call every handler of this event, inside the caller's transaction.

    Handlers write rows and enqueue jobs on commit, so that the event and what follows from it stand or
    fall together. Raises RuntimeError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("emit() needs the transaction of what it tells about")
    for path in _routes().get(type(event), ()):
        import_string(path)(event)
