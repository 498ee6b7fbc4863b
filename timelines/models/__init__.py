"""Rows of what is said, what people do with it, and what they are told."""

from timelines.models.conversation import Conversation, ConversationMute
from timelines.models.interactions import Bookmark, Favourite, StatusPin
from timelines.models.notification import Marker, Notification
from timelines.models.poll import Poll, PollVote
from timelines.models.scheduled import ScheduledStatus
from timelines.models.status import Mention, Status, StatusEdit, StatusQuerySet, Tag, Tombstone

__all__ = [
    "Bookmark",
    "Conversation",
    "ConversationMute",
    "Favourite",
    "Marker",
    "Mention",
    "Notification",
    "Poll",
    "PollVote",
    "ScheduledStatus",
    "Status",
    "StatusEdit",
    "StatusPin",
    "StatusQuerySet",
    "Tag",
    "Tombstone",
]
