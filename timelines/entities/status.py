"""Statuses as apps see them: what is rendered once for everybody, and what is the viewer's, joined.

Called by the API doors, by notifications and by streaming. A page costs the same number of queries for 1 and
for 40 statuses. Entities are JSON already; `orjson` puts them into larger answers as they are.
Source: Mastodon docs, "Status"; API behaviours sections 1, 9 and 16.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.utils import timezone

from accounts.entities.rendered import account_bytes
from accounts.models import Account
from core.api.rendering import dumps
from timelines.entities.collection import load_tagged_collections
from timelines.entities.poll import load_polls, render_polls
from timelines.entities.quote import (
    ShownQuote,
    load_quotes,
    render_approval,
    render_quote,
    render_shallow_quote,
)
from timelines.entities.status_public import PublicPart, public_parts
from timelines.entities.status_rows import ShownRow, load_marks, load_rows, load_rows_of
from timelines.feeds import HomePage
from timelines.filtering import find_matches, load_rules
from timelines.listings import Listing
from timelines.models import Status
from timelines.quote_policy import Ties, load_ties

Entity = dict[str, Any]

_PINNABLE = (Status.Visibility.PUBLIC, Status.Visibility.UNLISTED, Status.Visibility.PRIVATE)


@dataclass(frozen=True)
class _Page:
    """Rows of statuses with all that is shown of them; keys are status ids where nothing else is said."""

    viewer: Account | None
    rows: dict[int, ShownRow]
    parts: dict[int, PublicPart]
    # By account id.
    accounts: dict[int, bytes]
    polls: dict[int, Entity]
    collections: dict[int, list[Entity]]
    quotes: dict[int, ShownQuote]
    ties: Ties
    # Ids by what the viewer did.
    marks: dict[str, set[int]] = field(default_factory=dict)
    # FilterResults.
    filtered: dict[int, list[Entity]] = field(default_factory=dict)


def render_statuses(statuses: Sequence[Status], viewer: Account | None) -> list[orjson.Fragment]:
    """Return the entities of these statuses as ``viewer`` (None: nobody) sees them, in their order.

    Whether the viewer may see them was decided by the query that found them.
    """
    entities = render_statuses_by_id([status.pk for status in statuses], viewer)
    return [entities[status.pk] for status in statuses if status.pk in entities]


def render_status(status: Status, viewer: Account | None) -> orjson.Fragment:
    """Return the entity of one status."""
    return render_statuses([status], viewer)[0]


def render_statuses_by_id(ids: Collection[int], viewer: Account | None) -> dict[int, orjson.Fragment]:
    """Return the entities of these statuses by id; what is gone is missing."""
    return dict(_render(load_rows_of(ids), viewer)) if ids else {}


def render_listing(listing: Listing, viewer: Account | None) -> list[tuple[int, orjson.Fragment]]:
    """Return ids and entities of the statuses of a page, newest first."""
    found = _render(load_rows(listing.sql, listing.parameters), viewer)
    return found[::-1] if listing.upwards else found


def render_home(home: HomePage, viewer: Account) -> tuple[list[orjson.Fragment], list[int]]:
    """Return the entities of a page of the home feed, and the ids that its links go by."""
    rows = load_rows(home.listing.sql, home.listing.parameters)
    found = [(row.id, row.reblog_of_id) for row in rows if row.place is not None]
    if home.listing.upwards:
        found.reverse()
    chosen = home.choose(found)
    originals = dict(found)
    wanted = {*chosen, *(originals[pk] for pk in chosen)}
    entities = dict(_render([row for row in rows if row.id in wanted], viewer))
    return [entities[pk] for pk in chosen if pk in entities], home.cursors(found)


def render_deleted_status(entity: orjson.Fragment, status: Status) -> Entity:
    """Return the entity made before the deletion, with the text as written instead of the HTML."""
    shown = orjson.loads(dumps(entity))
    return {key: value for key, value in shown.items() if key != "content"} | {"text": status.text}


def _render(rows: Sequence[ShownRow], viewer: Account | None) -> list[tuple[int, orjson.Fragment]]:
    page = _load_page(rows, viewer)
    return [
        (row.id, orjson.Fragment(_join(row, page)))
        for row in rows
        if row.place is not None and (row.reblog_of_id or row.id) in page.parts
    ]


def _load_page(rows: Sequence[ShownRow], viewer: Account | None) -> _Page:
    quotes = load_quotes(viewer, [row.id for row in rows if row.quote_id is not None])
    quoted = _load_quoted(rows, quotes)
    quotes |= load_quotes(viewer, [row.id for row in quoted if row.quote_id is not None])
    rows = [*rows, *quoted]
    parts = public_parts.load({row.id: row.version for row in rows})
    marks = load_marks(viewer.pk, {row.reblog_of_id or row.id for row in rows}) if viewer and rows else {}
    with_polls = [row.id for row in rows if row.poll_id is not None]
    tagging = [status_id for status_id, part in parts.items() if part.tags_collections]
    return _Page(
        viewer=viewer,
        rows={row.id: row for row in rows},
        parts=parts,
        accounts=account_bytes.load({row.account_id: row.account_version for row in rows}),
        polls=render_polls(load_polls(with_polls).values(), viewer) if with_polls else {},
        collections=load_tagged_collections(tagging, viewer),
        quotes=quotes,
        ties=load_ties(viewer.pk if viewer else None, rows),
        marks=marks,
        filtered=_load_filtered(viewer, rows, parts) if viewer and marks.get("filters") else {},
    )


def _load_quoted(rows: Sequence[ShownRow], quotes: dict[int, ShownQuote]) -> list[ShownRow]:
    wanted = {quote.quoted_id for quote in quotes.values() if quote.quoted_id is not None}
    missing = wanted - {row.id for row in rows}
    return load_rows_of(missing) if missing else []


def _load_filtered(
    viewer: Account, rows: Sequence[ShownRow], parts: dict[int, PublicPart]
) -> dict[int, list[Entity]]:
    """Return what the viewer's filters find; a reblog has what its original has."""
    rules = load_rules([viewer.pk], [row.id for row in rows], timezone.now()).get(viewer.pk, [])
    return {
        row.id: find_matches(rules, parts[row.reblog_of_id or row.id].searchable, _subjects(row))
        for row in rows
        if (row.reblog_of_id or row.id) in parts
    }


def find_filtered(status: Status, account_ids: Collection[int]) -> dict[int, list[Entity]]:
    """Return what the filters of these accounts find in an original, by account; in one query for all."""
    rows = load_rows_of([status.pk])
    part = public_parts.load({row.id: row.version for row in rows}).get(status.pk)
    rules = load_rules(account_ids, [status.pk], timezone.now()) if part else {}
    return {
        account_id: matches
        for account_id, own in rules.items()
        if part and (matches := find_matches(own, part.searchable, [status.pk]))
    }


def _subjects(row: ShownRow) -> list[int]:
    return [row.id] if row.reblog_of_id is None else [row.id, row.reblog_of_id]


def _join(row: ShownRow, page: _Page, *, is_quoted: bool = False) -> bytes:
    """Return the JSON of a status: what is kept of it, its author, its original, and what is of now."""
    original = page.rows.get(row.reblog_of_id or 0)
    return b'{%b,"account":%b,"reblog":%b,%b%b}' % (
        page.parts[row.id].members,
        page.accounts[row.account_id],
        _join(original, page) if original else b"null",
        _render_live(row, original or row, page, is_quoted=is_quoted),
        _render_marks(row, page.viewer, page) if page.viewer else b"",
    )


# Written by hand: of all that a page needs these members alone are made for each of its statuses.
_LIVE = (
    b'"replies_count":%d,"reblogs_count":%d,"favourites_count":%d,"quotes_count":%d,"poll":%b,'
    b'"tagged_collections":%b,"quote":%b,"quote_approval":%b'
)
_MARKS = b',"favourited":%b,"reblogged":%b,"bookmarked":%b,"muted":%b,"filtered":%b'
_YES_NO = (b"false", b"true")


def _render_live(row: ShownRow, counted: ShownRow, page: _Page, *, is_quoted: bool) -> bytes:
    return _LIVE % (
        counted.replies_count,
        counted.reblogs_count,
        counted.favourites_count,
        counted.quotes_count,
        dumps(page.polls[row.id]) if row.id in page.polls else b"null",
        dumps(page.collections[row.id]) if row.id in page.collections else b"[]",
        dumps(_render_quote(row, page, is_quoted=is_quoted)) if row.id in page.quotes else b"null",
        render_approval(row, page.viewer, page.ties),
    )


def _render_quote(row: ShownRow, page: _Page, *, is_quoted: bool) -> Entity | None:
    """Return the quote of a status; within a quote it is only named."""
    quote = page.quotes.get(row.id)
    if is_quoted:
        return render_shallow_quote(quote)
    quoted = page.rows.get(quote.quoted_id or 0) if quote else None
    if quoted is None or quoted.id not in page.parts:
        return render_quote(quote, None)
    return render_quote(quote, orjson.Fragment(_join(quoted, page, is_quoted=True)))


def _render_marks(row: ShownRow, viewer: Account, page: _Page) -> bytes:
    subject = row.reblog_of_id or row.id
    favourited, reblogged, bookmarked, muted = (
        _YES_NO[subject in page.marks.get(mark, ())]
        for mark in ("favourited", "reblogged", "bookmarked", "muted")
    )
    filtered = dumps(page.filtered[row.id]) if row.id in page.filtered else b"[]"
    shown = _MARKS % (favourited, reblogged, bookmarked, muted, filtered)
    return shown + b"," + dumps(_render_own(row, page))[1:-1] if row.account_id == viewer.pk else shown


def _render_own(row: ShownRow, page: _Page) -> Entity:
    """Return what only the author is shown."""
    name, website = row.application_name, row.application_website
    shown: Entity = {"application": None if name is None else {"name": name, "website": website or None}}
    if row.reblog_of_id is None and row.visibility in _PINNABLE:
        shown["pinned"] = row.id in page.marks.get("pinned", ())
    return shown
