"""Quotes: made with a status, agreed to, refused, withdrawn, gone.

Called by statuses and edits (which hold the transaction), by the API doors, by timelines/remote_quotes.py and
timelines/inbox_quotes.py. Every change of a state is a guarded UPDATE, so that ``quotes_count`` counts each
accepted quote once. Who changes one locks the quoted status first, as its deletion does.
Source: API behaviours section 16; contract of the federation 3.4.
"""

from collections.abc import Collection

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from accounts.models import Account
from core.api.pagination import Page
from core.api.parameters import as_id
from core.errors import Forbidden, NotFound, Unprocessable
from core.text import render_quote_line
from timelines import live, outbox
from timelines.documents import stamp_uri
from timelines.models import Notification, Quote, Status
from timelines.notifications import forget_notification, notify
from timelines.quote_policy import (
    Permission,
    automatic_for,
    checked_policy,
    load_ties,
    permission,
)
from timelines.visibility import OPEN, get_visible_status, visible

_OPEN_STATES = (Quote.State.ACCEPTED, Quote.State.PENDING)


# Quoting


def find_quotable(account: Account, quoted_status_id: object) -> Status | None:
    """Return the status that a draft quotes, of a reblog the original, or None.

    Raises NotFound when ``account`` may not see or not quote it: nobody learns which.
    """
    if quoted_status_id in (None, ""):
        return None
    found = get_visible_status(account, quoted_status_id)
    status = found.reblog_of or found
    if permission(status, account.pk, load_ties(account.pk, [status])) == Permission.DENIED:
        raise NotFound(cause="a status that must not be quoted")
    return status


def quoting_visibility(visibility: str, quoted: Status | None) -> str:
    """Return who may see a status that quotes another: what is for followers goes no further."""
    if quoted is not None and quoted.visibility not in OPEN and visibility in OPEN:
        return Status.Visibility.PRIVATE
    return visibility


def require_mentioned(
    account: Account, visibility: str, quoted: Status | None, mentioned: Collection[Account]
) -> None:
    """Raise Unprocessable when a direct status speaks of somebody's post behind their back."""
    if quoted is None or visibility != Status.Visibility.DIRECT or quoted.account_id == account.pk:
        return
    if quoted.account_id not in {person.pk for person in mentioned}:
        raise Unprocessable(_("Mention the author of the post that you quote"))


def with_quote_line(html: str, quoted: Status | None) -> str:
    """Return the HTML of a status, headed by a link to what it quotes unless it links there itself."""
    if quoted is None:
        return html
    line = render_quote_line(quoted.url or quoted.uri)
    return html if quoted.uri in html or _address_of(line) in html else line + html


def _address_of(line: str) -> str:
    return line.partition(' href="')[2].partition('"')[0]


def create_quote(status: Status, quoted: Status) -> Quote:
    """Let a new status of a local account quote: what is ours is shown at once, else its author decides."""
    quote = Quote.objects.create(status=status, quoted=quoted, quoted_uri=quoted.uri)
    if quoted.is_local:
        is_own = quoted.account_id == status.account_id
        accept_quote(quote, "" if is_own else stamp_uri(quote, quoted.account))
    return quote


def find_quote(status: Status) -> Quote | None:
    """Return the quote of a status, or None."""
    return Quote.objects.filter(status=status).select_related("quoted__account").first()


# Consent


def accept_quote(quote: Quote, approval_uri: str) -> bool:
    """Show a quote that was pending, and tell the quoted author; return whether it was pending.

    ``approval_uri`` is the id of the stamp, "" when nobody had to be asked. Call it inside a transaction.
    """
    _lock_quoted(quote)
    pending = Quote.objects.filter(pk=quote.pk, state=Quote.State.PENDING)
    if not pending.update(state=Quote.State.ACCEPTED, approval_uri=approval_uri):
        return False
    quote.state, quote.approval_uri = Quote.State.ACCEPTED, approval_uri
    if not _count(quote, 1):
        raise NotFound(cause="deleted while it was quoted")
    assert quote.quoted is not None
    notify(
        [quote.quoted.account_id],
        Notification.Type.QUOTE,
        quote.status.account,
        origin_id=quote.pk,
        status=quote.status,
    )
    return True


def reject_quote(quote: Quote) -> bool:
    """Refuse a pending quote, withdraw from an accepted one; return whether anything changed.

    Call it inside a transaction.
    """
    _lock_quoted(quote)
    rows = Quote.objects.filter(pk=quote.pk)
    if rows.filter(state=Quote.State.ACCEPTED).update(state=Quote.State.REVOKED):
        quote.state = Quote.State.REVOKED
        _count(quote, -1)
        forget_notification(Notification.Type.QUOTE, quote.pk)
    elif rows.filter(state=Quote.State.PENDING).update(state=Quote.State.REJECTED):
        quote.state = Quote.State.REJECTED
    else:
        return False
    live.enqueue_update(quote.status_id)
    return True


def revoke_quote(account: Account, status: Status, quoting_status_id: object) -> Status:
    """Take ``account``'s consent to a quote of its status back, and return the quoting status.

    Whoever blocks or hides from the author cannot keep consent that way. Raises Forbidden (somebody else's
    status) and NotFound (no quote of it).
    """
    if status.account_id != account.pk:
        raise Forbidden()
    rows = Quote.objects.filter(status=as_id(quoting_status_id) or 0, status__deleted_at__isnull=True)
    quote = rows.filter(quoted=status).select_related("status__account").first()
    if quote is None:
        raise NotFound()
    quote.quoted = status
    with transaction.atomic():
        if reject_quote(quote) and quote.approval_uri:
            outbox.send_stamp_deletion(quote)
    return quote.status


def _lock_quoted(quote: Quote) -> None:
    Status.objects.select_for_update(no_key=True).filter(pk=quote.quoted_id).values_list("pk").first()


def _count(quote: Quote, step: int) -> bool:
    counted = Status.objects.filter(pk=quote.quoted_id)
    if step > 0:
        counted = counted.kept()
    return bool(counted.update(quotes_count=Greatest(F("quotes_count") + step, 0)))


def drop_quote(status: Status) -> None:
    """Let a status quote nothing any more; call it inside a transaction."""
    quote = Quote.objects.filter(status=status).first()
    if quote is None:
        return
    _lock_quoted(quote)
    quote.refresh_from_db(fields=["state"])
    if quote.state == Quote.State.ACCEPTED:
        _count(quote, -1)
    forget_notification(Notification.Type.QUOTE, quote.pk)
    quote.delete()


def forget_quotes(status: Status) -> None:
    """Let go what hangs on a status that is deleted: its own quote, and what others see of it in theirs."""
    drop_quote(status)
    quoting = Quote.objects.filter(quoted=status, state__in=_OPEN_STATES)
    quoting.update(state=Quote.State.DELETED)


# Who may


def change_policy(status: Status, wanted: str | None) -> bool:
    """Say anew who may quote a status of a local account; return whether that is another answer.

    Quotes that are shown stay. Raises Unprocessable: a reblog, or no such policy.
    """
    if status.reblog_of_id is not None:
        raise Unprocessable(_("A reblog cannot be edited"))
    automatic = automatic_for(checked_policy(status.account, wanted), status.visibility)
    if automatic == list(status.quote_automatic):
        return False
    status.quote_automatic = automatic
    with transaction.atomic():
        status.save(update_fields=["quote_automatic"])
        outbox.send_silent_update(status)
    return True


def quotes_page(status: Status, viewer: Account, page: Page) -> tuple[list[Status], list[int]]:
    """Return what quotes a status for ``viewer`` to see, the latest first, and the ids of the quotes."""
    rows = Quote.objects.filter(visible("status__", viewer), quoted=status, state=Quote.State.ACCEPTED)
    found = page.slice(rows.select_related("status"))
    return [row.status for row in found], [row.pk for row in found]
