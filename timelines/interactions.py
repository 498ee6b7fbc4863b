"""What accounts do with statuses: favourite, reblog, bookmark, pin, and take it back.

Called by the API doors for our people and by timelines/inbox.py for others. Everything may be repeated.
Whether the account may see the status is the caller's question; a reblog stands for its original.
Source: API behaviours section 9.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.entities import default_visibility
from accounts.models import Account
from core.errors import Forbidden, NotFound, Unprocessable
from core.ids import new_id
from timelines import outbox
from timelines.models import Bookmark, Favourite, Notification, Status, StatusPin
from timelines.notifications import forget_notification, notify
from timelines.statuses import delete_status, status_created
from timelines.visibility import OPEN

MAX_PINS = 5
# From open to closed; a reblog is never more open than its original.
_RANK = (Status.Visibility.PUBLIC, Status.Visibility.UNLISTED, Status.Visibility.PRIVATE)


def original_of(status: Status) -> Status:
    """Return the status itself, or what it reblogs."""
    return status.reblog_of or status


def favourite(account: Account, status: Status, *, uri: str = "") -> Favourite:
    """Let ``account`` favour a status and tell its author. ``uri`` is the activity that said so elsewhere.

    Raises NotFound when it was deleted meanwhile.
    """
    status = original_of(status)
    with transaction.atomic():
        values = {"uri": uri, "created_at": timezone.now()}
        row, created = Favourite.objects.get_or_create(account=account, status=status, defaults=values)
        if not created:
            return row
        counted = Status.objects.kept().filter(pk=status.pk)
        if not counted.add_to_count("favourites_count", 1, told=account.is_local):
            raise NotFound(cause="deleted while it was favoured")
        notify(
            [status.account_id],
            Notification.Type.FAVOURITE,
            account,
            origin_id=row.pk,
            status=status,
        )
        outbox.send_like(row)
    return row


def unfavourite(account: Account, status: Status) -> None:
    """Take a favourite back."""
    status = original_of(status)
    with transaction.atomic():
        row = Favourite.objects.select_for_update().filter(account=account, status=status).first()
        if row is None:
            return
        outbox.send_undo_like(row)
        forget_notification(Notification.Type.FAVOURITE, row.pk)
        row.delete()
        counted = Status.objects.filter(pk=status.pk)
        counted.add_to_count("favourites_count", -1, told=account.is_local)


def find_reblog(account: Account, status: Status) -> Status | None:
    """Return the reblog of a status by ``account``, or None."""
    reblogs = Status.objects.kept().filter(account=account, reblog_of=original_of(status))
    return reblogs.select_related("account", "reblog_of__account").first()


def reblog(
    account: Account,
    status: Status,
    visibility: str | None = None,
    *,
    uri: str = "",
    created_at: datetime | None = None,
) -> Status:
    """Let ``account`` reblog a status and return the reblog, the one from before if there is one.

    ``uri`` and ``created_at`` are what another server says of its reblog. Raises Forbidden for a direct
    status and for a private one of somebody else, Unprocessable for an unknown visibility.
    """
    status = original_of(status)
    if earlier := find_reblog(account, status):
        return earlier
    chosen = _reblog_visibility(account, status, visibility)
    try:
        with transaction.atomic():
            return _write_reblog(account, status, chosen, uri, created_at)
    except IntegrityError:
        if earlier := find_reblog(account, status):
            return earlier
        raise


def _write_reblog(
    account: Account, status: Status, visibility: str, uri: str, created_at: datetime | None
) -> Status:
    reblog_id = new_id(created_at)
    row = Status.objects.create(
        id=reblog_id,
        uri=uri or f"{account.uri}/statuses/{reblog_id}/activity",
        account=account,
        is_local=account.is_local,
        visibility=visibility,
        language=status.language,
        reblog_of=status,
        created_at=created_at or timezone.now(),
    )
    status_created(row)
    outbox.send_announce(row)
    return row


def _reblog_visibility(account: Account, status: Status, wanted: str | None) -> str:
    if status.visibility == Status.Visibility.PRIVATE and status.account_id == account.pk:
        return Status.Visibility.PRIVATE
    if status.visibility not in OPEN:
        raise Forbidden()
    visibility = wanted or default_visibility(account)
    if visibility == Status.Visibility.DIRECT and not wanted:
        visibility = Status.Visibility.PRIVATE
    if visibility not in _RANK:
        raise Unprocessable(_("This visibility does not exist"))
    return max(status.visibility, visibility, key=_RANK.index)


def unreblog(account: Account, status: Status) -> None:
    """Take a reblog back; ``status`` is the original or the reblog itself."""
    row = find_reblog(account, status)
    if row is not None:
        delete_status(row)


def bookmark(account: Account, status: Status) -> None:
    """Keep a status for later; nobody else learns of it."""
    Bookmark.objects.get_or_create(
        account=account, status=original_of(status), defaults={"created_at": timezone.now()}
    )


def unbookmark(account: Account, status: Status) -> None:
    """Drop a bookmark."""
    Bookmark.objects.filter(account=account, status=original_of(status)).delete()


def pin(account: Account, status: Status) -> None:
    """Show an own status on top of the profile.

    Raises Unprocessable for somebody else's, a reblog, a direct one, and for the sixth pin of a local
    account.
    """
    _require_pinnable(account, status)
    with transaction.atomic():
        # One pin of an account at a time, so that two at once cannot both be the fifth.
        Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        pins = StatusPin.objects.filter(account=account)
        if pins.filter(status=status).exists():
            return
        if account.is_local and pins.filter(status__deleted_at__isnull=True).count() >= MAX_PINS:
            raise Unprocessable(_("You can pin at most %(limit)d posts") % {"limit": MAX_PINS})
        row = StatusPin.objects.create(account=account, status=status, created_at=timezone.now())
        outbox.send_pin(row)


def _require_pinnable(account: Account, status: Status) -> None:
    if status.account_id != account.pk:
        raise Unprocessable(_("You can only pin your own posts"))
    if status.reblog_of_id is not None:
        raise Unprocessable(_("A reblog cannot be pinned"))
    if status.visibility in (Status.Visibility.DIRECT, Status.Visibility.LIMITED):
        raise Unprocessable(_("A direct message cannot be pinned"))


def unpin(account: Account, status: Status) -> None:
    """Take an own status off the top of the profile."""
    with transaction.atomic():
        row = StatusPin.objects.select_for_update().filter(account=account, status=status).first()
        if row is not None:
            outbox.send_unpin(row)
            row.delete()
