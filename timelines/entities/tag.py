"""Hashtags as apps see them, with their use in the last week: renderers and the loader of what they need.

Called by the API doors. A page costs the same number of queries for one hashtag and for many.
Source: Mastodon docs, "Tag", "FeaturedTag"; API behaviours section 19.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, Value
from django.db.models.functions import TruncDay
from django.utils import timezone

from accounts.documents import tag_url
from accounts.models import Account
from core.ids import id_at
from core.prepared import Ids, Prepared
from timelines.models import FeaturedTag, Status, StatusTag, Tag, TagFollow
from timelines.tags import TagUse

Entity = dict[str, Any]
Day = tuple[int, datetime]

HISTORY_DAYS = 7


def render_tags(tags: Sequence[Tag], viewer: Account | None) -> list[Entity]:
    """Return the entities; an unsaved tag is one that nobody has used."""
    today = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ids = [tag.pk for tag in tags if tag.pk is not None]
    use = _load_use(ids, today - timedelta(days=HISTORY_DAYS - 1))
    entities = [_render(tag, use, today) for tag in tags]
    if viewer is not None:
        marks = set(_MARKS.tuples(viewer=viewer.pk, ids=ids)) if ids else set()
        for tag, entity in zip(tags, entities, strict=True):
            entity |= {mark: (tag.pk, mark) in marks for mark in ("following", "featuring")}
    return entities


_MARKS = Prepared(
    lambda viewer, ids: (
        TagFollow.objects.filter(account=viewer, tag__in=ids.rows)
        .values_list("tag", Value("following"))
        .union(
            FeaturedTag.objects.filter(account=viewer, tag__in=ids.rows).values_list(
                "tag", Value("featuring")
            ),
            all=True,
        )
    ),
    viewer=int,
    ids=Ids,
)


def render_tag(tag: Tag, viewer: Account | None) -> Entity:
    """Return the entity of one hashtag."""
    return render_tags([tag], viewer)[0]


def _load_use(tag_ids: Sequence[int], since: datetime) -> dict[Day, tuple[int, int]]:
    """Return for tags and days how many public statuses, of how many accounts, there are."""
    counted = _USE.tuples(ids=tag_ids, since=id_at(since)) if tag_ids else []
    return {(tag_id, day.replace(tzinfo=UTC)): (uses, accounts) for tag_id, day, uses, accounts in counted}


_USE = Prepared(
    lambda ids, since: (
        StatusTag.objects.filter(
            tag__in=ids.rows,
            status__gte=since,
            status__visibility=Status.Visibility.PUBLIC,
            status__deleted_at__isnull=True,
        )
        .annotate(day=TruncDay("status__created_at", tzinfo=UTC))
        .values("tag", "day")
        .annotate(uses=Count("status"), accounts=Count("status__account", distinct=True))
        .values_list("tag", "day", "uses", "accounts")
    ),
    ids=Ids,
    since=int,
)


def _render(tag: Tag, use: Mapping[Day, tuple[int, int]], today: datetime) -> Entity:
    history = []
    for day in (today - timedelta(days=number) for number in range(HISTORY_DAYS)):
        uses, accounts = use.get((tag.pk, day), (0, 0))
        history.append({"day": str(int(day.timestamp())), "uses": str(uses), "accounts": str(accounts)})
    return {
        "id": "" if tag.pk is None else str(tag.pk),
        "name": tag.display_name,
        "url": tag_url(tag.name),
        "history": history,
    }


def render_featured_tag(row: FeaturedTag, use: TagUse) -> Entity:
    """Return the entity of a hashtag on a profile; its ``tag`` and ``account`` must be loaded."""
    profile = row.account.url or row.account.uri
    return {
        "id": str(row.pk),
        "name": row.tag.display_name,
        "url": f"{profile}/tagged/{row.tag.name}",
        "statuses_count": str(use.count),
        "last_status_at": use.latest.astimezone(UTC).date().isoformat() if use.latest else None,
    }
