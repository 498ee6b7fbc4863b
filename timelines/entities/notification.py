"""Notifications as apps see them.

Called by the API doors and by streaming. Source: Mastodon docs, "Notification"; API behaviours section 12.
"""

from collections.abc import Sequence
from typing import Any

from accounts.entities import render_accounts
from accounts.models import Account
from core.api.rendering import iso
from timelines.entities.status import render_statuses
from timelines.models import Notification

Entity = dict[str, Any]


def render_notifications(notifications: Sequence[Notification], viewer: Account) -> list[Entity]:
    """Return the entities of a page of notifications (``from_account`` and ``status`` loaded)."""
    senders = {row.from_account_id: row.from_account for row in notifications}
    accounts = dict(zip(senders, render_accounts(list(senders.values())), strict=True))
    shown = {row.status_id: row.status for row in notifications if row.status is not None}
    statuses = dict(zip(shown, render_statuses(list(shown.values()), viewer), strict=True))
    return [_render(row, accounts, statuses) for row in notifications]


def _render(row: Notification, accounts: dict[int, Entity], statuses: dict[int | None, Entity]) -> Entity:
    entity = {
        "id": str(row.pk),
        "type": row.type,
        "group_key": f"ungrouped-{row.pk}",
        "created_at": iso(row.created_at),
        "account": accounts[row.from_account_id],
    }
    if row.status_id is not None:
        entity["status"] = statuses[row.status_id]
    return entity
