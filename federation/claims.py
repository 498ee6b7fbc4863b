"""Which deliveries may be sent next, and taking them for one worker.

Called by `federation/pump.py`. Each step is one plain statement over at most a few hundred rows: a queue is
filled and emptied faster than PostgreSQL takes note of how large it is, and a plan made for an empty table
must not ruin it. Source: contract of the federation §4.6.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Q

from federation import peers
from federation.models import Delivery, OutboundActivity
from federation.proofs import add_proof
from federation.signatures.outgoing import Scheme

# Longer than one send may take, twice for a second knock; a worker that died holds its rows no longer.
CLAIM = timedelta(seconds=60)
# More are looked at than are taken: several may be owed to one host.
_LOOKED_AT_PER_TAKEN = 2
_LEAST_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class Owed:
    """One claimed delivery, with all that sending it needs; `at_once` may be on their way to its host."""

    id: int
    inbox_url: str
    host: str
    order_key: int | None
    attempts: int
    at_once: int
    scheme: Scheme
    sender_uri: str
    activity_type: str
    object_uri: str
    followers_digest: str
    body: bytes


class _Candidate(NamedTuple):
    id: int
    host: str
    order_key: int | None


def claim_deliveries(
    limit: int, now: datetime, *, held: Mapping[str, int] | None = None, full: Collection[str] = ()
) -> list[Owed]:
    """Claim up to `limit` due deliveries for a minute, a few per host and the unhurried last.

    `held` says how many the caller has on their way to hosts, `full` to which of them nothing more may go.
    Safe for many workers at once. A delivery waits while an older one about the same object is owed to its
    inbox.
    """
    claimed: list[Owed] = []
    numbers, excluded = Counter(held or {}), set(full)
    for priority in Delivery.Priority:
        claimed += _claim(priority, limit - len(claimed), now, numbers, excluded)
    return claimed


def _claim(
    priority: Delivery.Priority, limit: int, now: datetime, held: Counter[str], full: set[str]
) -> list[Owed]:
    if limit <= 0:
        return []
    with transaction.atomic():
        candidates = _candidates(priority, limit, now, full)
        if not candidates:
            return []
        waiting = _put_off_followers(candidates, now)
        hosts = peers.standings({candidate.host for candidate in candidates}, now)
        chosen = _in_turn(
            (candidate for candidate in candidates if candidate.id not in waiting), hosts, held, full
        )
        rows = _take(chosen[:limit], now)
        activities = OutboundActivity.objects.in_bulk({row.activity_id for row in rows})
        for activity in activities.values():
            if activity.proof_owed:
                add_proof(activity, now)
    return [_owed(row, activities[row.activity_id], hosts[row.host]) for row in rows]


def _candidates(
    priority: Delivery.Priority, limit: int, now: datetime, full: Collection[str]
) -> list[_Candidate]:
    due = Delivery.objects.filter(
        unclaimed(now), state=Delivery.State.QUEUED, priority=priority, next_attempt_at__lte=now
    ).exclude(host__any=full)
    rows = due.order_by("next_attempt_at", "id").values_list("id", "host", "order_key")
    return [_Candidate(*row) for row in rows[: max(limit * _LOOKED_AT_PER_TAKEN, _LEAST_LOOKED_AT)]]


def _put_off_followers(candidates: Collection[_Candidate], now: datetime) -> set[int]:
    """Let what follows something older about its object be due no sooner than that; return their ids.

    Otherwise what waits for a host that is down would be looked at again and again, before all the others.
    """
    ids = {candidate.id: candidate.order_key for candidate in candidates if candidate.order_key is not None}
    if not ids:
        return set()
    owed = Delivery.objects.filter(state=Delivery.State.QUEUED, order_key__any=set(ids.values()))
    oldest: dict[int | None, tuple[int, datetime]] = {}
    for key, pk, due_at, claimed_until in owed.order_by("id").values_list(
        "order_key", "id", "next_attempt_at", "claimed_until"
    ):
        oldest.setdefault(key, (pk, max(due_at, claimed_until or due_at)))
    put_off = [
        Delivery(id=pk, next_attempt_at=oldest[key][1])
        for pk, key in ids.items()
        if key in oldest and oldest[key][0] < pk
    ]
    later = [row for row in put_off if row.next_attempt_at > now]
    Delivery.objects.bulk_update(later, ["next_attempt_at"])
    return {row.id for row in put_off}


def _in_turn(
    candidates: Iterable[_Candidate],
    hosts: Mapping[str, peers.Standing],
    held: Counter[str],
    full: set[str],
) -> list[int]:
    """Return which may be sent, first one of each host, then a second one; counts them as held."""
    placed = []
    for candidate in candidates:
        host, at_once = candidate.host, hosts[candidate.host].at_once
        if held[host] < at_once:
            held[host] += 1
            placed.append((held[host], candidate.id))
        if held[host] >= at_once:
            full.add(host)
    placed.sort(key=lambda each: each[0])
    return [pk for _place, pk in placed]


def _take(ids: Collection[int], now: datetime) -> list[Delivery]:
    """Claim those that no other worker has taken meanwhile."""
    rows = Delivery.objects.select_for_update(skip_locked=True).filter(
        unclaimed(now), pk__any=ids, state=Delivery.State.QUEUED
    )
    found = {row.pk: row for row in rows}
    Delivery.objects.filter(pk__any=found).update(claimed_until=now + CLAIM, attempts=F("attempts") + 1)
    return [found[pk] for pk in ids if pk in found]


def _owed(row: Delivery, activity: OutboundActivity, standing: peers.Standing) -> Owed:
    return Owed(
        id=row.pk,
        inbox_url=row.inbox_url,
        host=row.host,
        order_key=row.order_key,
        attempts=row.attempts + 1,
        at_once=standing.at_once,
        scheme=standing.scheme,
        sender_uri=activity.sender_uri,
        activity_type=activity.activity_type,
        object_uri=activity.object_uri,
        followers_digest=row.followers_digest,
        body=bytes(activity.body),
    )


def let_followers_go(order_keys: Collection[int], now: datetime) -> None:
    """Make due what was put off for something that is not owed any more."""
    Delivery.objects.filter(
        state=Delivery.State.QUEUED, order_key__any=order_keys, next_attempt_at__gt=now, attempts=0
    ).update(next_attempt_at=now)


def is_anything_due(now: datetime) -> bool:
    """Tell the sweep whether a worker should be woken."""
    return Delivery.objects.filter(
        unclaimed(now), state=Delivery.State.QUEUED, next_attempt_at__lte=now
    ).exists()


def unclaimed(now: datetime) -> Q:
    """Select what is in no worker's hands."""
    return Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
