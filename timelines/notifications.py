"""Notifications: told once per cause, within the transaction of what they tell about, and read page by page.

`notify` is called by statuses, interactions and the handlers of follow events; the rest by the API doors.
Source: API behaviours section 12.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Account, Block, DomainBlock, Follow, Membership, Mute, User
from core.api.pagination import Page
from core.api.parameters import as_id
from core.errors import NotFound
from core.prepared import Prepared
from timelines import live, pushing
from timelines.conversation_mutes import muting_accounts
from timelines.entities.notification_rows import ShownNotification
from timelines.models import Collection, Marker, Notification, Quote, Status
from timelines.notification_groups import group_keys, heads, members_of
from timelines.notification_policy import judge
from timelines.notification_requests import SPOKEN, remember_request
from timelines.push import subscribed_accounts
from timelines.visibility import visible

_BATCH = 500
_NONE: Mapping[int, int] = MappingProxyType({})


def notify(
    recipient_ids: Iterable[int],
    type: str,
    from_account: Account,
    *,
    origin_id: int,
    status: Status | None = None,
    collection: Collection | None = None,
) -> None:
    """Tell local accounts what ``from_account`` did; ``origin_id`` is the row that caused it.

    Call it inside the transaction of the cause; a second call for the same cause does nothing. Whoever
    blocks, mutes or is ``from_account`` is not told, nor who mutes the thread. Apps that listen hear of it
    after the commit.
    """
    ids = list(recipient_ids)
    if not ids:
        return
    willing = _willing(ids, from_account)
    if status is not None:
        willing = willing.exclude(pk__in=muting_accounts(status))
    verdicts = judge(willing, type, from_account, status, timezone.now())
    _tell(verdicts, type, from_account, origin_id=origin_id, status=status, collection=collection)


def notify_author(type: str, *, origin_id: int, status: Status) -> None:
    """Tell the author, if local, what became of the own status, such as the end of its poll."""
    author = Account.objects.local().available().filter(pk=status.account_id)
    verdicts = dict.fromkeys(author.values_list("pk", flat=True), False)
    _tell(verdicts, type, status.account, origin_id=origin_id, status=status)


def notify_staff(
    type: str, from_account: Account, *, origin_id: int, subject: dict[str, Any] | None = None
) -> None:
    """Tell moderators and administrators; ``subject`` is what a notification of this type shows besides."""
    people = Membership.objects.filter(
        role=Membership.Role.OWNER,
        user__role__in=(User.Role.ADMIN, User.Role.MODERATOR),
        user__disabled_at__isnull=True,
        user__confirmed_at__isnull=False,
    )
    staff = Account.objects.local().available().filter(pk__in=people.values("account"))
    verdicts = dict.fromkeys(staff.exclude(pk=from_account.pk).values_list("pk", flat=True), False)
    _tell(verdicts, type, from_account, origin_id=origin_id, status=None, subject=subject)


def change_subject(type: str, origin_id: int, subject: dict[str, Any]) -> None:
    """Keep up to date what notifications of a cause on a higher floor show of it."""
    Notification.objects.filter(type=type, origin_id=origin_id).update(subject=subject)


def notify_quoting(status: Status, *, origin_id: int) -> None:
    """Tell local accounts that what they quote was edited; each is shown the latest own status quoting it."""
    rows = Quote.objects.filter(
        quoted=status,
        state=Quote.State.ACCEPTED,
        status__account__domain__isnull=True,
        status__deleted_at__isnull=True,
    )
    own = dict(rows.order_by("pk").values_list("status__account_id", "status_id"))
    if own:
        verdicts = dict.fromkeys(_willing(list(own), status.account).values_list("pk", flat=True), False)
        _tell(
            verdicts,
            Notification.Type.QUOTED_UPDATE,
            status.account,
            origin_id=origin_id,
            status=None,
            own_status_ids=own,
        )


def _tell(
    verdicts: dict[int, bool],
    type: str,
    from_account: Account,
    *,
    origin_id: int,
    status: Status | None,
    own_status_ids: Mapping[int, int] = _NONE,
    subject: dict[str, Any] | None = None,
    collection: Collection | None = None,
) -> None:
    """Write the rows; ``verdicts`` says by recipient whether it is held back.

    ``own_status_ids`` says by recipient which status is shown instead of ``status``.
    """
    if not verdicts:
        return
    told = Notification.objects.filter(type=type, origin_id=origin_id)
    known = told.filter(account__in=list(verdicts)).values_list("account", flat=True)
    new_ids = sorted(verdicts.keys() - set(known))
    now = timezone.now()
    shown = [account_id for account_id in new_ids if not verdicts[account_id]]
    keys = group_keys(type, status, shown, now)
    rows = [
        Notification(
            account_id=recipient_id,
            from_account=from_account,
            type=type,
            status_id=own_status_ids.get(recipient_id, status.pk if status else None),
            collection=collection,
            origin_id=origin_id,
            group_key=keys.get(recipient_id, ""),
            filtered=verdicts[recipient_id],
            subject=subject,
            created_at=now,
        )
        for recipient_id in new_ids
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_BATCH)
    held_back = [account_id for account_id in new_ids if verdicts[account_id]]
    if held_back and type in SPOKEN:
        remember_request(held_back, from_account, status, now)
    for start in range(0, len(shown), _BATCH):
        # Asked for, since a row that may meet a conflict does not bring its id along.
        batch = told.filter(account__in=shown[start : start + _BATCH])
        _enqueue_streaming(list(batch.values_list("pk", flat=True)))


def _willing(ids: Sequence[int], sender: Account) -> "QuerySet[Account]":
    """Return those who want to hear from ``sender``."""
    refusing = (
        Q(pk__in=Block.objects.filter(target=sender).values("account"))
        | Q(pk__in=Block.objects.filter(account=sender).values("target"))
        | Q(pk__in=Mute.objects.active().filter(target=sender, hide_notifications=True).values("account"))
    )
    if sender.domain is not None:
        followers = Follow.objects.accepted().filter(target=sender).values("account")
        blocking = DomainBlock.objects.filter(domain=sender.domain).values("account")
        refusing |= Q(pk__in=blocking) & ~Q(pk__in=followers)
    willing = Account.objects.local().available().filter(pk__in=ids)
    return willing.exclude(pk=sender.pk).exclude(refusing)


_LISTENING = Prepared(
    lambda author: (
        Follow.objects.accepted()
        .filter(target=author, notify=True, account__domain__isnull=True)
        .values_list("account")
    ),
    author=int,
)


def notify_followers(status: Status) -> None:
    """Tell the local followers who asked to hear of every post of this author, replies to others apart."""
    answers_another = bool(status.in_reply_to_uri) and status.in_reply_to_account_id != status.account_id
    if answers_another or status.visibility in (Status.Visibility.DIRECT, Status.Visibility.LIMITED):
        return
    notify(
        [follower_id for (follower_id,) in _LISTENING.tuples(author=status.account_id)],
        Notification.Type.STATUS,
        status.account,
        origin_id=status.pk,
        status=status,
    )


def forget_notification(type: str, origin_id: int) -> None:
    """Take back what was told about a cause that is gone, such as a favourite."""
    Notification.objects.filter(type=type, origin_id=origin_id).delete()


def forget_notifications_about(status: Status) -> None:
    """Take back all that was told about a status that is deleted."""
    Notification.objects.filter(status=status).delete()


def _enqueue_streaming(ids: list[int]) -> None:
    transaction.on_commit(lambda: stream_notifications.delay(notification_ids=ids), robust=True)


@shared_task(name="timelines.stream_notifications", queue="push")
def stream_notifications(*, notification_ids: list[int]) -> None:
    """Send new notifications to the apps that listen, and hand them out to those that want them pushed."""
    rows = Notification.objects.filter(pk__in=notification_ids).select_related("account")
    recipients = {row.account_id: row for row in rows}
    listening, subscribed = set(live.listening(recipients)), subscribed_accounts(recipients)
    for account_id in listening | subscribed:
        row = recipients[account_id]
        for notification in readable_notifications(row.account).filter(pk=row.pk):
            if account_id in listening:
                live.publish_notification(row.account, notification)
            if account_id in subscribed:
                pushing.enqueue(notification)


# Reading


def readable_notifications(account: Account) -> "QuerySet[Notification]":
    """Return what ``account`` was told and may still see: nothing by blocked or muted people."""
    muted = Mute.objects.active().filter(account=account, hide_notifications=True)
    hidden = (
        Q(from_account__in=muted.values("target"))
        | Q(from_account__in=Block.objects.filter(account=account).values("target"))
        | Q(from_account__in=Block.objects.filter(target=account).values("account"))
        | Q(from_account__suspended_at__isnull=False)
    )
    shown = Q(status__isnull=True) | visible("status__", account)
    rows = Notification.objects.filter(shown, account=account)
    return rows.exclude(hidden).select_related("from_account", "status")


def filter_notifications(
    rows: "QuerySet[Notification]",
    *,
    types: Sequence[str] = (),
    exclude_types: Sequence[str] = (),
    account_id: object = None,
    include_filtered: bool = False,
) -> "QuerySet[Notification]":
    """Keep the asked types, leave out others, keep those by one account (its id as a client sent it).

    What the policy holds back is left out too, unless asked for or by the one account.
    """
    if types:
        rows = rows.filter(type__in=types)
    if exclude_types:
        rows = rows.exclude(type__in=exclude_types)
    if account_id not in (None, ""):
        rows = rows.filter(from_account=as_id(account_id) or 0)
    elif not include_filtered:
        rows = rows.filter(filtered=False)
    return rows


@dataclass(frozen=True)
class Part:
    """Which notifications are asked for; ``account_id`` as a client sent it."""

    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    account_id: object = None
    include_filtered: bool = False


def notification_page(account: Account, part: Part, page: Page) -> list[ShownNotification]:
    """Return a page of what ``account`` was told, newest first."""
    by_sender = part.account_id not in (None, "")
    sender = {"sender": as_id(part.account_id) or 0} if by_sender else {}
    query = _page(
        _known(part.types), _known(part.exclude_types), part.include_filtered, by_sender, page.is_upwards
    )
    rows = query.tuples(account=account.pk, above=page.above, below=page.below, limit=page.limit, **sender)
    found = [ShownNotification.read(row) for row in rows]
    return found[::-1] if page.is_upwards else found


def _known(types: Sequence[str]) -> tuple[str, ...]:
    """Return each type once, in one order; what there is no type of counts as one that nobody has."""
    return tuple(sorted({name if name in Notification.Type.values else "" for name in types}))


@lru_cache(maxsize=64)
def _page(
    types: tuple[str, ...],
    exclude_types: tuple[str, ...],
    include_filtered: bool,
    by_sender: bool,
    upwards: bool,
) -> "Prepared[Notification]":
    def build(
        account: int, above: int, below: int, sender: int | None = None
    ) -> "QuerySet[Notification, Any]":
        rows = filter_notifications(
            readable_notifications(Account(pk=account)).select_related(None),
            types=types,
            exclude_types=exclude_types,
            include_filtered=include_filtered or by_sender,
        )
        if sender is not None:
            rows = rows.filter(from_account=sender)
        ordered = rows.filter(pk__gt=above, pk__lt=below).order_by("pk" if upwards else "-pk")
        return ordered.values_list(*ShownNotification._fields)

    places = {"account": int, "above": int, "below": int} | ({"sender": int} if by_sender else {})
    return Prepared(build, **places)


def get_notification(account: Account, notification_id: object) -> Notification:
    """Return one notification of ``account``. Raises NotFound."""
    found = readable_notifications(account).filter(pk=as_id(notification_id) or 0).first()
    if found is None:
        raise NotFound()
    return found


def dismiss(account: Account, notification_id: object) -> None:
    """Remove one notification. Raises NotFound."""
    deleted, _ = Notification.objects.filter(account=account, pk=as_id(notification_id) or 0).delete()
    if not deleted:
        raise NotFound()


def dismiss_group(account: Account, group_key: str) -> None:
    """Remove a group of notifications. Raises NotFound."""
    deleted, _ = members_of(Notification.objects.filter(account=account), group_key).delete()
    if not deleted:
        raise NotFound()


def clear(account: Account) -> None:
    """Remove all notifications of ``account``."""
    Notification.objects.filter(account=account).delete()


def unread(account: Account, rows: "QuerySet[Notification]") -> "QuerySet[Notification]":
    """Keep those that are newer than what ``account`` has read."""
    marker = Marker.objects.filter(account=account, timeline=Marker.Timeline.NOTIFICATIONS).first()
    return rows if marker is None else rows.filter(pk__gt=marker.last_read_id)


def count_unread(account: Account, rows: "QuerySet[Notification]", limit: int) -> int:
    """Return how many of these are newer than what ``account`` has read, at most ``limit``."""
    return unread(account, rows).order_by()[:limit].count()


def count_unread_groups(
    account: Account, rows: "QuerySet[Notification]", limit: int, grouped_types: Sequence[str]
) -> int:
    """Return in how many groups something is newer than what ``account`` has read, at most ``limit``."""
    return heads(unread(account, rows), grouped_types).order_by()[:limit].count()
