"""What we owe others: rows written in the transaction of what they tell about.

`deliver` is called by every `outbox.py`; `federation/pump.py` sends, with `claims.py` and `outcomes.py`.
Source: contract of the federation §4.5, §4.6.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from core.hosts import split_url
from federation import peers
from federation.claims import unclaimed
from federation.local import local_hosts
from federation.models import Delivery, OutboundActivity
from federation.vocab import id_of, type_of

KEEP_DEAD = timedelta(days=30)
# So long it must be known that an object has ended: until all that was on its way has come back.
KEEP_ACTIVITY = timedelta(hours=1)
# These end the life of what they are about: whatever of it has not gone out yet need not go any more.
ENDING_TYPES = ("Delete", "Undo")
_ROWS_AT_ONCE = 1000
logger = structlog.get_logger(__name__)


# Owing


def deliver(
    document: Mapping[str, Any],
    *,
    sender_uri: str,
    inboxes: Iterable[str],
    object_uri: str = "",
    delay: timedelta = timedelta(),
    unhurried: Iterable[str] = (),
    provable: bool = False,
    followers_digests: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> None:
    """Owe an activity (whole, with `@context` and `id`) to inboxes; call it INSIDE the transaction it belongs
    to.

    Duplicates, our own hosts, blocked and unavailable hosts are left out. Activities with the same
    `object_uri` reach an inbox in order; an Update replaces an older one that is not out yet, Delete and Undo
    replace anything: an Update with a `delay` therefore goes out once when several follow each other closely.
    Inboxes that are only among the `unhurried` wait until nothing more urgent is due. What is `provable` can
    be passed on by others, as relays do: nothing that is not for everybody. What is for followers only
    carries the digest of those at the host (see `federation/followers_sync.py`). What others wrote goes on as
    its `body`, byte for byte. After commit a worker is woken; if that fails, or for what is delayed, the
    sweep finds the rows. Raises RuntimeError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("deliver() needs the transaction of what it tells about")
    activity_type = type_of(document) or ""
    wanted = dict.fromkeys(inboxes, Delivery.Priority.NORMAL)
    for inbox in unhurried:
        wanted.setdefault(inbox, Delivery.Priority.LOW)
    now = timezone.now()
    hosts = _reachable(wanted, now)
    _replace_older(activity_type, object_uri, hosts)
    if not hosts:
        return
    activity = OutboundActivity.objects.create(
        activity_id=id_of(document) or "",
        activity_type=activity_type,
        sender_uri=sender_uri,
        object_uri=object_uri,
        body=body or orjson.dumps(document),
        # Whoever shows a proof could show the document to those whom AUTHORIZED_FETCH keeps from it.
        proof_owed=provable and (activity_type == "Delete" or not settings.AUTHORIZED_FETCH),
    )
    Delivery.objects.bulk_create(
        (
            Delivery(
                activity=activity,
                inbox_url=inbox,
                host=host.name,
                order_key=_order_key(inbox, object_uri),
                priority=wanted[inbox],
                followers_digest=(followers_digests or {}).get(host.name, ""),
                next_attempt_at=max(now + delay, host.paused_until),
            )
            for inbox, host in hosts.items()
        ),
        batch_size=_ROWS_AT_ONCE,
    )
    transaction.on_commit(_wake, robust=True)


def has_open_deliveries(sender_uri: str) -> bool:
    """Tell whether an actor's key is still needed for what it owes."""
    return Delivery.objects.filter(state=Delivery.State.QUEUED, activity__sender_uri=sender_uri).exists()


class _Host(NamedTuple):
    name: str
    paused_until: datetime


def _reachable(inboxes: Iterable[str], now: datetime) -> dict[str, _Host]:
    """Return inbox → host of those that something can be sent to."""
    found: dict[str, str] = {}
    for inbox in inboxes:
        try:
            found[inbox] = split_url(inbox).netloc
        except ValueError:
            logger.info("delivery_bad_inbox", inbox=inbox[:300])
    hosts = set(found.values())
    excluded = local_hosts() | peers.blocked_among(hosts)
    troubled = peers.troubled_among(hosts)
    until = {host: troubled.get(host, now) for host in hosts - excluded}
    return {
        inbox: _Host(host, paused_until)
        for inbox, host in found.items()
        if (paused_until := until.get(host)) is not None
    }


def _order_key(inbox_url: str, object_uri: str) -> int | None:
    """Return one number for "this object at this inbox"; two that clash only wait for each other."""
    if not object_uri:
        return None
    digest = hashlib.blake2b(f"{inbox_url} {object_uri}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _replace_older(activity_type: str, object_uri: str, targets: Iterable[str]) -> None:
    """Drop what is not out yet and void by what comes now; what is on its way: see `drop_overtaken`."""
    if not object_uri or activity_type not in ("Update", *ENDING_TYPES):
        return
    older = Delivery.objects.filter(
        unclaimed(timezone.now()), state=Delivery.State.QUEUED, activity__object_uri=object_uri
    )
    if activity_type == "Update":
        older = older.filter(activity__activity_type="Update", inbox_url__any=list(targets))
    older.delete()


def drop_overtaken(delivery_ids: Sequence[int]) -> None:
    """Drop those of failed deliveries that something newer about their object has made void meanwhile."""
    ended = OutboundActivity.objects.filter(
        object_uri=OuterRef("activity__object_uri"),
        activity_type__in=ENDING_TYPES,
        id__gt=OuterRef("activity_id"),
    )
    updated = Delivery.objects.filter(
        state=Delivery.State.QUEUED,
        order_key=OuterRef("order_key"),
        id__gt=OuterRef("id"),
        activity__activity_type="Update",
    )
    Delivery.objects.filter(
        Exists(ended) | Q(Exists(updated), activity__activity_type="Update"),
        id__any=delivery_ids,
        state=Delivery.State.QUEUED,
        order_key__isnull=False,
    ).delete()


def _wake() -> None:
    from federation.tasks import send_deliveries

    send_deliveries.delay()


# Keeping house


def forget_done(now: datetime) -> None:
    """Delete activities that nothing is owed of any more, and what has been dead for a month."""
    owed = Delivery.objects.filter(activity=OuterRef("pk"))
    old = OutboundActivity.objects.filter(created_at__lt=now - KEEP_ACTIVITY)
    old.filter(~Exists(owed)).delete()
    old.filter(~Exists(owed.filter(state=Delivery.State.QUEUED)), created_at__lt=now - KEEP_DEAD).delete()


def retry_dead(delivery_ids: Sequence[int]) -> int:
    """Give dead deliveries another full round of tries; returns how many. The sweep sends them."""
    return Delivery.objects.filter(pk__in=delivery_ids, state=Delivery.State.DEAD).update(
        state=Delivery.State.QUEUED, attempts=0, next_attempt_at=timezone.now(), claimed_until=None
    )


def drop_dead(delivery_ids: Sequence[int]) -> int:
    """Give dead deliveries up for good; returns how many."""
    return Delivery.objects.filter(pk__in=delivery_ids, state=Delivery.State.DEAD).delete()[0]
