"""Requests of people whose notifications were held back, as apps see them.

Called by `timelines/api/notification_policy.py`. Source: Mastodon docs, "NotificationRequest".
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count

from accounts.entities import render_accounts
from accounts.models import Account
from core.api.rendering import iso
from timelines.entities.status import render_statuses_by_id
from timelines.models import Notification, NotificationRequest
from timelines.notification_requests import SPOKEN
from timelines.visibility import load_visible_statuses

Entity = dict[str, Any]


def render_requests(requests: Sequence[NotificationRequest], viewer: Account) -> list[Entity]:
    """Return the entities of a page of requests (``from_account`` loaded)."""
    accounts = render_accounts([row.from_account for row in requests])
    ids = [row.last_status_id for row in requests if row.last_status_id is not None]
    shown = load_visible_statuses(viewer, ids)
    statuses = render_statuses_by_id([status.pk for status in shown], viewer)
    counts = _load_counts(requests, viewer)
    return [
        {
            "id": str(row.pk),
            "created_at": iso(row.created_at),
            "updated_at": iso(row.updated_at),
            "account": account,
            # A string, unlike the count of a group.
            "notifications_count": str(counts.get(row.from_account_id, 0)),
            "last_status": statuses.get(row.last_status_id or 0),
        }
        for row, account in zip(requests, accounts, strict=True)
    ]


def _load_counts(requests: Sequence[NotificationRequest], viewer: Account) -> dict[int, int]:
    senders = [row.from_account_id for row in requests]
    held_back = Notification.objects.filter(
        account=viewer, from_account__in=senders, filtered=True, type__in=SPOKEN
    )
    return dict(held_back.order_by().values_list("from_account").annotate(Count("pk")))
