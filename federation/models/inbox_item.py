"""Activities received: one row each before the sender is told 202."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.fields import SnowflakeField


class InboxItem(models.Model):
    """A verified activity waiting to be processed, done, or given up with its reason."""

    class State(models.TextChoices):
        QUEUED = "queued"
        DONE = "done"
        DEAD = "dead"

    id = SnowflakeField()
    activity_id = models.CharField(max_length=2048)
    actor_uri = models.CharField(max_length=2048)
    host = models.CharField(max_length=260)
    activity_type = models.CharField(max_length=100)
    body = models.TextField()
    recipient_uri = models.CharField(max_length=2048, default="", blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(default="", blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor_uri", "activity_id"], name="inbox_item_unique_activity")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                name="inbox_item_queued",
                condition=Q(state="queued"),
            ),
            models.Index(fields=["actor_uri", "id"], name="inbox_item_actor", condition=Q(state="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.activity_type} {self.activity_id}"
