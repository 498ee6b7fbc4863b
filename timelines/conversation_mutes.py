"""Threads that people do not want to hear of: muted, and taken back.

Called by the API doors, by notifications and by conversations. Source: API behaviours section 9.
"""

from typing import Any

from django.db.models import QuerySet

from accounts.models import Account
from timelines.models import ConversationMute, Status


def conversation_key(status: Status) -> str:
    """Return the key of the thread that a status belongs to; alone, its own uri."""
    return status.conversation_uri or status.uri


def mute_conversation(account: Account, status: Status) -> None:
    """Stop telling ``account`` what happens in the thread of a status; harmless when repeated."""
    key = conversation_key(status.reblog_of or status)
    ConversationMute.objects.get_or_create(account=account, conversation_uri=key)


def unmute_conversation(account: Account, status: Status) -> None:
    """Tell ``account`` again what happens in the thread of a status."""
    key = conversation_key(status.reblog_of or status)
    ConversationMute.objects.filter(account=account, conversation_uri=key).delete()


def muting_accounts(status: Status) -> "QuerySet[Any, Any]":
    """Return the ids of those who mute the thread of a status, as a subquery."""
    return ConversationMute.objects.filter(conversation_uri=conversation_key(status)).values("account")
