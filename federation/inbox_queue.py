"""The queue of received activities, a table: what is stored, who works on it, and what became of it.

Called by `federation/inbox.py` alone and, for what is dead, by the command line. A claim is taken by one
worker after another (an advisory lock, for one short statement), so that two never work for one actor. How
long a claim lasts decides only how soon others take over from a killed worker: `close_done` is what makes an
activity take effect once. Source: contract of the federation §3.1.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from core import locks
from core.ids import id_at, new_id
from federation.models import InboxItem
from federation.peers import domains_above

MAX_ATTEMPTS = 10
# A batch takes a second; a killed worker holds up what it had claimed for so long.
CLAIM = timedelta(seconds=15)
# Longer than one fetch may hang (30 s).
CLAIM_WITH_NETWORK = timedelta(seconds=40)
ITEMS_PER_CLAIM = 100
# So many of one host before the next one has its turn.
ITEMS_PER_HOST = 20
# Beyond so many that wait, a host's turn may take longer.
_SEEN_AT_ONCE = 10_000
# Longer than the 24 hours within which a duplicate must be recognised.
KEEP_DONE = timedelta(days=2)
_DELETED_AT_ONCE = 10_000

_STORE = """
INSERT INTO federation_inboxitem (
    id, activity_id, actor_uri, subject_uri, host, activity_type, body, recipient_uri,
    state, needs_network, attempts, next_attempt_at, last_error, received_at
)
SELECT %s, %s, %s, %s, %s, %s, %s, %s, 'queued', false, 0, %s, '', %s
WHERE coalesce((
    SELECT severity FROM federation_domainpolicy WHERE domain = ANY(%s) ORDER BY length(domain) DESC LIMIT 1
), '') <> 'suspend'
ON CONFLICT (actor_uri, activity_id, recipient_uri) DO NOTHING
"""
# One pass over the queue, for which there is only one plan: it is filled and emptied faster than PostgreSQL
# counts it, and what is planned for an empty table looks at each row once for each other.
_CLAIM = """
WITH queued AS MATERIALIZED (
    SELECT id, host, actor_uri, subject_uri, needs_network, next_attempt_at,
        claimed_until IS NOT NULL AND claimed_until > %(now)s AS is_claimed
    FROM federation_inboxitem WHERE state = 'queued' ORDER BY id LIMIT %(seen)s
), judged AS (
    SELECT id, host,
        needs_network = %(network)s AND next_attempt_at <= %(now)s AS is_due,
        bool_or(is_claimed) OVER (PARTITION BY actor_uri) AS is_busy,
        bool_or(is_claimed AND needs_network) OVER (PARTITION BY host) AS host_is_asked,
        subject_uri <> '' AND bool_or(needs_network <> %(network)s OR next_attempt_at > %(now)s) OVER (
            PARTITION BY actor_uri, subject_uri ORDER BY id ROWS UNBOUNDED PRECEDING
        ) AS has_to_wait
    FROM queued
), due AS (
    SELECT id, row_number() OVER (PARTITION BY host ORDER BY id) AS turn
    FROM judged WHERE is_due AND NOT is_busy AND NOT has_to_wait AND NOT (%(network)s AND host_is_asked)
)
UPDATE federation_inboxitem SET claimed_until = %(until)s, attempts = attempts + 1
WHERE id = ANY (ARRAY(SELECT id FROM due WHERE turn <= %(each)s ORDER BY turn, id LIMIT %(most)s))
RETURNING id, activity_id, actor_uri, subject_uri, host, activity_type, body, recipient_uri, attempts,
    received_at
"""
# A crash of the database may lose what was committed last, and then also that it was done: nothing but the
# order of commits matters here, and waiting for the disk each time costs more than the work.
_CLOSE_DONE = """
UPDATE federation_inboxitem SET state = 'done', claimed_until = NULL, body = '', last_error = ''
WHERE id = %s AND state = 'queued' RETURNING set_config('synchronous_commit', 'off', true)
"""


@dataclass(frozen=True, slots=True)
class Item:
    """A claimed activity; ``attempts`` counts this one."""

    id: int
    activity_id: str
    actor_uri: str
    subject_uri: str
    host: str
    activity_type: str
    body: str
    recipient_uri: str
    attempts: int
    received_at: datetime


def store(item: Item) -> bool:
    """Keep a verified activity to be processed, by one INSERT; False when it is there, or its domain blocked.

    Its id and attempts are made up here.
    """
    values = (
        new_id(),
        item.activity_id,
        item.actor_uri,
        item.subject_uri,
        item.host,
        item.activity_type,
        item.body,
        item.recipient_uri,
        item.received_at,
        item.received_at,
        domains_above(item.host),
    )
    with connection.cursor() as cursor:
        cursor.execute(_STORE, values)
        return cursor.rowcount == 1


def claim(now: datetime, *, needs_network: bool, most: int, each: int) -> list[Item]:
    """Take at most ``most`` due activities, ``each`` of one host, for a short time; in the order of arrival.

    Hosts take turns. Left out are actors for whom somebody works, and activities about something about which
    an earlier one of the same actor has to wait; in the lane that needs the network also hosts for which
    somebody works: one that hangs holds up nobody else.
    """
    values: dict[str, Any] = {
        "now": now,
        "seen": _SEEN_AT_ONCE,
        "network": needs_network,
        "until": now + (CLAIM_WITH_NETWORK if needs_network else CLAIM),
        "most": most,
        "each": each,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        locks.hold("federation:inbox:claim")
        cursor.execute(_CLAIM, values)
        return sorted((Item(*row) for row in cursor.fetchall()), key=lambda item: item.id)


def close_done(item_id: int) -> bool:
    """Mark an item as done in the transaction of its effects, first of all; False when another one did.

    What is done keeps no body: messages between people are not ours to collect.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_DONE, [item_id])
        return cursor.rowcount == 1


def close(item_id: int, state: InboxItem.State, reason: str) -> None:
    """Close an item with a reason; it is dead with its body, or done without."""
    body = {} if state == InboxItem.State.DEAD else {"body": ""}
    InboxItem.objects.filter(pk=item_id, state=InboxItem.State.QUEUED).update(
        state=state, claimed_until=None, last_error=_cut(reason), **body
    )


def try_again(item: Item, reason: str) -> None:
    """Put an item off, ever longer, with the reason why; after ten tries it is dead."""
    if item.attempts >= MAX_ATTEMPTS:
        close(item.id, InboxItem.State.DEAD, reason)
        return
    delay = (item.attempts**4 + 15) * random.uniform(1, 1.5)
    InboxItem.objects.filter(pk=item.id, state=InboxItem.State.QUEUED).update(
        next_attempt_at=timezone.now() + timedelta(seconds=delay),
        claimed_until=None,
        last_error=_cut(reason),
    )


def put_back(items: Iterable[Item]) -> None:
    """Give claimed items back, untried."""
    _give_back(items)


def leave_to_network(item: Item) -> None:
    """Give a claimed item back, to be taken up by those who may wait for other servers."""
    _give_back([item], needs_network=True)


def _give_back(items: Iterable[Item], **changes: bool) -> None:
    for item in items:
        InboxItem.objects.filter(pk=item.id, state=InboxItem.State.QUEUED).update(
            claimed_until=None, attempts=item.attempts - 1, **changes
        )


def forget_done(now: datetime) -> None:
    """Delete rows of what was processed; until then they tell duplicates."""
    old = InboxItem.objects.filter(state=InboxItem.State.DONE, pk__lt=id_at(now - KEEP_DONE)).order_by("pk")
    while pks := list(old.values_list("pk", flat=True)[:_DELETED_AT_ONCE]):
        InboxItem.objects.filter(pk__in=pks).delete()


def retry_dead(item_ids: Sequence[int]) -> int:
    """Give dead items another full round of tries; returns how many. The sweep hands them out."""
    return InboxItem.objects.filter(pk__in=item_ids, state=InboxItem.State.DEAD).update(
        state=InboxItem.State.QUEUED, attempts=0, next_attempt_at=timezone.now(), claimed_until=None
    )


def drop_dead(item_ids: Sequence[int]) -> int:
    """Close dead items for good, without their bodies; returns how many."""
    return InboxItem.objects.filter(pk__in=item_ids, state=InboxItem.State.DEAD).update(
        state=InboxItem.State.DONE, body=""
    )


def _cut(reason: str) -> str:
    return reason[:2000].replace("\x00", "")
