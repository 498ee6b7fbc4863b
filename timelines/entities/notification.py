"""Notifications as apps see them.

Called by the API doors and by streaming. Source: Mastodon docs, "Notification"; API behaviours section 12.
"""

from collections.abc import Collection, Sequence
from typing import Any

from orjson import Fragment

from accounts.entities import render_accounts
from accounts.entities.rendered import load_account_entities
from accounts.models import Account
from core.api.rendering import iso
from timelines.entities.collection import load_collections
from timelines.entities.notification_fallback import EXPLAINED, render_fallback
from timelines.entities.notification_rows import ShownNotification
from timelines.entities.status import render_statuses_by_id
from timelines.models import Notification
from timelines.notification_groups import ALONE

Entity = dict[str, Any]
Row = Notification | ShownNotification


def render_notifications(
    notifications: Sequence[Row], viewer: Account, *, supported_types: Collection[str] = ()
) -> list[Entity]:
    """Return the entities of a page of notifications.

    Types that the app does not name as supported, and that old apps do not know, come with words instead.
    """
    senders = load_account_entities({row.from_account_id for row in notifications})
    named = _load_named_accounts(notifications)
    shown = {row.status_id for row in notifications if row.status_id is not None}
    statuses = render_statuses_by_id(shown, viewer)
    collections = load_shown_collections(notifications, viewer)
    return [
        _render(row, senders[row.from_account_id], statuses)
        | render_subject(row, named)
        | render_shown_collection(row, collections)
        | render_fallback(row, named, collections, supported_types)
        for row in notifications
        if row.from_account_id in senders
    ]


def _load_named_accounts(notifications: Sequence[Row]) -> dict[int, Entity]:
    """Return the entities of accounts that the words or the subject of a notification name, by id."""
    special = [row for row in notifications if row.subject is not None or row.type in EXPLAINED]
    senders = Account.objects.in_bulk({row.from_account_id for row in special}) if special else {}
    return render_accounts_by_id(senders | load_subject_accounts(special, senders))


def render_accounts_by_id(accounts: dict[int, Account]) -> dict[int, Entity]:
    """Return the entities of these accounts by id."""
    return dict(zip(accounts, render_accounts(list(accounts.values())), strict=True))


def load_subject_accounts(notifications: Sequence[Row], known: Collection[int]) -> dict[int, Account]:
    """Return the accounts that notifications are about, such as those that were reported."""
    wanted = {row.subject["target_account_id"] for row in notifications if row.subject is not None}
    missing = wanted.difference(known)
    return Account.objects.in_bulk(missing) if missing else {}


def load_shown_collections(notifications: Sequence[Row], viewer: Account) -> dict[int, Entity]:
    """Return the entities of the collections that notifications are about, by id."""
    return load_collections({row.collection_id for row in notifications if row.collection_id}, viewer)


def render_shown_collection(row: Row, collections: dict[int, Entity]) -> Entity:
    """Return the collection that a notification is about; nothing for one about something else."""
    return {"collection": collections.get(row.collection_id)} if row.collection_id else {}


def render_subject(row: Row, accounts: dict[int, Entity]) -> Entity:
    """Return what a notification of this type shows of a higher floor: a report, for staff."""
    if row.type != Notification.Type.ADMIN_REPORT or row.subject is None:
        return {}
    facts = {key: value for key, value in row.subject.items() if key != "target_account_id"}
    return {"report": facts | {"target_account": accounts[row.subject["target_account_id"]]}}


def _render(row: Row, sender: Fragment, statuses: dict[int, Fragment]) -> Entity:
    entity: Entity = {
        "id": str(row.pk),
        "type": row.type,
        "group_key": row.group_key or f"{ALONE}{row.pk}",
        "created_at": iso(row.created_at),
        "account": sender,
    }
    if row.filtered:
        entity["filtered"] = True
    if row.status_id is not None:
        entity["status"] = statuses.get(row.status_id)
    return entity
