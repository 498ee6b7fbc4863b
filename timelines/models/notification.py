"""Notifications, and how far a person has read."""

from django.db import models
from django.db.models import Q

from accounts.models import Account
from timelines.models.collection import Collection
from timelines.models.status import Status


class Notification(models.Model):
    """``account`` is told what ``from_account`` did; ``origin_id`` is the row that caused it."""

    class Type(models.TextChoices):
        MENTION = "mention"
        STATUS = "status"
        REBLOG = "reblog"
        FOLLOW = "follow"
        FOLLOW_REQUEST = "follow_request"
        FAVOURITE = "favourite"
        UPDATE = "update"
        POLL = "poll"
        QUOTE = "quote"
        QUOTED_UPDATE = "quoted_update"
        ADMIN_SIGN_UP = "admin.sign_up"
        ADMIN_REPORT = "admin.report"
        ADDED_TO_COLLECTION = "added_to_collection"
        COLLECTION_UPDATE = "collection_update"

    # No snowflake: apps get this one as a number, too, and JavaScript rounds what is larger than 2^53.
    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="notifications")
    from_account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    type = models.CharField(max_length=30, choices=Type)
    status = models.ForeignKey(Status, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    # Few have one: the index of the foreign key would be as long as the table.
    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    origin_id = models.BigIntegerField()
    # Which others it belongs to; empty for one that stands alone.
    group_key = models.CharField(max_length=100, default="", blank=True)
    # Held back by the policy of ``account``.
    filtered = models.BooleanField(default=False)
    # What it is about where that lives on a higher floor: the facts of a report, as moderation tells them.
    subject = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # A job that runs twice tells it once.
            models.UniqueConstraint(fields=["account", "type", "origin_id"], name="notification_once")
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="notification_page"),
            models.Index(
                fields=["account", "group_key", "-id"], condition=~Q(group_key=""), name="notification_group"
            ),
            models.Index(
                fields=["account", "from_account"], condition=Q(filtered=True), name="notification_filtered"
            ),
            models.Index(
                fields=["collection"],
                condition=Q(collection__isnull=False),
                name="notification_collection",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} for {self.account_id}"


class Marker(models.Model):
    """How far ``account`` has read a timeline, shared by all its apps."""

    class Timeline(models.TextChoices):
        HOME = "home"
        NOTIFICATIONS = "notifications"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="markers")
    timeline = models.CharField(max_length=20, choices=Timeline)
    last_read_id = models.BigIntegerField()
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "timeline"], name="marker_unique")]

    def __str__(self) -> str:
        return f"{self.timeline} of {self.account_id}"
