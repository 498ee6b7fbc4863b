"""Quotes by statuses of other servers: stored with them, shown once the quoted author's consent is proven.

Called by timelines/remote.py, timelines/remote_edits.py, timelines/inbox.py and the API door. Whether one of
ours agreed is said by our own row alone (timelines/inbox_quotes.py), never by what another server writes.
Source: FEP-044f; contract of the federation 3.7 ("Quote"), 3.8.
"""

import logging

from celery import shared_task
from django.core.cache import cache
from django.db import transaction

from accounts.models import Account
from core.errors import AppError
from core.prepared import Key, Prepared
from federation.fetch import DocumentGone, fetch_document
from timelines import live, outbox
from timelines.documents import NoteValues, QuoteValues, is_stamp, policy_keys
from timelines.models import Quote, Status
from timelines.quotes import accept_quote, drop_quote, reject_quote
from timelines.visibility import OPEN

log = logging.getLogger(__name__)

_MOST_LINKED = 500
_CHECKED_SECONDS = 86_400


def policies(values: NoteValues, author: Account) -> dict[str, list[str]]:
    """Return the columns of a status that say who may quote it."""
    return {
        "quote_automatic": policy_keys(values.quote_policy.automatic, author),
        "quote_manual": policy_keys(values.quote_policy.manual, author),
    }


_WAITING = Prepared(
    lambda uri: Quote.objects.filter(
        quoted_uri=uri, quoted__isnull=True, state=Quote.State.PENDING
    ).values_list("pk"),
    uri=Key,
)


def save_quote(status: Status, values: QuoteValues | None) -> None:
    """Store what a new remote status quotes; inside the transaction that writes it.

    Oneself may be quoted without asking. All else waits for `verify`.
    """
    if values is None:
        return
    if not values.uri:
        Quote.objects.create(status=status, state=Quote.State.DELETED)
        return
    quoted = Status.objects.kept().originals().filter(uri=values.uri).select_related("account").first()
    quote = Quote.objects.create(
        status=status,
        quoted=quoted,
        quoted_uri=values.uri,
        approval_uri=values.approval_uri,
        legacy=values.legacy,
    )
    if _is_own(quote):
        accept_quote(quote, "")


def change_quote(status: Status, values: QuoteValues | None) -> bool:
    """Let an edited remote status quote what it quotes now; return whether that is something else."""
    quote = Quote.objects.filter(status=status).first()
    before, after = quote.quoted_uri if quote else None, values.uri if values else None
    if before == after or (values is not None and not values.uri):
        update_consent(status, values)
        return False
    drop_quote(status)
    save_quote(status, values)
    return True


def update_consent(status: Status, values: QuoteValues | None) -> None:
    """Take over what a document says about consent to the same quote as before; in the caller's transaction.

    A stamp that came is kept to be verified, one that went withdraws the quote.
    """
    quote = Quote.objects.filter(status=status).select_related("status", "quoted").first()
    if quote is None or values is None or values.uri != quote.quoted_uri or quote.quoted is None:
        return
    if quote.quoted.is_local or _is_own(quote):
        return
    if quote.state == Quote.State.PENDING and values.approval_uri != quote.approval_uri:
        quote.approval_uri, quote.legacy = values.approval_uri, values.legacy
        quote.save(update_fields=["approval_uri", "legacy"])
    elif quote.state == Quote.State.ACCEPTED and not values.approval_uri:
        reject_quote(quote)


def find_unverified(quote_id: int) -> Quote | None:
    """Return a quote that waits for consent, with both statuses, unless it is by one of ours."""
    rows = Quote.objects.filter(pk=quote_id, state=Quote.State.PENDING, status__is_local=False)
    return rows.select_related("status__account", "quoted__account").first()


def needs_check(status: Status) -> int | None:
    """Return the id of the quote of a remote status that has to be looked into, or None."""
    pending = Quote.objects.filter(status=status, state=Quote.State.PENDING)
    found = pending.values_list("pk", "quoted_id", "quoted__is_local", "approval_uri").first()
    if found is None:
        return None
    quote_id, quoted_id, is_ours, approval_uri = found
    return quote_id if quoted_id is None or (approval_uri and not is_ours) else None


def link(status: Status) -> list[int]:
    """Hang quotes that were here before their status under it; return the ids of the quotes."""
    ids = [pk for (pk,) in _WAITING.tuples(uri=status.uri, limit=_MOST_LINKED)]
    Quote.objects.filter(pk__in=ids).update(quoted=status)
    return ids


def verify(quote: Quote) -> None:
    """Show a quote if its author quotes oneself, or the quoted author's stamp says so; may use the network.

    Call it outside transactions. Raises what fetching the stamp raises.
    """
    if quote.quoted is None or quote.quoted.is_local:
        return
    is_own = _is_own(quote)
    if not is_own and not (quote.approval_uri and is_stamp(fetch_document(quote.approval_uri), quote)):
        log.info("quote_without_consent", extra={"quote_id": quote.pk})
        return
    accept_proven(quote, "" if is_own else quote.approval_uri)


def accept_proven(quote: Quote, approval_uri: str) -> None:
    """Show a pending quote with the consent that has just come, and tell all who know it without."""
    with transaction.atomic():
        if accept_quote(quote, approval_uri):
            cache.set(_checked_key(quote.pk), 1, _CHECKED_SECONDS)
            live.enqueue_update(quote.status_id)
            outbox.send_silent_update(quote.status)


def recheck_if_stale(status: Status) -> None:
    """Look at the stamp of a quote anew when somebody looks at it, at most once a day; later, in a job."""
    proven = Quote.objects.filter(status=status.reblog_of_id or status.pk, state=Quote.State.ACCEPTED)
    elsewhere = proven.filter(quoted__is_local=False).exclude(approval_uri="")
    quote_id = elsewhere.values_list("pk", flat=True).first()
    if quote_id is not None and cache.add(_checked_key(quote_id), 1, _CHECKED_SECONDS):
        transaction.on_commit(lambda: recheck_quote.delay(quote_id=quote_id), robust=True)


def _checked_key(quote_id: int) -> str:
    return f"quote_checked:{quote_id}"


@shared_task(name="timelines.recheck_quote", queue="default")
def recheck_quote(*, quote_id: int) -> None:
    """Hide a quote whose stamp is gone or says something else by now; a server that fails changes nothing."""
    rows = Quote.objects.filter(pk=quote_id, state=Quote.State.ACCEPTED, quoted__is_local=False)
    quote = rows.select_related("status__account", "quoted__account").first()
    if quote is None or quote.quoted is None:
        return
    try:
        holds = is_stamp(fetch_document(quote.approval_uri), quote)
    except DocumentGone:
        # What is not for everybody may just not be shown to us.
        holds = quote.quoted.visibility not in OPEN
    except AppError as error:
        log.info("quote_not_rechecked", extra={"quote_id": quote_id, "cause": str(error)})
        return
    if not holds:
        _withdraw(quote)


def _withdraw(quote: Quote) -> None:
    with transaction.atomic():
        if reject_quote(quote):
            # The servers of our author's followers learn of it by the missing stamp.
            outbox.send_silent_update(quote.status)


def _is_own(quote: Quote) -> bool:
    return quote.quoted is not None and quote.quoted.account_id == quote.status.account_id


def withdraw_stamp(uri: str, actor_uri: str) -> bool:
    """Hide what is quoted by a consent that its author, elsewhere, takes back; return whether it is known."""
    rows = Quote.objects.filter(approval_uri=uri, quoted__account__uri=actor_uri, quoted__is_local=False)
    found = list(rows.select_related("status__account", "quoted__account"))
    for quote in found:
        _withdraw(quote)
    return bool(found)
