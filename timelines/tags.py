"""Hashtags as things that people follow and show on their profiles. Called by the API doors and views.

Source: API behaviours section 11 and 19; Mastodon docs, "Tag", "FeaturedTag".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from core.api.parameters import as_id
from core.errors import NotFound, Unprocessable
from core.locks import hold
from core.text import clean_line, normalise_tag
from timelines import feeds, outbox
from timelines.content import store_tags
from timelines.models import FeaturedTag, Status, StatusTag, Tag, TagFollow
from timelines.visibility import OPEN

MAX_FEATURED = 10
NAME_LIMIT = 200
SUGGESTIONS = 10
# Suggestions look at what somebody wrote lately.
_LATEST = 1000


def find_tag(name: str) -> Tag:
    """Return the hashtag of this name, unsaved if nobody used it. Raises NotFound for what can be none."""
    shown = clean_line(name).removeprefix("#")
    normalised = normalise_tag(shown)
    if not normalised or max(len(normalised), len(shown)) > NAME_LIMIT:
        raise NotFound()
    return Tag.objects.filter(name=normalised).first() or Tag(name=normalised, display_name=shown)


def obtain_tag(name_or_id: str) -> Tag:
    """Return the hashtag of this name, made if nobody used it, or of this id: a number cannot be a name.

    Raises NotFound.
    """
    tag_id = as_id(name_or_id)
    found = Tag.objects.filter(pk=tag_id).first() if tag_id is not None else None
    return found or _stored(find_tag(name_or_id))


def stored_tag(name: str) -> Tag:
    """Return the hashtag of this name, made if nobody used it. Raises NotFound for what can be none."""
    return _stored(find_tag(name))


def _stored(tag: Tag) -> Tag:
    return tag if tag.pk is not None else store_tags({tag.name: tag.display_name})[0]


# Following


def follow_tag(account: Account, tag: Tag) -> None:
    """Let ``account`` read at home what is public under a hashtag; repeating is harmless."""
    with transaction.atomic():
        TagFollow.objects.get_or_create(account=account, tag=tag, defaults={"created_at": timezone.now()})
        transaction.on_commit(lambda: feeds.drop(account.pk), robust=True)


def unfollow_tag(account: Account, tag: Tag) -> None:
    """End following a hashtag; without it nothing happens."""
    with transaction.atomic():
        TagFollow.objects.filter(account=account, tag=tag).delete()
        transaction.on_commit(lambda: feeds.drop(account.pk), robust=True)


def followed_tags(account: Account) -> "QuerySet[TagFollow]":
    """Return the hashtags that ``account`` follows, with their rows."""
    return TagFollow.objects.filter(account=account).select_related("tag")


# On profiles


@dataclass(frozen=True)
class TagUse:
    """How often an account used a hashtag for everybody to read, and when last."""

    count: int = 0
    latest: datetime | None = None


def featured_tags(account: Account) -> "QuerySet[FeaturedTag]":
    """Return what an account features, in the order in which it was chosen; nothing of a suspended one."""
    rows = FeaturedTag.objects.filter(account=account, account__suspended_at__isnull=True)
    return rows.order_by("pk").select_related("tag", "account")


def load_use(account: Account, tag_ids: list[int]) -> dict[int, TagUse]:
    """Return how an account used these hashtags, by their ids; the unused are missing."""
    rows = StatusTag.objects.filter(tag__in=tag_ids, status__in=_open_statuses(account))
    counted = rows.values("tag").annotate(count=Count("pk"), latest=Max("status__created_at"))
    return {row["tag"]: TagUse(row["count"], row["latest"]) for row in counted}


def _open_statuses(account: Account) -> "QuerySet[Status, Any]":
    rows = Status.objects.kept().originals().filter(account=account, visibility__in=OPEN)
    return rows.values("pk")


def feature_tag(account: Account, tag: Tag) -> tuple[FeaturedTag, bool]:
    """Show a hashtag on the profile; return the row and whether it is new. Raises Unprocessable past ten."""
    with transaction.atomic():
        # So that two at once cannot both be the tenth.
        hold(f"featured_tags:{account.pk}")
        rows = FeaturedTag.objects.filter(account=account)
        if found := rows.filter(tag=tag).first():
            return found, False
        if rows.count() >= MAX_FEATURED:
            raise Unprocessable(_("You can feature at most %(limit)d hashtags") % {"limit": MAX_FEATURED})
        row = FeaturedTag.objects.create(account=account, tag=tag, created_at=timezone.now())
        outbox.send_featured_tag(row)
        return row, True


def choose_featured_tag(account: Account, name: str) -> FeaturedTag:
    """Show the hashtag of this name on the profile.

    Raises Unprocessable when it is shown there already, past ten, and for what can be no hashtag.
    """
    try:
        tag = stored_tag(name)
    except NotFound as error:
        raise Unprocessable(_("This is not a hashtag")) from error
    row, is_new = feature_tag(account, tag)
    if not is_new:
        raise Unprocessable(_("You feature this hashtag already"))
    return row


def unfeature_tag(account: Account, tag: Tag) -> None:
    """Take a hashtag off the profile; without it nothing happens."""
    _unfeature(FeaturedTag.objects.filter(account=account, tag=tag))


def delete_featured_tag(account: Account, featured_tag_id: object) -> None:
    """Take a hashtag off the profile by the id of that row. Raises NotFound."""
    rows = FeaturedTag.objects.filter(account=account, pk=as_id(featured_tag_id) or 0)
    if not _unfeature(rows):
        raise NotFound()


def _unfeature(rows: "QuerySet[FeaturedTag]") -> bool:
    with transaction.atomic():
        row = rows.select_for_update(of=("self",)).select_related("account", "tag").first()
        if row is None:
            return False
        outbox.send_unfeatured_tag(row)
        row.delete()
    return True


def suggested_tags(account: Account) -> list[Tag]:
    """Return the hashtags that an account used most lately and does not feature yet."""
    latest = _open_statuses(account).order_by("-pk")[:_LATEST]
    featured = FeaturedTag.objects.filter(account=account).values("tag")
    used = StatusTag.objects.filter(status__in=latest).exclude(tag__in=featured)
    counted = used.values("tag").annotate(uses=Count("pk")).order_by("-uses", "tag")[:SUGGESTIONS]
    ids = [row["tag"] for row in counted]
    found = Tag.objects.in_bulk(ids)
    return [found[tag_id] for tag_id in ids]
