"""Rows of what is said, what people do with it, and what they are told."""

from timelines.models.interactions import Bookmark, Favourite, StatusPin
from timelines.models.notification import Marker, Notification
from timelines.models.status import Mention, Status, StatusEdit, StatusQuerySet, Tag, Tombstone

__all__ = [
    "Bookmark",
    "Favourite",
    "Marker",
    "Mention",
    "Notification",
    "Status",
    "StatusEdit",
    "StatusPin",
    "StatusQuerySet",
    "Tag",
    "Tombstone",
]
