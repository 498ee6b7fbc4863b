"""Asking for consent to a quote, answering, and taking consent back, as activities.

Source: FEP-044f; contract of the federation 4.1, 4.4.
"""

from dataclasses import dataclass

from accounts.models import Account
from core.ids import new_id
from federation.vocab import CONTEXT, PUBLIC
from timelines.documents.note import Document, Note, render_note
from timelines.documents.quote import render_stamp
from timelines.models import Quote, Status


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """What a remote actor asks: may my post ``instrument_uri`` quote this status of yours?"""

    uri: str
    actor: Account
    quoted: Status
    instrument_uri: str


def render_quote_request(quote: Quote, note: Note) -> Document:
    """Render the QuoteRequest of a status of ours to the author elsewhere; the whole note goes along."""
    return {
        "@context": CONTEXT,
        "id": quote.request_uri,
        "type": "QuoteRequest",
        "actor": quote.status.account.uri,
        "object": quote.quoted_uri,
        "instrument": render_note(note),
    }


def render_quote_accept(request: QuoteRequest, quote: Quote) -> Document:
    """Render the Accept of a request, with the stamp."""
    uri = f"{request.quoted.account.uri}#accepts/quote_requests/{quote.pk}"
    return _answer("Accept", uri, request) | {"result": quote.approval_uri}


def render_quote_reject(request: QuoteRequest) -> Document:
    """Render the Reject of a request."""
    return _answer("Reject", f"{request.quoted.account.uri}#rejects/quote_requests/{new_id()}", request)


def _answer(kind: str, uri: str, request: QuoteRequest) -> Document:
    return {
        "@context": CONTEXT,
        "id": uri,
        "type": kind,
        "actor": request.quoted.account.uri,
        "to": [request.actor.uri],
        "object": {
            "id": request.uri,
            "type": "QuoteRequest",
            "actor": request.actor.uri,
            "object": request.quoted.uri,
            "instrument": request.instrument_uri,
        },
    }


def render_stamp_deletion(quote: Quote) -> Document:
    """Render the Delete of a stamp of ours: consent is taken back."""
    stamp = render_stamp(quote)
    return {
        "@context": CONTEXT,
        "id": f"{quote.approval_uri}#delete",
        "type": "Delete",
        "actor": stamp["attributedTo"],
        "to": [PUBLIC],
        "object": stamp,
    }
