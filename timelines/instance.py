"""Facts about this server that apps ask for: how many, who to turn to, which limits, whom we know.

Called by the doors in `timelines/api/instance.py`. Stands on this floor because it counts statuses, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncWeek

from accounts.models import Account, User
from federation.models import DomainPolicy, Peer
from timelines.models import Status

NUMBERS_KEPT_SECONDS = 300
ACTIVITY_WEEKS = 12
T = TypeVar("T")


@dataclass(frozen=True)
class Numbers:
    """How large the server is; some minutes old at most."""

    people: int
    active_last_month: int
    active_last_half_year: int
    statuses: int
    known_servers: int


@dataclass(frozen=True)
class Week:
    """What happened in a week; ``starts_at`` is its Monday, 0:00 UTC."""

    starts_at: datetime
    statuses: int
    active_people: int
    registrations: int


def load_numbers(now: datetime) -> Numbers:
    """Return the counts for instance documents, counted once in five minutes."""
    return _kept("numbers", lambda: _count_numbers(now))


def _kept(name: str, count: Callable[[], T]) -> T:
    """Return what was counted lately; another release does not read what this one has kept."""
    key = f"instance:{name}:{settings.VERSION}"
    found: T | None = cache.get(key)
    if found is None:
        found = count()
        cache.set(key, found, NUMBERS_KEPT_SECONDS)
    return found


def _count_numbers(now: datetime) -> Numbers:
    people = User.objects.filter(confirmed_at__isnull=False)
    month_ago, half_year_ago = ((now - timedelta(days=days)).date() for days in (30, 180))
    return Numbers(
        people=people.count(),
        active_last_month=people.filter(last_active_on__gte=month_ago).count(),
        active_last_half_year=people.filter(last_active_on__gte=half_year_ago).count(),
        # The counters of the accounts are far fewer rows than the statuses.
        statuses=Account.objects.local().aggregate(total=Sum("statuses_count"))["total"] or 0,
        known_servers=Peer.objects.count(),
    )


def find_contact_account() -> Account | None:
    """Return the account to turn to: the own one of the first administrator who can sign in."""
    return (
        Account.objects.local()
        .available()
        .filter(
            memberships__user__role=User.Role.ADMIN,
            memberships__user__disabled_at__isnull=True,
            memberships__user__confirmed_at__isnull=False,
        )
        .order_by("memberships__user_id", "memberships__created_at", "memberships__id")
        .first()
    )


def load_activity(now: datetime) -> list[Week]:
    """Return the last twelve weeks, the current one first, counted once in five minutes."""
    return _kept("activity", lambda: _count_activity(now))


def _count_activity(now: datetime) -> list[Week]:
    today = now.astimezone(UTC).date()
    this_week = today - timedelta(days=today.weekday())
    weeks = [this_week - timedelta(weeks=age) for age in range(ACTIVITY_WEEKS)]
    start = datetime.combine(weeks[-1], time(), UTC)
    ours = Status.objects.kept().filter(is_local=True)
    statuses = _per_week(ours.filter(created_at__gte=start), "created_at")
    people = User.objects.filter(confirmed_at__isnull=False)
    registrations = _per_week(people.filter(created_at__gte=start), "created_at")
    # Only the last day of each person is kept: it says in which week they were last seen.
    active = _per_week(people.filter(last_active_on__gte=start.date()), "last_active_on")
    return [
        Week(
            starts_at=datetime.combine(week, time(), UTC),
            statuses=statuses.get(week, 0),
            active_people=active.get(week, 0),
            registrations=registrations.get(week, 0),
        )
        for week in weeks
    ]


def _per_week(rows: "QuerySet[Any]", column: str) -> dict[date, int]:
    """Return how many rows fall into each week, by its Monday (UTC)."""
    week = TruncWeek(column, tzinfo=UTC) if column.endswith("_at") else TruncWeek(column)
    counted = rows.annotate(week=week).values_list("week").annotate(count=Count("pk"))
    return {
        (start.date() if isinstance(start, datetime) else start): count for start, count in counted.order_by()
    }


def load_peer_domains() -> list[str]:
    """Return the servers we know and can reach."""
    known = Peer.objects.filter(unavailable_since__isnull=True)
    return list(known.order_by("domain").values_list("domain", flat=True))


def find_peer_domains(text: str) -> list[str]:
    """Return the first ten servers that we can reach whose name begins so."""
    beginning = text.strip().lower()[:253]
    if not beginning:
        return []
    known = Peer.objects.filter(unavailable_since__isnull=True, domain__startswith=beginning)
    return list(known.order_by("domain").values_list("domain", flat=True)[:10])


def load_published_policies() -> list[DomainPolicy]:
    """Return the domains that staff restrict, the strictest first."""
    restricted = DomainPolicy.objects.exclude(severity=DomainPolicy.Severity.NOOP)
    return list(restricted.order_by("-severity", "domain"))
