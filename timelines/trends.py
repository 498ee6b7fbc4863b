"""What is talked about more than before: hashtags, links and posts.

`renew` is called by the clock: it counts the public posts of yesterday and today into `DailyUse` and writes
the rankings into `Trend`, so that reading a ranking costs one index scan. Its own cost is bounded by the
latest posts, at most `MOST_POSTS`, however many there are in all.
Source: API behaviours section 19 ("Trends").
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from accounts.models import Account
from core.ids import id_at
from timelines.models import (
    DailyUse,
    Kind,
    PreviewCard,
    Status,
    StatusCard,
    StatusQuerySet,
    StatusTag,
    Tag,
    Trend,
)
from timelines.visibility import visible_to, wanted_by

HISTORY_DAYS = 7
MOST_POSTS = 20_000
_LENGTH = 100
# One person alone is no trend.
_FEWEST_ACCOUNTS = 2
_FEWEST_REACTIONS = 2
# How long it takes a post to lose half of its weight.
_HALF_LIFE_HOURS = 6.0
_POST_DAYS = 2


@dataclass(frozen=True)
class Day:
    """How often something was used on one day, which starts ``starts_at`` (UTC), and by how many."""

    starts_at: datetime
    uses: int
    accounts: int


# Reading


def trending_tags(limit: int, offset: int) -> list[Tag]:
    """Return the hashtags that are used more than before, the steepest first."""
    ids = _ranking(Kind.TAG, limit, offset)
    found = Tag.objects.in_bulk(ids)
    return [found[tag_id] for tag_id in ids if tag_id in found]


def trending_links(limit: int, offset: int) -> list[PreviewCard]:
    """Return the pages that are linked to more than before, the steepest first."""
    ids = _ranking(Kind.LINK, limit, offset)
    found = PreviewCard.objects.select_related("author_account").in_bulk(ids)
    return [found[card_id] for card_id in ids if card_id in found]


def trending_statuses(viewer: Account | None, limit: int, offset: int) -> list[Status]:
    """Return the posts that many reacted to lately, without what ``viewer`` does not want to read."""
    ids = _ranking(Kind.STATUS, limit, offset)
    rows = Status.objects.filter(pk__in=ids, visibility=Status.Visibility.PUBLIC)
    found = wanted_by(visible_to(rows, viewer), viewer).in_bulk()
    return [found[status_id] for status_id in ids if status_id in found]


def _ranking(kind: str, limit: int, offset: int) -> list[int]:
    rows = Trend.objects.filter(kind=kind).order_by("-score", "object_id")
    return list(rows.values_list("object_id", flat=True)[offset : offset + limit])


def find_trending_link(url: str) -> PreviewCard | None:
    """Return the page of this address if it is in the ranking."""
    card = PreviewCard.objects.filter(url=url).first()
    if card is None or not Trend.objects.filter(kind=Kind.LINK, object_id=card.pk).exists():
        return None
    return card


def link_rows(viewer: Account | None, card: PreviewCard) -> StatusQuerySet:
    """Return the public posts that link to a page."""
    linking = StatusCard.objects.filter(card=card).values("status")
    rows = Status.objects.originals().filter(
        pk__in=linking, visibility=Status.Visibility.PUBLIC, account__silenced_at__isnull=True
    )
    return wanted_by(visible_to(rows, viewer), viewer)


def load_history(kind: str, ids: Iterable[int], today: date) -> dict[int, list[Day]]:
    """Return the last seven days of each, today first; in one query."""
    wanted = list(ids)
    days = [today - timedelta(days=age) for age in range(HISTORY_DAYS)]
    rows = DailyUse.objects.filter(kind=kind, object_id__in=wanted, day__gte=days[-1])
    counted = {(row.object_id, row.day): row for row in rows}
    return {pk: [_day(day, counted.get((pk, day))) for day in days] for pk in wanted}


def _day(day: date, row: DailyUse | None) -> Day:
    starts_at = datetime.combine(day, time(), UTC)
    return Day(starts_at, row.uses, row.accounts) if row else Day(starts_at, 0, 0)


# Counting


def renew(now: datetime) -> None:
    """Count the latest posts and rank anew; called by the clock, repeat-safe."""
    today = now.astimezone(UTC).date()
    counted = {
        (kind, day): _count(kind, _posts_of(day))
        for kind in (Kind.TAG, Kind.LINK)
        for day in (today - timedelta(days=1), today)
    }
    posts = _rank_posts(now)
    with transaction.atomic():
        for (kind, day), rows in counted.items():
            DailyUse.objects.filter(kind=kind, day=day).delete()
            DailyUse.objects.bulk_create([DailyUse(kind=kind, day=day, **row) for row in rows])
        DailyUse.objects.filter(day__lt=today - timedelta(days=HISTORY_DAYS)).delete()
        for kind in (Kind.TAG, Kind.LINK):
            _write(kind, _rank_uses(kind, now))
        _write(Kind.STATUS, posts)


def _posts_of(day: date) -> "QuerySet[Status, Any]":
    """Return the ids of the public posts that were made on a day, the latest of very many."""
    start = datetime.combine(day, time(), UTC)
    rows = (
        Status.objects.kept()
        .originals()
        .filter(
            pk__gte=id_at(start),
            pk__lt=id_at(start + timedelta(days=1)),
            visibility=Status.Visibility.PUBLIC,
            account__suspended_at__isnull=True,
            account__silenced_at__isnull=True,
        )
    )
    return rows.order_by("-pk").values("pk")[:MOST_POSTS]


def _count(kind: str, posts: "QuerySet[Status, Any]") -> list[dict[str, int]]:
    model, column = (StatusTag, "tag_id") if kind == Kind.TAG else (StatusCard, "card_id")
    used = model._default_manager.filter(status__in=posts).values(object_id=F(column))
    return list(used.annotate(uses=Count("status"), accounts=Count("status__account", distinct=True)))


# Ranking


def _rank_uses(kind: str, now: datetime) -> dict[int, float]:
    """Score by how much the last 24 hours stand out from the days before, as yesterday fades out."""
    today = now.astimezone(UTC).date()
    passed = (now - datetime.combine(today, time(), UTC)) / timedelta(days=1)
    weights = {today: 1.0, today - timedelta(days=1): 1.0 - passed}
    recent: dict[int, float] = defaultdict(float)
    earlier: dict[int, float] = defaultdict(float)
    rows = DailyUse.objects.filter(kind=kind, day__gt=today - timedelta(days=HISTORY_DAYS))
    for object_id, day, accounts in rows.values_list("object_id", "day", "accounts"):
        recent[object_id] += accounts * weights.get(day, 0.0)
        if day not in weights:
            earlier[object_id] += accounts / (HISTORY_DAYS - len(weights))
    scores = {}
    for object_id, observed in recent.items():
        expected = max(earlier[object_id], 1.0)
        if observed >= _FEWEST_ACCOUNTS and observed > expected:
            scores[object_id] = (observed - expected) ** 2 / expected
    return scores


def _rank_posts(now: datetime) -> dict[int, float]:
    """Score the posts of the last days by reactions, which weigh half as much every six hours.

    Only of accounts that want to be found, and nothing that is hidden behind a warning.
    """
    rows = (
        Status.objects.kept()
        .originals()
        .filter(
            Q(favourites_count__gt=0) | Q(reblogs_count__gt=0),
            pk__gte=id_at(now - timedelta(days=_POST_DAYS)),
            visibility=Status.Visibility.PUBLIC,
            sensitive=False,
            in_reply_to_uri="",
            account__discoverable=True,
            account__suspended_at__isnull=True,
            account__silenced_at__isnull=True,
        )
    )
    columns = ("pk", "created_at", "favourites_count", "reblogs_count")
    scores = {}
    for pk, created_at, favourites, reblogs in rows.order_by("-pk").values_list(*columns)[:MOST_POSTS]:
        if favourites + reblogs >= _FEWEST_REACTIONS:
            hours = max((now - created_at) / timedelta(hours=1), 0.0)
            scores[pk] = (favourites + reblogs) * 0.5 ** (hours / _HALF_LIFE_HOURS)
    return scores


def _write(kind: str, scores: dict[int, float]) -> None:
    best: Sequence[tuple[int, float]] = sorted(scores.items(), key=lambda entry: -entry[1])[:_LENGTH]
    Trend.objects.filter(kind=kind).delete()
    Trend.objects.bulk_create([Trend(kind=kind, object_id=pk, score=score) for pk, score in best])
