"""Lists of statuses and of who reacted, beside the home feed: public, by hashtag, by account, kept by a
person.

Called by the API doors. Source: API behaviours sections 9 and 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet

from accounts.models import Account
from core.api.pagination import Page
from core.prepared import Prepared
from core.text import normalise_tag
from timelines.models import Bookmark, Favourite, Status, StatusPin, StatusQuerySet, StatusTag
from timelines.visibility import visible, visible_accounts, visible_to, wanted_by

MAX_TAG_CONDITIONS = 4
_NO_MEDIA: list[int] = []


class Listing(NamedTuple):
    """A statement that finds the ids of a page; ``upwards``: the oldest first."""

    sql: str
    parameters: Sequence[Any]
    upwards: bool

    @classmethod
    def of(cls, rows: StatusQuerySet, page: Page) -> "Listing":
        """Return the listing of a page of these rows."""
        ids = _between(rows, page.above, page.below, page.is_upwards)[: page.limit]
        sql, parameters = ids.query.sql_with_params()
        return cls(sql, parameters, page.is_upwards)

    @classmethod
    def prepared(cls, query: "Prepared[Status]", page: Page, **values: int) -> "Listing":
        """Return the listing of a page of what a query of `_prepare` finds with these values."""
        sql, parameters = query.filled({"above": page.above, "below": page.below, **values}, page.limit)
        return cls(sql, parameters, page.is_upwards)


def _between(rows: StatusQuerySet, above: int, below: int, upwards: bool) -> "QuerySet[Status, Any]":
    rows = rows.filter(pk__gt=above, pk__lt=below)
    return rows.order_by("pk" if upwards else "-pk").values_list("pk")


@dataclass(frozen=True)
class PublicFilter:
    """Which part of a public timeline."""

    local: bool = False
    remote: bool = False
    only_media: bool = False


def public_listing(viewer: Account | None, part: PublicFilter, page: Page) -> Listing:
    """Return a page of the public timeline: no reblogs, no replies save to oneself, nobody silenced."""
    values = {} if viewer is None else {"viewer": viewer.pk}
    return Listing.prepared(_public(viewer is None, part, page.is_upwards), page, **values)


@cache
def _public(for_anybody: bool, part: PublicFilter, upwards: bool) -> "Prepared[Status]":
    def build(above: int, below: int, viewer: int | None = None) -> "QuerySet[Status, Any]":
        rows = _open_rows(None if viewer is None else Account(pk=viewer), part)
        rows = rows.filter(Q(in_reply_to_uri="") | Q(in_reply_to_account=F("account")))
        return _between(rows, above, below, upwards)

    places = {"above": int, "below": int} | ({} if for_anybody else {"viewer": int})
    return Prepared(build, **places)


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


def account_listing(account: Account, viewer: Account | None, part: AccountFilter, page: Page) -> Listing:
    """Return a page of the statuses of an account that ``viewer`` may see; none if one blocks the other."""
    if part.tagged:
        return Listing.of(_account_rows(account, viewer, part), page)
    values = {"account": account.pk} if viewer is None else {"account": account.pk, "viewer": viewer.pk}
    return Listing.prepared(_by_account(viewer is None, part, page.is_upwards), page, **values)


@cache
def _by_account(for_anybody: bool, part: AccountFilter, upwards: bool) -> "Prepared[Status]":
    def build(account: int, above: int, below: int, viewer: int | None = None) -> "QuerySet[Status, Any]":
        reader = None if viewer is None else Account(pk=viewer)
        return _between(_account_rows(Account(pk=account), reader, part), above, below, upwards)

    places = {"account": int, "above": int, "below": int} | ({} if for_anybody else {"viewer": int})
    return Prepared(build, **places)


def _account_rows(account: Account, viewer: Account | None, part: AccountFilter) -> StatusQuerySet:
    rows = visible_to(Status.objects.filter(account=account), viewer)
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


class Kept(NamedTuple):
    """A status that somebody favours or keeps; ``id`` is that of the favourite or bookmark."""

    id: int
    status_id: int


def pinned_rows(account: Account, viewer: Account | None) -> list[Status]:
    """Return the pinned statuses of an account that ``viewer`` may see, the latest pin first."""
    pins = StatusPin.objects.filter(account=account).order_by("-pk").values_list("status", flat=True)
    ids = list(pins)
    rows = _account_rows(account, viewer, AccountFilter()).in_bulk(ids)
    return [rows[status_id] for status_id in ids if status_id in rows]


def favourited_page(account: Account, page: Page) -> list[Kept]:
    """Return what ``account`` favours, the latest first."""
    return _kept_page(Favourite.objects.filter(account=account), account, page)


def bookmarked_page(account: Account, page: Page) -> list[Kept]:
    """Return what ``account`` keeps, the latest first."""
    return _kept_page(Bookmark.objects.filter(account=account), account, page)


def _kept_page(rows: "QuerySet[Any]", account: Account, page: Page) -> list[Kept]:
    found = page.slice(rows.filter(visible("status__", account)).values_list("pk", "status"))
    return [Kept(*row) for row in found]


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
