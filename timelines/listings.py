"""Lists of statuses and of who reacted, beside the home feed: public, by hashtag, by account, kept by a
person.

Called by the API doors. Source: API behaviours sections 9 and 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.models import Account, Block
from core.api.pagination import Page
from core.text import normalise_tag
from timelines.models import Bookmark, Favourite, Status, StatusPin, StatusQuerySet, StatusTag
from timelines.visibility import visible, visible_accounts, visible_to, wanted_by

MAX_TAG_CONDITIONS = 4
_NO_MEDIA: list[int] = []


@dataclass(frozen=True)
class PublicFilter:
    """Which part of a public timeline."""

    local: bool = False
    remote: bool = False
    only_media: bool = False


def public_rows(viewer: Account | None, part: PublicFilter) -> StatusQuerySet:
    """Return the public timeline: no reblogs, no replies save to oneself, nobody who is silenced."""
    rows = _open_rows(viewer, part)
    return rows.filter(Q(in_reply_to_uri="") | Q(in_reply_to_account=F("account")))


def tag_rows(
    viewer: Account | None,
    part: PublicFilter,
    name: str,
    *,
    any_of: Sequence[str] = (),
    all_of: Sequence[str] = (),
    none_of: Sequence[str] = (),
) -> StatusQuerySet:
    """Return the public statuses with a hashtag or one of ``any_of``, with all and none of the others."""
    rows = _open_rows(viewer, part)
    rows = rows.filter(pk__in=_tagged([name, *any_of[:MAX_TAG_CONDITIONS]]))
    for required in all_of[:MAX_TAG_CONDITIONS]:
        rows = rows.filter(pk__in=_tagged([required]))
    if none_of:
        rows = rows.exclude(pk__in=_tagged(none_of[:MAX_TAG_CONDITIONS]))
    return rows


def _open_rows(viewer: Account | None, part: PublicFilter) -> StatusQuerySet:
    rows = Status.objects.originals().filter(
        visibility=Status.Visibility.PUBLIC, account__silenced_at__isnull=True
    )
    if part.local != part.remote:
        rows = rows.filter(is_local=part.local)
    if part.only_media:
        rows = rows.exclude(media_ids=_NO_MEDIA)
    return wanted_by(visible_to(rows, viewer), viewer)


def _tagged(names: Sequence[str]) -> "QuerySet[StatusTag, Any]":
    normalised = [normalise_tag(str(name)) for name in names]
    return StatusTag.objects.filter(tag__name__in=normalised).values("status")


@dataclass(frozen=True)
class AccountFilter:
    """Which statuses of an account."""

    only_media: bool = False
    exclude_replies: bool = False
    exclude_reblogs: bool = False
    exclude_direct: bool = False
    tagged: str = ""


def account_rows(account: Account, viewer: Account | None, part: AccountFilter) -> StatusQuerySet:
    """Return the statuses of an account that ``viewer`` may see; none if either blocks the other."""
    rows = visible_to(Status.objects.filter(account=account), viewer)
    if viewer is not None and _is_blocked(account, viewer):
        return rows.none()
    if part.only_media:
        rows = rows.originals().exclude(media_ids=_NO_MEDIA)
    if part.tagged:
        rows = rows.originals().filter(pk__in=_tagged([part.tagged]))
    if part.exclude_replies:
        rows = rows.filter(Q(in_reply_to_uri="") | Q(in_reply_to_account=account))
    if part.exclude_reblogs:
        rows = rows.originals()
    if part.exclude_direct:
        rows = rows.exclude(visibility=Status.Visibility.DIRECT)
    return rows


def _is_blocked(account: Account, viewer: Account) -> bool:
    either_way = Q(account=account, target=viewer) | Q(account=viewer, target=account)
    return Block.objects.filter(either_way).exists()


def pinned_rows(account: Account, viewer: Account | None) -> list[Status]:
    """Return the pinned statuses of an account that ``viewer`` may see, the latest pin first."""
    pins = StatusPin.objects.filter(account=account).order_by("-pk").values_list("status", flat=True)
    ids = list(pins)
    rows = account_rows(account, viewer, AccountFilter()).in_bulk(ids)
    return [rows[status_id] for status_id in ids if status_id in rows]


def favourited_page(account: Account, page: Page) -> tuple[list[Status], list[int]]:
    """Return the statuses that ``account`` favours, the latest first, and the ids of the favourites."""
    return _kept_page(Favourite.objects.filter(account=account), account, page)


def bookmarked_page(account: Account, page: Page) -> tuple[list[Status], list[int]]:
    """Return the statuses that ``account`` keeps, the latest first, and the ids of the bookmarks."""
    return _kept_page(Bookmark.objects.filter(account=account), account, page)


def _kept_page(rows: "QuerySet[Any]", account: Account, page: Page) -> tuple[list[Status], list[int]]:
    found = page.slice(rows.filter(visible("status__", account)).select_related("status"))
    return [row.status for row in found], [row.pk for row in found]


def favouriting_page(status: Status, viewer: Account | None, page: Page) -> tuple[list[Account], list[int]]:
    """Return who favours a status, the latest first, and the ids of the favourites."""
    people = visible_accounts(Account.objects.all(), viewer).values("pk")
    rows = Favourite.objects.filter(status=status, account__in=people).select_related("account")
    found = page.slice(rows)
    return [row.account for row in found], [row.pk for row in found]


def reblogging_page(status: Status, viewer: Account | None, page: Page) -> tuple[list[Account], list[int]]:
    """Return who reblogged a status for ``viewer`` to see, the latest first, and the ids of the reblogs."""
    people = visible_accounts(Account.objects.all(), viewer).values("pk")
    rows = visible_to(Status.objects.filter(reblog_of=status, account__in=people), viewer)
    found = page.slice(rows.select_related("account"))
    return [row.account for row in found], [row.pk for row in found]
