"""Rows of what is said, what people do with it, and what they are told."""

from timelines.models.announcement import Announcement, AnnouncementDismissal, AnnouncementReaction
from timelines.models.card import PreviewCard, StatusCard
from timelines.models.collection import Collection, CollectionItem, StatusCollection
from timelines.models.conversation import Conversation, ConversationMute
from timelines.models.filter import Filter, FilterKeyword, FilterStatus
from timelines.models.imports import Import, ImportRow
from timelines.models.interactions import Bookmark, Favourite, StatusPin
from timelines.models.list import List, ListAccount
from timelines.models.mail import MailPreference
from timelines.models.notification import Marker, Notification
from timelines.models.notification_policy import (
    NotificationPermission,
    NotificationPolicy,
    NotificationRequest,
)
from timelines.models.poll import Poll, PollVote
from timelines.models.push import PushSubscription
from timelines.models.quote import Quote
from timelines.models.scheduled import ScheduledStatus
from timelines.models.search import StatusText
from timelines.models.status import (
    Mention,
    Status,
    StatusEdit,
    StatusQuerySet,
    StatusTag,
    Tag,
    Tombstone,
)
from timelines.models.tag import FeaturedTag, TagFollow
from timelines.models.terms import TermsOfService
from timelines.models.trend import DailyUse, Kind, Trend

__all__ = [
    "Announcement",
    "AnnouncementDismissal",
    "AnnouncementReaction",
    "Bookmark",
    "Collection",
    "CollectionItem",
    "Conversation",
    "ConversationMute",
    "DailyUse",
    "Favourite",
    "FeaturedTag",
    "Filter",
    "FilterKeyword",
    "FilterStatus",
    "Import",
    "ImportRow",
    "Kind",
    "List",
    "ListAccount",
    "MailPreference",
    "Marker",
    "Mention",
    "Notification",
    "NotificationPermission",
    "NotificationPolicy",
    "NotificationRequest",
    "Poll",
    "PollVote",
    "PreviewCard",
    "PushSubscription",
    "Quote",
    "ScheduledStatus",
    "Status",
    "StatusCard",
    "StatusCollection",
    "StatusEdit",
    "StatusPin",
    "StatusQuerySet",
    "StatusTag",
    "StatusText",
    "Tag",
    "TagFollow",
    "TermsOfService",
    "Tombstone",
    "Trend",
]
