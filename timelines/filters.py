"""Filters of a person: made, changed, deleted, with their keywords and statuses. Called by the API doors.

What they match is found in timelines/filtering.py.
Source: API behaviours section 11; Mastodon docs, "Filter".
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account
from core import pubsub
from core.api.parameters import as_id
from core.errors import NotFound, Unprocessable
from core.locks import hold
from core.text import clean_line
from timelines import live
from timelines.models import Filter, FilterKeyword, FilterStatus
from timelines.visibility import get_visible_status

CONTEXTS = ("home", "notifications", "public", "thread", "account")
TITLE_LIMIT = 256
KEYWORD_LIMIT = 512
# Per account; every page that its owner reads is held against all of them.
MAX_FILTERS = 200
MAX_KEYWORDS = 1000
MAX_STATUSES = 1000


@dataclass(frozen=True)
class Expiry:
    """When a filter ends; None is never."""

    at: datetime | None


@dataclass(frozen=True)
class KeywordChange:
    """One keyword to add, or by its id to change or remove; None leaves a value as it is."""

    keyword_id: int | None = None
    keyword: str | None = None
    whole_word: bool | None = None
    destroy: bool = False


@dataclass(frozen=True)
class FilterChanges:
    """What a request says about a filter; None leaves a value as it is. An unknown action warns."""

    title: str | None = None
    contexts: Sequence[Any] | None = None
    action: str | None = None
    expiry: Expiry | None = None
    keywords: Sequence[KeywordChange] = ()


# Filters


def filters_of(account: Account) -> "QuerySet[Filter]":
    """Return the filters of ``account``, expired ones too, in the order in which they were made."""
    return Filter.objects.filter(account=account).order_by("pk").prefetch_related("keywords", "statuses")


def get_filter(account: Account, filter_id: object) -> Filter:
    """Return a filter of ``account`` by an id from a client. Raises NotFound."""
    found = filters_of(account).filter(pk=as_id(filter_id) or 0).first()
    if found is None:
        raise NotFound()
    return found


def create_filter(account: Account, changes: FilterChanges) -> Filter:
    """Make a filter; raises Unprocessable for missing or wrong values and when there are too many."""
    row = Filter(account=account)
    _assign(row, changes)
    _check(row)
    with _changing(account):
        if Filter.objects.filter(account=account).count() >= MAX_FILTERS:
            raise Unprocessable(_("You can have at most %(limit)d filters") % {"limit": MAX_FILTERS})
        row.save(force_insert=True)
        _change_keywords(row, changes.keywords)
    return get_filter(account, row.pk)


def update_filter(row: Filter, changes: FilterChanges) -> Filter:
    """Change a filter and return it as it is then.

    Raises as `create_filter`, and NotFound for a keyword that is not its own.
    """
    _assign(row, changes)
    _check(row)
    with _changing(row.account):
        row.save(update_fields=["title", "contexts", "action", "expires_at"])
        _change_keywords(row, changes.keywords)
    return get_filter(row.account, row.pk)


def delete_filter(row: Filter) -> None:
    """Delete a filter with its keywords."""
    with _changing(row.account):
        row.delete()


def _assign(row: Filter, changes: FilterChanges) -> None:
    if changes.title is not None:
        row.title = clean_line(changes.title)
    if changes.contexts is not None:
        row.contexts = list(dict.fromkeys(str(context) for context in changes.contexts))
    if changes.action is not None:
        row.action = changes.action if changes.action in Filter.Action.values else Filter.Action.WARN
    if changes.expiry is not None:
        row.expires_at = changes.expiry.at


def _check(row: Filter) -> None:
    if not row.title:
        raise Unprocessable(_("A filter needs a title"))
    if len(row.title) > TITLE_LIMIT:
        raise Unprocessable(_("The title may have at most %(limit)d characters") % {"limit": TITLE_LIMIT})
    if not row.contexts or any(context not in CONTEXTS for context in row.contexts):
        raise Unprocessable(_("No or unknown context for this filter"))


@contextmanager
def _changing(account: Account) -> Iterator[None]:
    """Let the filters of one account change, one change at a time; its apps are told after the commit."""
    with transaction.atomic():
        # So that two at once cannot both be the last that there is room for.
        hold(f"filters:{account.pk}")
        yield
        channel = live.home_channel(account.pk)
        # There is nothing to tell, but apps want a string, and to read it as JSON.
        transaction.on_commit(lambda: pubsub.publish(channel, "filters_changed", "1"), robust=True)


# Keywords


def _change_keywords(row: Filter, changes: Iterable[KeywordChange]) -> None:
    for change in changes:
        if change.keyword_id is None:
            if not change.destroy:
                _add_keyword(row, change)
        elif change.destroy:
            _get_own_keyword(row, change.keyword_id).delete()
        else:
            _update_keyword(_get_own_keyword(row, change.keyword_id), change)


def _get_own_keyword(row: Filter, keyword_id: int) -> FilterKeyword:
    found = FilterKeyword.objects.filter(filter=row, pk=keyword_id).first()
    if found is None:
        raise NotFound()
    return found


def _add_keyword(row: Filter, change: KeywordChange) -> FilterKeyword:
    if FilterKeyword.objects.filter(filter__account=row.account_id).count() >= MAX_KEYWORDS:
        raise Unprocessable(_("You can filter at most %(limit)d keywords") % {"limit": MAX_KEYWORDS})
    whole_word = True if change.whole_word is None else change.whole_word
    keyword = _checked_keyword(change.keyword or "")
    return FilterKeyword.objects.create(filter=row, keyword=keyword, whole_word=whole_word)


def _update_keyword(keyword: FilterKeyword, change: KeywordChange) -> None:
    if change.keyword is not None:
        keyword.keyword = _checked_keyword(change.keyword)
    if change.whole_word is not None:
        keyword.whole_word = change.whole_word
    keyword.save(update_fields=["keyword", "whole_word"])


def _checked_keyword(text: str) -> str:
    keyword = clean_line(text)
    if not keyword:
        raise Unprocessable(_("A keyword cannot be empty"))
    if len(keyword) > KEYWORD_LIMIT:
        raise Unprocessable(_("A keyword may have at most %(limit)d characters") % {"limit": KEYWORD_LIMIT})
    return keyword


def get_keyword(account: Account, keyword_id: object) -> FilterKeyword:
    """Return a keyword of a filter of ``account`` by an id from a client. Raises NotFound."""
    rows = FilterKeyword.objects.filter(pk=as_id(keyword_id) or 0, filter__account=account)
    found = rows.select_related("filter__account").first()
    if found is None:
        raise NotFound()
    return found


def keywords_of(account: Account) -> "QuerySet[FilterKeyword]":
    """Return all keywords of ``account`` with their filters, in the order in which they were made."""
    return FilterKeyword.objects.filter(filter__account=account).order_by("pk").select_related("filter")


def add_keyword(row: Filter, change: KeywordChange) -> FilterKeyword:
    """Add a keyword to a filter. Raises Unprocessable when it is empty, too long or one too many."""
    with _changing(row.account):
        return _add_keyword(row, change)


def update_keyword(keyword: FilterKeyword, change: KeywordChange) -> None:
    """Change a keyword. Raises Unprocessable when it is empty or too long."""
    with _changing(keyword.filter.account):
        _update_keyword(keyword, change)


def delete_keyword(keyword: FilterKeyword) -> None:
    """Take a keyword out of its filter."""
    with _changing(keyword.filter.account):
        keyword.delete()


# The keyword-wise view of v1


def create_phrase(account: Account, changes: FilterChanges) -> FilterKeyword:
    """Make a filter of one keyword, named after it."""
    keyword = changes.keywords[0].keyword or ""
    if not clean_line(keyword):
        raise Unprocessable(_("A keyword cannot be empty"))
    named = FilterChanges(
        clean_line(keyword)[:TITLE_LIMIT], changes.contexts, changes.action, changes.expiry, changes.keywords
    )
    row = create_filter(account, named)
    return get_keyword(account, row.keywords.all()[0].pk)


def update_phrase(keyword: FilterKeyword, changes: FilterChanges) -> FilterKeyword:
    """Change a keyword and what its filter says about all of them.

    Raises Unprocessable when the latter would change other keywords, too.
    """
    row = keyword.filter
    before = (set(row.contexts or ()), row.action, row.expires_at)
    follows_keyword = row.title == keyword.keyword[:TITLE_LIMIT]
    _assign(row, changes)
    alone = not row.keywords.exclude(pk=keyword.pk).exists()
    if not alone and (set(row.contexts), row.action, row.expires_at) != before:
        raise Unprocessable(_("This filter has several keywords; change it in an app that knows filters v2"))
    _check(row)
    with _changing(row.account):
        _update_keyword(keyword, changes.keywords[0])
        if alone and follows_keyword:
            row.title = keyword.keyword[:TITLE_LIMIT]
        row.save(update_fields=["title", "contexts", "action", "expires_at"])
    return keyword


def delete_phrase(keyword: FilterKeyword) -> None:
    """Delete a keyword, and its filter when nothing else is in it: v1 apps could not find that any more."""
    row = keyword.filter
    with _changing(row.account):
        keyword.delete()
        if not row.keywords.exists() and not row.statuses.exists():
            row.delete()


# Statuses


def get_filter_status(account: Account, filter_status_id: object) -> FilterStatus:
    """Return a status in a filter of ``account`` by an id from a client. Raises NotFound."""
    rows = FilterStatus.objects.filter(pk=as_id(filter_status_id) or 0, filter__account=account)
    found = rows.select_related("filter__account").first()
    if found is None:
        raise NotFound()
    return found


def add_status(row: Filter, status_id: object) -> FilterStatus:
    """Put one status into a filter.

    Raises NotFound when it cannot be seen, Unprocessable when it is in the filter already.
    """
    status = get_visible_status(row.account, status_id)
    try:
        with _changing(row.account):
            if FilterStatus.objects.filter(filter__account=row.account_id).count() >= MAX_STATUSES:
                raise Unprocessable(_("You can filter at most %(limit)d posts") % {"limit": MAX_STATUSES})
            return FilterStatus.objects.create(filter=row, status=status)
    except IntegrityError as error:
        raise Unprocessable(_("This post is in the filter already")) from error


def delete_filter_status(found: FilterStatus) -> None:
    """Take a status out of its filter."""
    with _changing(found.filter.account):
        found.delete()
