"""Activities received: one row each before the sender is told 202."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.fields import SnowflakeField


class InboxItem(models.Model):
    """A verified activity waiting to be processed, done, or given up with its reason.

    ``body`` is what was sent, byte for byte. Activities of one actor with the same ``subject_uri`` are
    processed in their order. ``needs_network`` is set when other servers have to be asked first.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        DONE = "done"
        DEAD = "dead"

    id = SnowflakeField()
    activity_id = models.CharField(max_length=2048)
    actor_uri = models.CharField(max_length=2048)
    subject_uri = models.CharField(max_length=2048, default="", blank=True)
    host = models.CharField(max_length=260)
    activity_type = models.CharField(max_length=100)
    body = models.TextField()
    recipient_uri = models.CharField(max_length=2048, default="", blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    needs_network = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(default="", blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["actor_uri", "activity_id", "recipient_uri"], name="inbox_item_unique_activity"
            )
        ]
        indexes = [
            models.Index(fields=["id"], name="inbox_item_queued", condition=Q(state="queued")),
            models.Index(fields=["id"], name="inbox_item_dead", condition=Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.activity_type} {self.activity_id}"
