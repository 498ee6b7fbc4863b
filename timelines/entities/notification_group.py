"""Notifications in groups as apps see them: groups, and each account and status once.

Called by `timelines/api/grouped_notifications.py`.
Source: Mastodon docs, "GroupedNotificationsResults"; API behaviours section 12.
"""

from collections.abc import Collection
from typing import Any

from accounts.entities import avatar_url
from accounts.models import Account
from core.api.rendering import iso
from timelines.entities.notification import (
    load_shown_collections,
    load_subject_accounts,
    render_accounts_by_id,
    render_shown_collection,
    render_subject,
)
from timelines.entities.notification_fallback import render_fallback
from timelines.entities.status import render_statuses_by_id
from timelines.notification_groups import Group, GroupPage

Entity = dict[str, Any]
_BOTS = (Account.ActorType.SERVICE, Account.ActorType.APPLICATION)


def render_groups(
    page: GroupPage,
    viewer: Account,
    *,
    paged: bool = False,
    partial: bool = False,
    supported_types: Collection[str] = (),
) -> Entity:
    """Return a page of groups; ``paged`` tells where it lies, ``partial`` shortens most accounts."""
    rows = [group.newest for group in page.groups]
    statuses = render_statuses_by_id({row.status_id for row in rows if row.status_id is not None}, viewer)
    named = {pk: page.accounts[pk] for group in page.groups for pk in group.sample_ids if pk in page.accounts}
    first = {row.from_account_id: row.from_account for row in rows}
    whole = first if partial else first | named
    whole |= load_subject_accounts(rows, whole)
    entities = render_accounts_by_id(whole)
    collections = load_shown_collections(rows, viewer)
    answer: Entity = {
        "accounts": list(entities.values()),
        "statuses": list(statuses.values()),
        "notification_groups": [
            _render_group(group, entities, paged)
            | render_shown_collection(group.newest, collections)
            | render_fallback(group.newest, entities, collections, supported_types)
            for group in page.groups
        ],
    }
    if partial:
        rest = [account for pk, account in named.items() if pk not in whole]
        answer["partial_accounts"] = [_render_partial(account) for account in rest]
    return answer


def _render_group(group: Group, accounts: dict[int, Entity], paged: bool) -> Entity:
    row = group.newest
    entity: Entity = {
        "group_key": group.key,
        "notifications_count": group.count,
        "type": row.type,
        # A number, unlike all other ids: strict apps decode it as one.
        "most_recent_notification_id": group.page_max_id,
        "sample_account_ids": [str(pk) for pk in group.sample_ids],
    }
    if paged:
        entity |= {
            "page_min_id": str(group.page_min_id),
            "page_max_id": str(group.page_max_id),
            "latest_page_notification_at": iso(group.latest_at),
        }
    if row.status_id is not None:
        entity["status_id"] = str(row.status_id)
    return entity | render_subject(row, accounts)


def _render_partial(account: Account) -> Entity:
    avatar = avatar_url(account)
    return {
        "id": str(account.pk),
        "acct": account.acct,
        "url": account.url or account.uri,
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": account.avatar_description,
        "locked": account.locked,
        "bot": account.actor_type in _BOTS,
    }
