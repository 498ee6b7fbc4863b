"""Announcements as apps see them.

Called by `timelines/api/announcements.py` and by streaming.
Source: Mastodon docs, "Announcement", "Reaction".
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Min, Q

from accounts.documents import tag_url
from accounts.models import Account
from core.api.rendering import iso
from core.text import find_shortcodes
from media.emojis import load_emojis
from media.entities import render_emoji
from media.models import CustomEmoji
from timelines.models import Announcement, AnnouncementDismissal, AnnouncementReaction

Entity = dict[str, Any]


@dataclass(frozen=True)
class _Page:
    """Announcements with what is shown of them; ``viewer`` None is everybody."""

    viewer: Account | None
    mentions: dict[int, list[Account]]
    emojis: dict[tuple[str, str | None], CustomEmoji]
    reactions: dict[int, list[Entity]] = field(default_factory=dict)
    read_ids: frozenset[int] = frozenset()


def render_announcements(announcements: Sequence[Announcement], viewer: Account | None) -> list[Entity]:
    """Return the entities; without a viewer they do not say what was read and answered."""
    page = _load(announcements, viewer)
    return [_render(announcement, page) for announcement in announcements]


def _load(announcements: Sequence[Announcement], viewer: Account | None) -> _Page:
    ids = [announcement.pk for announcement in announcements]
    mentions: dict[int, list[Account]] = defaultdict(list)
    through = Announcement.mentions.through.objects.filter(announcement__in=ids)
    for row in through.select_related("account").order_by("pk"):
        mentions[row.announcement_id].append(row.account)
    rows = list(_count_reactions(ids, viewer))
    codes = {code for announcement in announcements for code in find_shortcodes(announcement.text)}
    codes |= {row["name"] for row in rows if row["custom_emoji"] is not None}
    emojis = load_emojis((code, None) for code in codes)
    reactions: dict[int, list[Entity]] = defaultdict(list)
    for row in rows:
        entity = render_reaction(row["name"], row["count"], emojis.get((row["name"], None)))
        if viewer is not None:
            entity["me"] = row["own"] > 0
        reactions[row["announcement"]].append(entity)
    read = AnnouncementDismissal.objects.filter(account=viewer, announcement__in=ids) if viewer else None
    read_ids = frozenset(read.values_list("announcement", flat=True)) if read is not None else frozenset()
    return _Page(viewer, mentions, emojis, reactions, read_ids)


def _count_reactions(ids: Sequence[int], viewer: Account | None) -> Any:
    """Return the answers by announcement and name, in the order in which they came up."""
    rows = AnnouncementReaction.objects.filter(announcement__in=ids)
    own = Q(account=viewer) if viewer else Q(pk__in=[])
    counted = rows.order_by().values("announcement", "name", "custom_emoji")
    return counted.annotate(count=Count("pk"), own=Count("pk", filter=own), first=Min("pk")).order_by("first")


def _render(announcement: Announcement, page: _Page) -> Entity:
    found = (page.emojis.get((code, None)) for code in dict.fromkeys(find_shortcodes(announcement.text)))
    entity: Entity = {
        "id": str(announcement.pk),
        "content": announcement.content,
        "starts_at": iso(announcement.starts_at) if announcement.starts_at else None,
        "ends_at": iso(announcement.ends_at) if announcement.ends_at else None,
        "all_day": announcement.all_day,
        "published_at": iso(announcement.published_at),
        "updated_at": iso(announcement.updated_at),
        "mentions": [_render_mention(account) for account in page.mentions.get(announcement.pk, ())],
        "statuses": [],
        "tags": [{"name": name, "url": tag_url(name)} for name in announcement.tag_names],
        "emojis": [render_emoji(emoji) for emoji in found if emoji is not None],
        "reactions": page.reactions.get(announcement.pk, []),
    }
    if page.viewer is not None:
        entity["read"] = announcement.pk in page.read_ids
    return entity


def render_reaction(name: str, count: int, emoji: CustomEmoji | None) -> Entity:
    """Return how many answered with an emoji; one of ours comes with its picture."""
    entity: Entity = {"name": name, "count": count}
    if emoji is not None:
        picture = render_emoji(emoji)
        entity |= {"url": picture["url"], "static_url": picture["static_url"]}
    return entity


def _render_mention(account: Account) -> Entity:
    return {
        "id": str(account.pk),
        "username": account.username,
        "url": account.url or account.uri,
        "acct": account.acct,
    }
