"""Notifications, and how far a person has read."""

from django.db import models

from accounts.models import Account
from core.fields import SnowflakeField
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

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="notifications")
    from_account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    type = models.CharField(max_length=20, choices=Type)
    status = models.ForeignKey(Status, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    origin_id = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # A job that runs twice tells it once.
            models.UniqueConstraint(fields=["account", "type", "origin_id"], name="notification_once")
        ]
        indexes = [models.Index(fields=["account", "-id"], name="notification_page")]

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
