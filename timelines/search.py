"""Search: accounts by name, hashtags, posts by their words, and anything by its address.

Called by the API door. Posts by their words are in timelines/status_search.py.
Source: API behaviours section 11 ("Search v2").
"""

from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from django.db.models import Case, F, Q, QuerySet, Value, When

from accounts.accounts import learn_handle, search_accounts
from accounts.models import Account
from core.errors import Forbidden, Gone, NotFound
from core.prepared import Prepared
from core.text import normalise_tag
from timelines.models import Status, Tag
from timelines.remote import resolve_url
from timelines.status_search import Part, search_statuses
from timelines.visibility import can_see

KINDS = ("accounts", "statuses", "hashtags")
_SHORTEST_PART = 3


@dataclass(frozen=True)
class Wish:
    """What is searched for. ``kind`` is one of KINDS, or empty for all."""

    text: str
    kind: str = ""
    resolve: bool = False
    following: bool = False
    limit: int = 20
    offset: int = 0
    # About posts only: their author, and exclusive bounds of their ids.
    account_id: int | None = None
    max_id: int | None = None
    min_id: int | None = None

    def includes(self, kind: str) -> bool:
        """Return whether this kind of result is asked for."""
        return self.kind in ("", kind)


@dataclass
class Found:
    """What was found, the best first."""

    account_ids: list[int] = field(default_factory=list)
    status_ids: list[int] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)


def search(viewer: Account | None, wish: Wish) -> Found:
    """Return what ``viewer`` finds.

    With ``resolve`` an address or a full handle that is not known yet is fetched from its server. Raises
    RemoteUnreachable when that server does not answer as it should.
    """
    text = wish.text.strip()
    if urlsplit(text).scheme in ("http", "https"):
        return _at_address(viewer, text, wish)
    found = Found()
    if wish.includes("accounts"):
        if wish.resolve and wish.offset == 0:
            learn_handle(text)
        found.account_ids = search_accounts(
            text, viewer=viewer, limit=wish.limit, offset=wish.offset, following=wish.following
        )
    if wish.includes("hashtags"):
        found.tags = _tags(text, wish)
    if wish.includes("statuses") and not text.startswith(("#", "@")):
        found.status_ids = search_statuses(viewer, text, _part(wish))
    return found


def _part(wish: Wish) -> Part:
    return Part(
        limit=wish.limit,
        offset=wish.offset,
        account_id=wish.account_id,
        max_id=wish.max_id,
        min_id=wish.min_id,
    )


def _tags(text: str, wish: Wish) -> list[Tag]:
    name = normalise_tag(text.removeprefix("#"))
    if not name or text.startswith("@"):
        return []
    found = _tags_with(len(name) >= _SHORTEST_PART).rows(name=name, limit=wish.offset + wish.limit)
    return found[wish.offset :]


@cache
def _tags_with(is_long: bool) -> "Prepared[Tag]":
    def build(name: str) -> "QuerySet[Tag]":
        text = Value(name)
        # Below three signs the index of parts is of no use.
        held = Q(name__contains=text) if is_long else Q(name__startswith=text)
        exact, begins = When(name=text, then=Value(0)), When(name__startswith=text, then=Value(1))
        rows = Tag.objects.filter(held, last_status_at__isnull=False)
        rows = rows.annotate(rank=Case(exact, begins, default=Value(2)))
        return rows.order_by("rank", F("last_status_at").desc(), "name")

    return Prepared(build, name=str)


def _at_address(viewer: Account | None, url: str, wish: Wish) -> Found:
    """Return the one thing at an address: known, or fetched if wished."""
    found = Found()
    thing: Account | Status | None = _known_at(url)
    if thing is None and wish.resolve:
        try:
            thing = resolve_url(url)
        except (NotFound, Forbidden, Gone):
            return found
    if isinstance(thing, Account) and wish.includes("accounts") and thing.suspended_at is None:
        found.account_ids = [thing.pk]
    if isinstance(thing, Status) and wish.includes("statuses"):
        found.status_ids = [thing.pk] if can_see(viewer, thing) else []
    return found


def _known_at(url: str) -> Account | Status | None:
    status = Status.objects.kept().filter(Q(uri=url) | Q(url=url), reblog_of__isnull=True).first()
    return status or Account.objects.filter(Q(uri=url) | Q(url=url)).first()
