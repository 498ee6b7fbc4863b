"""Deliveries owed: written in the transaction of what they tell about, gone when they are made."""

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
    # The proof of who wrote it is put in before it goes out first.
    proof_owed = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["object_uri", "id"], name="outbound_object", condition=~Q(object_uri="")),
            models.Index(fields=["created_at"], name="outbound_created"),
        ]

    def __str__(self) -> str:
        return self.activity_id


class Delivery(models.Model):
    """One activity owed to one inbox; the row goes when it is made or void, and stays when it is dead."""

    class State(models.TextChoices):
        QUEUED = "queued"
        DEAD = "dead"

    class Priority(models.IntegerChoices):
        NORMAL = 0
        LOW = 1

    id = SnowflakeField()
    activity = models.ForeignKey(OutboundActivity, on_delete=models.CASCADE, related_name="deliveries")
    inbox_url = models.CharField(max_length=2048)
    host = models.CharField(max_length=260)
    # Says in one number that an index can hold which object at which inbox: these arrive in order.
    order_key = models.BigIntegerField(null=True, blank=True)
    # Of the sender's followers at the host, when what is owed is for followers only (FEP-8fcf).
    followers_digest = models.CharField(max_length=64, default="", blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.TextField(default="", blank=True)

    class Meta:
        # What a claim changes is in no index, so that it need not be written there.
        indexes = [
            models.Index(
                fields=["priority", "next_attempt_at", "id"],
                name="delivery_due",
                condition=Q(state="queued"),
            ),
            models.Index(fields=["host"], name="delivery_host"),
            models.Index(
                fields=["order_key", "id"],
                name="delivery_order",
                condition=Q(state="queued", order_key__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity_id} to {self.inbox_url}"
