"""Hashtags as apps see them, with their use in the last week: renderers and the loader of what they need.

Called by the API doors. A page costs the same number of queries for one hashtag and for many.
Source: Mastodon docs, "Tag", "FeaturedTag"; API behaviours section 19.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDay
from django.utils import timezone

from accounts.documents import tag_url
from accounts.models import Account
from core.ids import id_at
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
        following = _of(viewer, TagFollow.objects.filter(tag__in=ids))
        featuring = _of(viewer, FeaturedTag.objects.filter(tag__in=ids))
        for tag, entity in zip(tags, entities, strict=True):
            entity |= {"following": tag.pk in following, "featuring": tag.pk in featuring}
    return entities


def render_tag(tag: Tag, viewer: Account | None) -> Entity:
    """Return the entity of one hashtag."""
    return render_tags([tag], viewer)[0]


def _of(viewer: Account, rows: Any) -> set[int]:
    return set(rows.filter(account=viewer).values_list("tag", flat=True))


def _load_use(tag_ids: Sequence[int], since: datetime) -> dict[Day, tuple[int, int]]:
    """Return for tags and days how many public statuses, of how many accounts, there are."""
    rows = StatusTag.objects.filter(
        tag__in=tag_ids,
        status__gte=id_at(since),
        status__visibility=Status.Visibility.PUBLIC,
        status__deleted_at__isnull=True,
    )
    counted = rows.annotate(day=TruncDay("status__created_at", tzinfo=UTC)).values("tag", "day")
    counted = counted.annotate(uses=Count("status"), accounts=Count("status__account", distinct=True))
    return {(row["tag"], row["day"]): (row["uses"], row["accounts"]) for row in counted}


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
