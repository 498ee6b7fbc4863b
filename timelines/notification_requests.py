"""People whose mentions were held back, and the answer to them: to hear of them from now on, or to forget it.

`remember_request` is called by timelines/notifications.py, the rest by the API doors; `merge_notifications`
is the job behind an acceptance, and `sweep_merges` starts it again where it was lost.
Source: API behaviours section 12; Mastodon docs, "NotificationRequest".
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from celery import shared_task
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Account
from core.errors import NotFound
from timelines import live
from timelines.models import Notification, NotificationPermission, NotificationRequest, Status
from timelines.visibility import visible_accounts

SPOKEN = ("mention", "quote")
MOST_PENDING = 100
_SWEPT = 500


def remember_request(
    account_ids: Collection[int], sender: Account, status: Status | None, now: datetime
) -> None:
    """Note that ``sender`` wrote to these accounts and was held back; the newest status counts."""
    NotificationRequest.objects.bulk_create(
        [
            NotificationRequest(
                account_id=account_id, from_account=sender, last_status=status, created_at=now, updated_at=now
            )
            for account_id in sorted(account_ids)
        ],
        update_conflicts=True,
        unique_fields=["account", "from_account"],
        update_fields=["last_status", "updated_at"],
    )


def list_requests(account: Account) -> "QuerySet[NotificationRequest]":
    """Return the requests that wait for an answer of ``account``, of people it may still see."""
    held_back = Notification.objects.filter(
        account=account, from_account=OuterRef("from_account"), filtered=True, type__in=SPOKEN
    )
    seen = visible_accounts(Account.objects.all(), account)
    rows = NotificationRequest.objects.filter(Exists(held_back), account=account, from_account__in=seen)
    return rows.select_related("from_account", "last_status")


def get_request(account: Account, request_id: int | None) -> NotificationRequest:
    """Return one request to ``account``. Raises NotFound."""
    found = list_requests(account).filter(pk=request_id or 0).first()
    if found is None:
        raise NotFound()
    return found


@dataclass(frozen=True)
class Pending:
    """How much waits for an answer, each up to MOST_PENDING."""

    requests: int
    notifications: int


def count_pending(account: Account) -> Pending:
    """Return how many people wait for an answer, and with how many notifications."""
    held_back = Notification.objects.filter(
        account=account, filtered=True, type__in=SPOKEN, from_account__suspended_at__isnull=True
    )
    return Pending(
        list_requests(account).order_by()[:MOST_PENDING].count(),
        held_back.order_by()[:MOST_PENDING].count(),
    )


def accept_requests(account: Account, requests: Iterable[NotificationRequest]) -> None:
    """Hear of these people from now on, for good; what was held back comes to light by a job."""
    rows = list(requests)
    with transaction.atomic():
        NotificationPermission.objects.bulk_create(
            [NotificationPermission(account=account, from_account_id=row.from_account_id) for row in rows],
            ignore_conflicts=True,
        )
        NotificationRequest.objects.filter(pk__in=[row.pk for row in rows]).delete()
        for row in rows:
            _enqueue_merge(account.pk, row.from_account_id)


def dismiss_requests(account: Account, requests: Iterable[NotificationRequest]) -> None:
    """Forget what these people wrote so far; what they write next asks again."""
    rows = list(requests)
    senders = [row.from_account_id for row in rows]
    with transaction.atomic():
        Notification.objects.filter(account=account, from_account__in=senders, filtered=True).delete()
        NotificationRequest.objects.filter(pk__in=[row.pk for row in rows]).delete()


def is_merged(account: Account) -> bool:
    """Tell whether all that was accepted has come to light."""
    return not _unmerged().filter(account=account).exists()


def _unmerged() -> "QuerySet[Notification]":
    permitted = NotificationPermission.objects.filter(
        account=OuterRef("account"), from_account=OuterRef("from_account")
    )
    return Notification.objects.filter(Exists(permitted), filtered=True)


def _enqueue_merge(account_id: int, from_account_id: int) -> None:
    def enqueue() -> None:
        merge_notifications.delay(account_id=account_id, from_account_id=from_account_id)

    transaction.on_commit(enqueue, robust=True)


@shared_task(name="timelines.merge_notifications", queue="default")
def merge_notifications(*, account_id: int, from_account_id: int) -> None:
    """Let come to light what was held back of somebody who is accepted; apps that listen are told."""
    pair = _unmerged().filter(account=account_id, from_account=from_account_id)
    Notification.objects.filter(pk__in=pair.values("pk")).update(filtered=False)
    if not _unmerged().filter(account=account_id).exists():
        live.publish_notifications_merged(account_id)


def sweep_merges() -> None:
    """Start the job again for what was accepted and is still held back; called by the clock."""
    pairs = _unmerged().order_by().values_list("account", "from_account").distinct()
    for account_id, from_account_id in pairs[:_SWEPT]:
        merge_notifications.delay(account_id=account_id, from_account_id=from_account_id)
