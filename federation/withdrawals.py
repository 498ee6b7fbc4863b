"""Remembering what was taken back before it came, for six hours.

Called by the inboxes: an Undo or a Delete of something unknown is remembered, and what comes late is dropped.
Source: contract of the federation 3.4.
"""

from datetime import datetime, timedelta

from core.prepared import Key, Prepared
from federation.models import Withdrawal

KEPT_FOR = timedelta(hours=6)

_WITHDRAWN = Prepared(
    lambda actor, uri: Withdrawal.objects.filter(actor_uri=actor, uri=uri).values_list("created_at"),
    actor=Key,
    uri=Key,
)


def remember_withdrawn(actor_uri: str, uri: str, *, now: datetime) -> None:
    """Note that this actor took ``uri`` back; repeat-safe. Notes that ran out go at the same time."""
    Withdrawal.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    Withdrawal.objects.update_or_create(actor_uri=actor_uri, uri=uri, defaults={"created_at": now})


def was_withdrawn(actor_uri: str, uri: str, *, now: datetime) -> bool:
    """Tell whether this actor took ``uri`` back lately."""
    found = [made for (made,) in _WITHDRAWN.tuples(actor=actor_uri, uri=uri)]
    return any(made > now - KEPT_FOR for made in found)
