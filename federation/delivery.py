"""What we owe others: rows written in the transaction of what they tell about, and what is done with each
answer.

`deliver` is called by every `outbox.py`; `federation/pump.py` claims rows here, sends, and reports back. The
rules for claiming and for answers live here. Source: contract of the federation §4.5, §4.6.
"""

import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

import orjson
import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from core.hosts import split_url
from federation import peers
from federation.local import local_hosts
from federation.models import Delivery, OutboundActivity
from federation.vocab import id_of, type_of

MAX_ATTEMPTS = 16
# Longer than one send may take (30 s); a worker that died holds its rows no longer than this.
CLAIM = timedelta(seconds=60)
PER_HOST_AT_ONCE = 4
MAX_RETRY_AFTER = timedelta(days=1)
MAX_HOST_PAUSE = timedelta(hours=1)
KEEP_DONE = timedelta(days=2)
UNHURRIED_DELAY = timedelta(minutes=10)
_CANDIDATES = 1000
# These end the life of what they are about: whatever of it has not gone out yet need not go any more.
_ENDING_TYPES = ("Delete", "Undo")
logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Owed:
    """One claimed delivery, with all that sending it needs."""

    id: int
    inbox_url: str
    host: str
    attempts: int
    sender_uri: str
    activity_type: str
    object_uri: str
    body: bytes


class Verdict(Enum):
    """What an answer means for a delivery."""

    DONE = "done"
    RETRY = "retry"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try: `status` is None without an answer, `host_failed` counts against the host."""

    verdict: Verdict
    host_failed: bool
    status: int | None
    reason: str
    retry_after: timedelta | None = None


# Owing


def deliver(
    document: Mapping[str, Any],
    *,
    sender_uri: str,
    inboxes: Iterable[str],
    object_uri: str = "",
    delay: timedelta = timedelta(),
    unhurried: Iterable[str] = (),
) -> None:
    """Owe an activity (whole, with `@context` and `id`) to inboxes; call it INSIDE the transaction it belongs
    to.

    Duplicates, our own hosts, blocked and unavailable hosts are left out. Activities with the same
    `object_uri` reach an inbox in order; an Update replaces an older one that is not out yet, Delete and Undo
    replace anything: an Update with a `delay` therefore goes out once when several follow each other closely.
    Inboxes that are only among the `unhurried` wait until what is more urgent is through. After commit a
    worker is woken; if that fails, or for what is delayed, the sweep finds the rows. Raises RuntimeError
    outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("deliver() needs the transaction of what it tells about")
    activity_type = type_of(document) or ""
    urgent = dict.fromkeys(inboxes)
    targets = _reachable([*urgent, *(inbox for inbox in unhurried if inbox not in urgent)])
    _supersede(activity_type, object_uri, targets)
    if not targets:
        return
    activity = OutboundActivity.objects.create(
        activity_id=id_of(document) or "",
        activity_type=activity_type,
        sender_uri=sender_uri,
        object_uri=object_uri,
        body=orjson.dumps(document),
    )
    due_at = timezone.now() + delay
    Delivery.objects.bulk_create(
        [
            Delivery(
                activity=activity,
                inbox_url=inbox,
                host=host,
                object_uri=object_uri,
                order_key=_order_key(inbox, object_uri),
                next_attempt_at=due_at if inbox in urgent else due_at + UNHURRIED_DELAY,
            )
            for inbox, host in targets.items()
        ],
        batch_size=1000,
    )
    transaction.on_commit(_wake, robust=True)


def has_open_deliveries(sender_uri: str) -> bool:
    """Tell whether an actor's key is still needed for what it owes."""
    return Delivery.objects.filter(state=Delivery.State.QUEUED, activity__sender_uri=sender_uri).exists()


def _reachable(inboxes: Iterable[str]) -> dict[str, str]:
    """Return inbox → host of those that something can be sent to."""
    found: dict[str, str] = {}
    for inbox in inboxes:
        try:
            found[inbox] = split_url(inbox).netloc
        except ValueError:
            logger.info("delivery_bad_inbox", inbox=inbox[:300])
    hosts = set(found.values())
    excluded = local_hosts() | peers.blocked_among(hosts) | peers.unavailable_among(hosts)
    return {inbox: host for inbox, host in found.items() if host not in excluded}


def _order_key(inbox_url: str, object_uri: str) -> int | None:
    """Return one number for "this object at this inbox"; two that clash only wait for each other."""
    if not object_uri:
        return None
    digest = hashlib.blake2b(f"{inbox_url} {object_uri}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _supersede(activity_type: str, object_uri: str, targets: Iterable[str]) -> None:
    if not object_uri or activity_type not in ("Update", *_ENDING_TYPES):
        return
    older = Delivery.objects.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=datetime.now(UTC)),
        state=Delivery.State.QUEUED,
        object_uri=object_uri,
    )
    if activity_type == "Update":
        older = older.filter(activity__activity_type="Update", inbox_url__in=list(targets))
    older.update(state=Delivery.State.DROPPED, last_error=f"replaced by a newer {activity_type}")


def _wake() -> None:
    from federation.tasks import send_deliveries

    send_deliveries.delay()


# Claiming

_CLAIM_SQL = """
WITH due AS (
    SELECT d.id, d.host, d.next_attempt_at
    FROM federation_delivery d
    WHERE d.state = 'queued' AND d.next_attempt_at <= %(now)s
      AND (d.claimed_until IS NULL OR d.claimed_until < %(now)s)
      AND d.host <> ALL(%(busy)s)
      AND NOT EXISTS (
          SELECT 1 FROM federation_peer p WHERE p.domain = d.host AND p.paused_until > %(now)s)
      AND NOT EXISTS (
          SELECT 1 FROM federation_delivery o
          WHERE o.state = 'queued' AND o.order_key IS NOT NULL AND o.order_key = d.order_key AND o.id < d.id)
    ORDER BY d.next_attempt_at, d.id
    LIMIT %(candidates)s
), ranked AS (
    SELECT id, row_number() OVER (PARTITION BY host ORDER BY next_attempt_at, id) AS place FROM due
), chosen AS (
    SELECT d.id FROM federation_delivery d JOIN ranked r ON r.id = d.id
    WHERE r.place <= %(per_host)s AND d.state = 'queued'
      AND (d.claimed_until IS NULL OR d.claimed_until < %(now)s)
    ORDER BY r.place, d.next_attempt_at, d.id
    LIMIT %(limit)s
    FOR UPDATE OF d SKIP LOCKED
)
UPDATE federation_delivery d SET claimed_until = %(until)s, attempts = attempts + 1
FROM chosen, federation_outboundactivity a
WHERE d.id = chosen.id AND a.id = d.activity_id
RETURNING d.id, d.inbox_url, d.host, d.attempts, a.sender_uri, a.activity_type, d.object_uri, a.body
"""


def claim_deliveries(limit: int, busy_hosts: Sequence[str], now: datetime) -> list[Owed]:
    """Claim up to `limit` due deliveries for a minute, a few per host, leaving out busy and paused hosts.

    Safe for many workers at once. A delivery waits while an older one about the same object is owed to its
    inbox.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _CLAIM_SQL,
            {
                "now": now,
                "until": now + CLAIM,
                "busy": list(busy_hosts),
                "per_host": PER_HOST_AT_ONCE,
                "limit": limit,
                "candidates": _CANDIDATES,
            },
        )
        return [Owed(*row) for row in cursor.fetchall()]


def is_anything_due(now: datetime) -> bool:
    """Tell the sweep whether a worker should be woken."""
    return Delivery.objects.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
        state=Delivery.State.QUEUED,
        next_attempt_at__lte=now,
    ).exists()


def forget_done(now: datetime) -> None:
    """Delete activities that nothing is owed of, two days after they were made; dead ones stay to be seen."""
    OutboundActivity.objects.filter(created_at__lt=now - KEEP_DONE).exclude(
        deliveries__state__in=[Delivery.State.QUEUED, Delivery.State.DEAD]
    ).delete()


def retry_dead(delivery_ids: Sequence[int]) -> int:
    """Give dead deliveries another full round of tries; returns how many. The sweep sends them."""
    return Delivery.objects.filter(pk__in=delivery_ids, state=Delivery.State.DEAD).update(
        state=Delivery.State.QUEUED, attempts=0, next_attempt_at=datetime.now(UTC), claimed_until=None
    )


def drop_dead(delivery_ids: Sequence[int]) -> int:
    """Give dead deliveries up for good; returns how many."""
    return Delivery.objects.filter(pk__in=delivery_ids, state=Delivery.State.DEAD).update(
        state=Delivery.State.DROPPED
    )


# Answers


def judge_answer(owed: Owed, status: int, headers: Mapping[str, str], now: datetime) -> Outcome:
    """Say what an HTTP status means for a delivery.

    401 is tried again, since the other side may hold an old key, except when the sender itself is deleted:
    its key will never be found again. Other 4xx and 501 are final and say nothing against the host.
    """
    if 200 <= status < 300:
        return Outcome(Verdict.DONE, host_failed=False, status=status, reason="")
    reason = f"answered {status}"
    sender_is_gone = owed.activity_type == "Delete" and owed.object_uri == owed.sender_uri
    if status == 401 and not sender_is_gone:
        return Outcome(Verdict.RETRY, host_failed=False, status=status, reason=reason)
    if status == 501 or (400 <= status < 500 and status not in (408, 429)):
        return Outcome(Verdict.GIVE_UP, host_failed=False, status=status, reason=reason)
    retry_after = _retry_after(headers.get("retry-after", ""), now) if status in (429, 503) else None
    return Outcome(
        Verdict.RETRY, host_failed=status != 429, status=status, reason=reason, retry_after=retry_after
    )


def record_outcomes(outcomes: Sequence[tuple[Owed, Outcome]], now: datetime) -> None:
    """Write down what became of claimed deliveries, and what it says about their hosts."""
    done = [owed for owed, outcome in outcomes if outcome.verdict is Verdict.DONE]
    Delivery.objects.filter(id__in=[owed.id for owed in done]).update(
        state=Delivery.State.DONE, claimed_until=None, last_error="", last_status=None
    )
    peers.note_success({owed.host for owed in done}, now)
    for owed, outcome in outcomes:
        if outcome.verdict is not Verdict.DONE:
            _record_failure(owed, outcome, now)


def _record_failure(owed: Owed, outcome: Outcome, now: datetime) -> None:
    logger.info("delivery_failed", delivery_id=owed.id, host=owed.host, reason=outcome.reason[:300])
    delay = retry_delay(owed.attempts)
    if outcome.retry_after is not None:
        delay = max(delay, outcome.retry_after)
        peers.pause(owed.host, now + min(outcome.retry_after, MAX_HOST_PAUSE))
    if outcome.host_failed:
        peers.note_failure(owed.host, now)
    is_over = outcome.verdict is Verdict.GIVE_UP or owed.attempts >= MAX_ATTEMPTS
    Delivery.objects.filter(id=owed.id, state=Delivery.State.QUEUED).update(
        state=Delivery.State.DEAD if is_over else Delivery.State.QUEUED,
        next_attempt_at=now + delay,
        claimed_until=None,
        last_status=outcome.status,
        last_error=outcome.reason[:2000].replace("\x00", ""),
    )


def retry_delay(attempts: int) -> timedelta:
    """Return how long to wait after the n-th try: n⁴ + 15 s, and up to half as much again to spread them."""
    return timedelta(seconds=(attempts**4 + 15) * random.uniform(1, 1.5))


def _retry_after(header: str, now: datetime) -> timedelta | None:
    text = header.strip()
    if text.isdecimal() and len(text) < 10:
        asked = timedelta(seconds=int(text))
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        asked = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(asked, timedelta()), MAX_RETRY_AFTER)
