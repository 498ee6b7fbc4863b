"""Posts by their words: only what the searcher may see, and only what its author or the searcher put within
reach of a search.

Called by timelines/search.py. Found are one's own posts, those one is mentioned in or has favourited,
bookmarked or reblogged, and public ones of accounts that agree to be searched (`indexable`).
Source: API behaviours section 11 ("Search v2").
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.accounts import split_handle
from accounts.models import Account
from accounts.resolve import find_by_handle
from core.api.pagination import MAX_ID
from core.ids import id_at
from core.prepared import Prepared
from media.models import MediaAttachment
from timelines.models import (
    Bookmark,
    Favourite,
    Mention,
    Poll,
    PreviewCard,
    Status,
    StatusCard,
    StatusQuerySet,
)
from timelines.search_query import Operator, Query, read_query
from timelines.search_words import asks_for
from timelines.visibility import visible_to, wanted_by

_NO_MEDIA: list[int] = []
_MOST_PLAIN_TERMS = 8
_LINK = 'rel="nofollow'


@dataclass(frozen=True)
class Part:
    """Which part of what is found; ids are exclusive bounds."""

    limit: int
    offset: int = 0
    account_id: int | None = None
    max_id: int | None = None
    min_id: int | None = None


def search_statuses(viewer: Account | None, text: str, part: Part) -> list[int]:
    """Return the ids of the posts that ``viewer`` finds, the newest first."""
    query = read_query(text)
    if query.is_empty or not (query.terms or query.operators):
        return []
    if _is_plain(query) and part.account_id is None and part.offset == 0:
        return _find_plain(viewer, query.terms, part)
    rows = _rows(viewer, query)
    if part.account_id is not None:
        rows = rows.filter(account=part.account_id)
    if part.max_id is not None:
        rows = rows.filter(pk__lt=part.max_id)
    if part.min_id is not None:
        rows = rows.filter(pk__gt=part.min_id)
    return list(rows.order_by("-pk").values_list("pk", flat=True)[part.offset : part.offset + part.limit])


def _is_plain(query: Query) -> bool:
    """Tell whether a query is some single words, as most are."""
    single = len(query.terms) <= _MOST_PLAIN_TERMS and all(len(term.split()) == 1 for term in query.terms)
    return single and not query.operators and not query.unwanted


def _find_plain(viewer: Account | None, terms: Sequence[str], part: Part) -> list[int]:
    values: dict[str, int | str] = {f"term{number}": term for number, term in enumerate(terms)}
    if viewer is not None:
        values["viewer"] = viewer.pk
    bounds = {"above": part.min_id or 0, "below": MAX_ID if part.max_id is None else part.max_id}
    found = _plain(viewer is None, len(terms)).tuples(limit=part.limit, **bounds, **values)
    return [pk for (pk,) in found]


@cache
def _plain(for_anybody: bool, count: int) -> "Prepared[Status]":
    def build(above: int, below: int, viewer: int | None = None, **terms: str) -> "QuerySet[Status, Any]":
        query = Query(terms=tuple(terms.values()))
        rows = _rows(None if viewer is None else Account(pk=viewer), query)
        return rows.filter(pk__gt=above, pk__lt=below).order_by("-pk").values_list("pk")

    places: dict[str, type] = {f"term{number}": str for number in range(count)}
    return Prepared(build, above=int, below=int, **places, **({} if for_anybody else {"viewer": int}))


def _rows(viewer: Account | None, query: Query) -> StatusQuerySet:
    rows = Status.objects.originals()
    words = asks_for(query.terms, query.unwanted)
    if words is not None:
        rows = rows.filter(words__vector=words)
    scope = _within_reach(viewer)
    for operator in query.operators:
        if operator.name == "in":
            scope = _scope(viewer, operator)
        else:
            condition = _CONDITIONS[operator.name](viewer, operator)
            rows = rows.filter(~condition if operator.negated else condition)
    return wanted_by(visible_to(rows.filter(scope), viewer), viewer)


# What can be found


def _within_reach(viewer: Account | None) -> Q:
    return _published() | _library(viewer)


def _scope(viewer: Account | None, operator: Operator) -> Q:
    if operator.value == "all":
        return _within_reach(viewer)
    if (operator.value == "library") != operator.negated:
        return _library(viewer)
    return _published()


def _published() -> Q:
    return Q(visibility=Status.Visibility.PUBLIC, account__indexable=True, account__silenced_at__isnull=True)


def _library(viewer: Account | None) -> Q:
    """What the viewer wrote, was addressed in, or reacted to."""
    if viewer is None:
        return Q(pk__in=[])
    this = OuterRef("pk")
    touched = Q(account=viewer)
    for model in (Favourite, Bookmark, Mention):
        touched |= Q(Exists(model.objects.filter(status=this, account=viewer)))
    return touched | Q(Exists(Status.objects.kept().filter(reblog_of=this, account=viewer)))


# Operators


def _from(viewer: Account | None, operator: Operator) -> Q:
    if operator.value.lower() in ("me", "@me") and viewer is not None:
        return Q(account=viewer)
    handle = split_handle(operator.value)
    account = find_by_handle(*handle) if handle else None
    return Q(account=account) if account is not None else Q(pk__in=[])


def _has(viewer: Account | None, operator: Operator) -> Q:
    cards = StatusCard.objects.filter(status=OuterRef("pk"))
    return {
        "media": lambda: ~Q(media_ids=_NO_MEDIA),
        "image": lambda: _has_file(MediaAttachment.Type.IMAGE),
        "video": lambda: _has_file(MediaAttachment.Type.VIDEO, MediaAttachment.Type.GIFV),
        "audio": lambda: _has_file(MediaAttachment.Type.AUDIO),
        "poll": lambda: Q(Exists(Poll.objects.filter(status=OuterRef("pk")))),
        # In texts from elsewhere mentions look like links, so there the card has to show it.
        "link": lambda: Q(Exists(cards)) | Q(is_local=True, content__contains=_LINK),
        "embed": lambda: Q(Exists(cards.exclude(card__type=PreviewCard.Type.LINK))),
    }[operator.value]()


def _has_file(*types: str) -> Q:
    shown = MediaAttachment.objects.filter(pk__any=OuterRef("media_ids"), type__in=types)
    return ~Q(media_ids=_NO_MEDIA) & Q(Exists(shown))


def _is(viewer: Account | None, operator: Operator) -> Q:
    if operator.value == "sensitive":
        return Q(sensitive=True)
    return ~Q(in_reply_to_uri="") | Q(in_reply_to__isnull=False)


def _when(viewer: Account | None, operator: Operator) -> Q:
    """Ids are made from times, so a day is a range of them (UTC)."""
    assert operator.day is not None
    start = datetime.combine(operator.day, time(), UTC)
    first, next_first = id_at(start), id_at(start + timedelta(days=1))
    return {
        "before": Q(pk__lt=first),
        "after": Q(pk__gte=next_first),
        "during": Q(pk__gte=first, pk__lt=next_first),
    }[operator.name]


def _language(viewer: Account | None, operator: Operator) -> Q:
    return Q(language__iexact=operator.value)


_CONDITIONS: dict[str, Callable[[Account | None, Operator], Q]] = {
    "from": _from,
    "has": _has,
    "is": _is,
    "before": _when,
    "after": _when,
    "during": _when,
    "language": _language,
}
