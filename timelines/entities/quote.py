"""Quotes as apps see them, and who may quote.

Called by timelines/entities/status.py. What is shown of a quote depends on who looks and on the
consent of the quoted author, so it does not belong into what is kept of a status.
Source: Mastodon docs, "Quote", "ShallowQuote", "QuoteApproval"; API behaviours section 16.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import BooleanField, Case, Exists, OuterRef, QuerySet, Value, When

from accounts.models import Account, Block, DomainBlock, Mute
from core.api.rendering import dumps
from core.prepared import Ids, Prepared
from timelines.models import Quote
from timelines.quote_policy import Permission, Quotable, Ties, permission
from timelines.visibility import readable_when_quoted

Entity = dict[str, Any]

_UNAUTHORIZED = "unauthorized"


class ShownQuote(NamedTuple):
    """What somebody sees of a quote: its state, and the quoted status if that may be shown."""

    state: str
    quoted_id: int | None


def _readable(viewer: Account | None) -> Case:
    shown = When(readable_when_quoted("quoted__", viewer), then=Value(True))
    return Case(shown, default=Value(False), output_field=BooleanField())


def _rows(ids: Ids) -> "QuerySet[Quote, Any]":
    rows = Quote.objects.filter(status__in=ids.rows).annotate(readable=_readable(None))
    return rows.values_list("status_id", "state", "legacy", "quoted_id", "readable")


def _rows_for(viewer: int, ids: Ids) -> "QuerySet[Quote, Any]":
    author, domain = OuterRef("quoted__account"), OuterRef("quoted__account__domain")
    rows = Quote.objects.filter(status__in=ids.rows).annotate(
        readable=_readable(Account(pk=viewer)),
        blocks=Exists(Block.objects.filter(account=viewer, target=author)),
        blocks_domain=Exists(DomainBlock.objects.filter(account=viewer, domain=domain)),
        mutes=Exists(Mute.objects.active().filter(account=viewer, target=author)),
    )
    return rows.values_list(
        "status_id", "state", "legacy", "quoted_id", "readable", "blocks", "blocks_domain", "mutes"
    )


_FOR_NOBODY = Prepared(_rows, ids=Ids)
_FOR_VIEWER = Prepared(_rows_for, viewer=int, ids=Ids)


def load_quotes(viewer: Account | None, status_ids: Collection[int]) -> dict[int, ShownQuote]:
    """Return what ``viewer`` sees of the quotes of these statuses, by their ids: one query, none for no ids.

    Quotes that are shown as none are missing.
    """
    if not status_ids:
        return {}
    ids = list(status_ids)
    rows = _FOR_NOBODY.tuples(ids=ids) if viewer is None else _FOR_VIEWER.tuples(viewer=viewer.pk, ids=ids)
    return {
        status_id: _shown(state, quoted_id, readable, *refusals)
        for status_id, state, legacy, quoted_id, readable, *refusals in rows
        if state == Quote.State.ACCEPTED or not legacy
    }


def _shown(
    state: str,
    quoted_id: int | None,
    readable: bool,
    blocks: bool = False,
    blocks_domain: bool = False,
    mutes: bool = False,
) -> ShownQuote:
    if state != Quote.State.ACCEPTED:
        return ShownQuote(state, None)
    if quoted_id is None:
        return ShownQuote(Quote.State.DELETED, None)
    if not readable:
        return ShownQuote(_UNAUTHORIZED, None)
    if blocks:
        return ShownQuote("blocked_account", quoted_id)
    if blocks_domain:
        return ShownQuote("blocked_domain", quoted_id)
    return ShownQuote("muted_account" if mutes else state, quoted_id)


def render_shallow_quote(quote: ShownQuote | None) -> Entity | None:
    """Return the quote of a status that is itself shown within a quote."""
    if quote is None:
        return None
    quoted_id = None if quote.quoted_id is None else str(quote.quoted_id)
    return {"state": quote.state, "quoted_status_id": quoted_id}


def render_quote(quote: ShownQuote | None, quoted: Any) -> Entity | None:
    """Return the quote of a status; ``quoted`` is the entity of what it quotes, None if that is gone."""
    if quote is None:
        return None
    if quote.quoted_id is not None and quoted is None:
        return {"state": Quote.State.DELETED, "quoted_status": None}
    return {"state": quote.state, "quoted_status": quoted}


def render_approval(row: Quotable, viewer: Account | None, ties: Ties) -> bytes:
    """Return as JSON who may quote a status, and whether ``viewer`` may, with what `load_ties` found."""
    if row.reblog_of_id is not None:
        return _render_approval((), (), Permission.DENIED)
    allowed = permission(row, viewer.pk if viewer else None, ties)
    return _render_approval(tuple(row.quote_automatic), tuple(row.quote_manual), allowed)


@lru_cache(maxsize=256)
def _render_approval(automatic: tuple[str, ...], manual: tuple[str, ...], allowed: Permission) -> bytes:
    return dumps({"automatic": automatic, "manual": manual, "current_user": allowed})
