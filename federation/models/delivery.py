"""Deliveries owed: written in the transaction of what they tell about."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.fields import SnowflakeField


class OutboundActivity(models.Model):
    """An activity of ours, serialised once; the same bytes go to every inbox."""

    id = SnowflakeField()
    activity_id = models.CharField(max_length=2048)
    activity_type = models.CharField(max_length=100)
    sender_uri = models.CharField(max_length=2048)
    object_uri = models.CharField(max_length=2048, default="", blank=True)
    body = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.activity_id


class Delivery(models.Model):
    """One activity owed to one inbox, until it is done, dropped or dead."""

    class State(models.TextChoices):
        QUEUED = "queued"
        DONE = "done"
        DROPPED = "dropped"
        DEAD = "dead"

    id = SnowflakeField()
    activity = models.ForeignKey(OutboundActivity, on_delete=models.CASCADE, related_name="deliveries")
    inbox_url = models.CharField(max_length=2048)
    host = models.CharField(max_length=260)
    # The activity's, repeated here: what is about one object reaches one inbox in order.
    object_uri = models.CharField(max_length=2048, default="", blank=True)
    # Says the same of inbox and object in one number that an index can hold.
    order_key = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["activity", "inbox_url"], name="delivery_once_per_inbox")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                name="delivery_queued",
                condition=Q(state="queued"),
            ),
            models.Index(fields=["host"], name="delivery_host", condition=Q(state="queued")),
            models.Index(
                fields=["object_uri", "id"],
                name="delivery_object",
                condition=Q(state="queued") & ~Q(object_uri=""),
            ),
            models.Index(
                fields=["order_key", "id"],
                name="delivery_order",
                condition=Q(state="queued", order_key__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity_id} to {self.inbox_url}"
