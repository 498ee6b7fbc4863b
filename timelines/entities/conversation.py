"""Conversations as apps see them.

Called by the API doors. Source: Mastodon docs, "Conversation".
"""

from collections.abc import Sequence
from typing import Any

from accounts.entities import render_accounts
from accounts.models import Account
from timelines.conversations import load_participants
from timelines.entities.status import render_statuses_by_id
from timelines.models import Conversation

Entity = dict[str, Any]


def render_conversations(rows: Sequence[Conversation], viewer: Account) -> list[Entity]:
    """Return the entities of threads (``last_status`` loaded), in their order."""
    participants = load_participants(rows)
    everybody = {person.pk: person for people in participants.values() for person in people}
    accounts = dict(zip(everybody, render_accounts(list(everybody.values())), strict=True))
    statuses = render_statuses_by_id([row.last_status_id for row in rows], viewer)
    return [
        {
            "id": str(row.pk),
            "unread": row.unread,
            "accounts": [accounts[person.pk] for person in participants[row.pk]],
            "last_status": statuses.get(row.last_status_id),
        }
        for row in rows
    ]
