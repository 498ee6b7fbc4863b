"""Notifications in the form of the API's second version: every notification is a group of its own.

Apps that go by our version number (4.3 and later) ask for groups and show nothing without them; which
notifications belong together is not decided here yet. Called by `timelines/api/grouped_notifications.py`.
Source: Mastodon docs, "GroupedNotificationsResults"; API behaviours section 12.
"""

from collections.abc import Sequence
from typing import Any

from accounts.entities import render_accounts
from accounts.models import Account
from core.api.rendering import iso
from timelines.entities.status import render_statuses
from timelines.models import Notification

PREFIX = "ungrouped-"


def render_groups(notifications: Sequence[Notification], viewer: Account) -> dict[str, Any]:
    """Return groups, and each account and status once (``from_account`` and ``status`` loaded)."""
    senders = {row.from_account_id: row.from_account for row in notifications}
    statuses = {row.status_id: row.status for row in notifications if row.status is not None}
    return {
        "accounts": render_accounts(list(senders.values())),
        "statuses": render_statuses(list(statuses.values()), viewer),
        "notification_groups": [_render_group(row) for row in notifications],
    }


def _render_group(row: Notification) -> dict[str, Any]:
    group: dict[str, Any] = {
        "group_key": f"{PREFIX}{row.pk}",
        "notifications_count": 1,
        "type": row.type,
        # A number, unlike all other ids: strict apps decode it as one.
        "most_recent_notification_id": row.pk,
        "page_min_id": str(row.pk),
        "page_max_id": str(row.pk),
        "latest_page_notification_at": iso(row.created_at),
        "sample_account_ids": [str(row.from_account_id)],
    }
    if row.status_id is not None:
        group["status_id"] = str(row.status_id)
    return group
