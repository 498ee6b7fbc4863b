"""Statuses that wait for their time."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Account, Application
from core.fields import SnowflakeField
from timelines.models.status import Status


class ScheduledStatus(models.Model):
    """What ``account`` wants to publish at ``scheduled_at``; the row goes in the moment that it is published.

    ``params`` is what apps read (API behaviours section 9); the status is made from it.
    """

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="scheduled_statuses")
    scheduled_at = models.DateTimeField(db_index=True)
    params = models.JSONField()
    # What the text is written in; not among ``params``, because apps know no such thing there.
    content_type = models.CharField(
        max_length=20, choices=Status.ContentType, default=Status.ContentType.PLAIN
    )
    # Ids of media.MediaAttachment; nobody else can use them meanwhile.
    media_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    application = models.ForeignKey(
        Application, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "idempotency_key"],
                name="scheduled_unique_idempotency_key",
                condition=models.Q(idempotency_key__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} at {self.scheduled_at:%Y-%m-%d %H:%M}"
