"""What an answer means for a delivery and for the host, and writing it down.

Called by `federation/pump.py`. Source: contract of the federation §4.6.
"""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

import structlog
from django.db import connection, transaction

from core.events import emit
from federation import peers
from federation.claims import Owed, let_followers_go
from federation.delivery import drop_overtaken
from federation.events import InboxGone
from federation.models import Delivery, OutboundActivity
from federation.signatures.outgoing import Scheme

MAX_ATTEMPTS = 16
MAX_RETRY_AFTER = timedelta(days=1)
MAX_HOST_PAUSE = timedelta(hours=1)
_REASON_LENGTH = 500
logger = structlog.get_logger(__name__)


class Verdict(Enum):
    """What an answer means for a delivery."""

    DONE = "done"
    RETRY = "retry"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try: `status` is None without an answer, `host_failed` counts against the host,
    `scheme` is the one that worked when the usual one did not.
    """

    verdict: Verdict
    host_failed: bool
    status: int | None
    reason: str
    retry_after: timedelta | None = None
    scheme: Scheme | None = None


_FAILED_SQL = """
UPDATE federation_delivery d
SET state = f.state, next_attempt_at = f.due_at, claimed_until = NULL, last_status = f.status,
    last_error = f.reason
FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::int[], %s::text[])
    AS f (id, state, due_at, status, reason)
WHERE d.id = f.id AND d.state = 'queued'
"""

Outcomes = Sequence[tuple[Owed, Outcome]]


def judge_answer(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Outcome:
    """Say what an HTTP answer means for a delivery.

    401 is tried again, since the other side may hold an old key. Other 4xx and 501 are final and say nothing
    against the host.
    """
    if 200 <= status < 300:
        return Outcome(Verdict.DONE, host_failed=False, status=status, reason="")
    reason = f"answered {status} {_readable(body)}".strip()
    if status == 401:
        return Outcome(Verdict.RETRY, host_failed=False, status=status, reason=reason)
    if status == 501 or (400 <= status < 500 and status not in (408, 429)):
        return Outcome(Verdict.GIVE_UP, host_failed=False, status=status, reason=reason)
    retry_after = _retry_after(headers.get("retry-after", ""), now) if status in (429, 503) else None
    return Outcome(
        Verdict.RETRY, host_failed=status != 429, status=status, reason=reason, retry_after=retry_after
    )


def retry_delay(attempts: int) -> timedelta:
    """Return how long to wait after the n-th try: n⁴ + 15 s, and up to half as much again to spread them."""
    return timedelta(seconds=(attempts**4 + 15) * random.uniform(1, 1.5))


def record_outcomes(outcomes: Outcomes, now: datetime) -> None:
    """Write down what became of claimed deliveries, and what it says about their hosts."""
    done = [(owed, outcome) for owed, outcome in outcomes if outcome.verdict is Verdict.DONE]
    failed = [(owed, outcome) for owed, outcome in outcomes if outcome.verdict is not Verdict.DONE]
    if done:
        Delivery.objects.filter(id__any=[owed.id for owed, _ in done]).delete()
        let_followers_go([owed.order_key for owed, _ in done if owed.order_key is not None], now)
        peers.note_success({owed.host for owed, _ in done}, now)
    if failed:
        _record_failures(failed, now)
    for owed, outcome in done:
        if outcome.scheme is not None:
            peers.note_scheme(owed.host, outcome.scheme, now)


def _record_failures(failed: Outcomes, now: datetime) -> None:
    gone = _gone_senders(failed)
    over = {owed.id for owed, outcome in failed if _is_over(owed, outcome, gone)}
    for owed, outcome in failed:
        logger.info("delivery_failed", delivery_id=owed.id, host=owed.host, status=outcome.status)
    with connection.cursor() as cursor:
        cursor.execute(
            _FAILED_SQL,
            [
                [owed.id for owed, _ in failed],
                [Delivery.State.DEAD if owed.id in over else Delivery.State.QUEUED for owed, _ in failed],
                [now + _delay(owed, outcome) for owed, outcome in failed],
                [outcome.status for _, outcome in failed],
                [outcome.reason for _, outcome in failed],
            ],
        )
    drop_overtaken([owed.id for owed, _ in failed])
    let_followers_go([owed.order_key for owed, _ in failed if owed.id in over and owed.order_key], now)
    peers.note_failures(Counter(owed.host for owed, outcome in failed if outcome.host_failed), now)
    _tell_of_gone_inboxes({owed.inbox_url for owed, outcome in failed if outcome.status == 410})
    for owed, outcome in failed:
        if outcome.retry_after is not None:
            peers.pause(owed.host, now + min(outcome.retry_after, MAX_HOST_PAUSE), now)


def _tell_of_gone_inboxes(inbox_urls: Collection[str]) -> None:
    if inbox_urls:
        with transaction.atomic():
            for inbox_url in inbox_urls:
                emit(InboxGone(inbox_url))


def _is_over(owed: Owed, outcome: Outcome, gone: Collection[str]) -> bool:
    is_last = outcome.verdict is Verdict.GIVE_UP or owed.attempts >= MAX_ATTEMPTS
    return is_last or (outcome.status == 401 and owed.sender_uri in gone)


def _delay(owed: Owed, outcome: Outcome) -> timedelta:
    return max(retry_delay(owed.attempts), outcome.retry_after or timedelta())


def _gone_senders(failed: Outcomes) -> set[str]:
    """Return who of those that were answered 401 is deleted: that key will never be found again."""
    asked = {owed.sender_uri for owed, outcome in failed if outcome.status == 401}
    if not asked:
        return set()
    deletions = OutboundActivity.objects.filter(activity_type="Delete", object_uri__any=asked)
    return set(deletions.values_list("object_uri", flat=True))


def _readable(body: bytes) -> str:
    text = body[:_REASON_LENGTH].decode("utf-8", "replace")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


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
