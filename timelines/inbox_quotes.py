"""Consent to quotes between servers: others ask us, and answer what we asked.

Called by federation/inbox.py through genosocial/inbox_routes.py, in a job. The signer is proven to be the
actor. Source: FEP-044f; contract of the federation 3.4.
"""

import logging

from django.db import transaction

from accounts import inbox as accounts_inbox
from accounts.inbox import get_sender
from accounts.models import Account
from core import locks
from core.errors import Forbidden
from core.hosts import host_of, same_host
from federation.vocab import Activity, id_of, ids_of, object_of
from timelines import live, outbox
from timelines.documents import QuoteRequest, stamp_uri
from timelines.models import Quote, Status
from timelines.quote_policy import Permission, load_ties, permission
from timelines.quotes import accept_quote, reject_quote
from timelines.remote import status_from_uri, upsert_status
from timelines.remote_quotes import accept_proven
from timelines.visibility import OPEN, can_see

log = logging.getLogger(__name__)

_MAX_URI = 2048


def receive_quote_request(activity: Activity) -> None:
    """Somebody wants to quote a status of ours: the policy of its author answers, yes with a stamp, or no.

    Repeat-safe: a second request for the same quote gets the same answer.
    """
    quoted = _quoted(activity)
    if quoted is None:
        return
    instrument_uri = id_of(activity.document.get("instrument")) or ""
    for uri in (activity.id, instrument_uri):
        if not same_host(uri, activity.actor_uri) or len(uri) > _MAX_URI:
            raise Forbidden(cause=f"{uri[:300]} is on another host than its actor")
    sender = get_sender(activity)
    request = QuoteRequest(activity.id, sender, quoted, instrument_uri)
    quote = None
    if _may_quote(sender, quoted):
        quoting = _quoting(activity, sender, instrument_uri)
        quote = Quote.objects.filter(status=quoting, quoted=quoted).select_related("status__account").first()
        if quote is None:
            raise Forbidden(cause=f"{instrument_uri[:300]} does not quote {quoted.uri[:300]}")
        quote.quoted = quoted
    with transaction.atomic():
        locks.hold(activity.id)
        outbox.send_quote_answer(request, _agree(quote, activity.id) if quote is not None else None)


def _quoted(activity: Activity) -> Status | None:
    ours = Status.objects.kept().originals().filter(is_local=True, visibility__in=OPEN)
    return ours.filter(uri=activity.object_uri).select_related("account").first()


def _may_quote(sender: Account, quoted: Status) -> bool:
    ties = load_ties(sender.pk, [quoted])
    return permission(quoted, sender.pk, ties) == Permission.AUTOMATIC and can_see(sender, quoted)


def _quoting(activity: Activity, sender: Account, uri: str) -> Status:
    """Return the status that wants to quote: embedded by its author, or fetched. Raises Forbidden."""
    document = object_of(activity.document.get("instrument"))
    if document is not None and sender.uri in ids_of(document.get("attributedTo")):
        return upsert_status(document, sender, activity=activity.document)
    status = status_from_uri(uri)
    if status.account_id != sender.pk:
        raise Forbidden(cause=f"{uri[:300]} is by somebody else")
    return status


def _agree(quote: Quote, request_uri: str) -> Quote | None:
    """Show a pending quote, and return it with its stamp; None once its author was refused."""
    assert quote.quoted is not None
    if accept_quote(quote, stamp_uri(quote, quote.quoted.account)):
        quote.request_uri = request_uri
        quote.save(update_fields=["request_uri"])
        live.enqueue_update(quote.status_id)
    else:
        quote.refresh_from_db(fields=["state", "approval_uri"])
    return quote if quote.state == Quote.State.ACCEPTED else None


def receive_accept(activity: Activity) -> None:
    """A remote author agrees to a quote by one of ours; all else that is accepted is a follow."""
    quote = _find_asked(activity)
    if quote is None:
        return accounts_inbox.receive_accept(activity)
    approval_uri = id_of(activity.document.get("result")) or ""
    if host_of(approval_uri) is None or not same_host(approval_uri, activity.actor_uri):
        raise Forbidden(cause="consent without a stamp of the author's own host")
    if len(approval_uri) > _MAX_URI:
        raise Forbidden(cause="the address of the stamp is too long")
    accept_proven(quote, approval_uri)


def receive_reject(activity: Activity) -> None:
    """A remote author refuses a quote by one of ours; all else that is rejected is a follow."""
    quote = _find_asked(activity)
    if quote is None:
        return accounts_inbox.receive_reject(activity)
    with transaction.atomic():
        if reject_quote(quote):
            outbox.send_silent_update(quote.status)


def _find_asked(activity: Activity) -> Quote | None:
    """Return the quote of ours that an answer is about; only the quoted author can answer."""
    if activity.object_type not in (None, "QuoteRequest"):
        return None
    asked = Quote.objects.filter(
        status__is_local=True, quoted__is_local=False, quoted__account__uri=activity.actor_uri
    ).select_related("status__account", "quoted__account")
    by_id = asked.exclude(request_uri="").filter(request_uri=activity.object_uri).first()
    if by_id is not None:
        return by_id
    inner = activity.object_document() or {}
    instrument_uri, quoted_uri = id_of(inner.get("instrument")) or "", id_of(inner.get("object")) or ""
    return asked.filter(status__uri=instrument_uri, quoted_uri=quoted_uri).first()
