"""MediaAttachment: one picture, video or sound that a post may show."""

from datetime import datetime
from typing import Self

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import Q

from core.fields import SnowflakeField


class MediaAttachmentQuerySet(models.QuerySet["MediaAttachment"]):
    """Filters over attachments, chainable."""

    def owned_by(self, owner_id: int) -> Self:
        """Keep what that account uploaded."""
        return self.filter(owner_id=owner_id)

    def unattached(self) -> Self:
        """Keep what belongs to no post."""
        return self.filter(attached_at__isnull=True)

    def processing(self, now: datetime) -> Self:
        """Keep what waits to be processed and what nobody works on any more, oldest first."""
        free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
        return self.filter(free, state=MediaAttachment.State.PROCESSING).order_by("pk")

    def abandoned(self, before: datetime) -> Self:
        """Keep what no post has used since then."""
        unused = Q(released_at__isnull=True) | Q(released_at__lt=before)
        return self.unattached().filter(unused, created_at__lt=before)


class MediaAttachment(models.Model):
    """A file of ours (``file`` names it in the storage) or of another server (only ``remote_url``).

    While it is processed, ``upload`` names what was sent, as it came; nobody is told that name.

    ``owner_id`` is the id of an account; media lies below accounts and does not know them. Attached means
    that a post shows it: the post keeps the ids in its order.
    """

    class Type(models.TextChoices):
        IMAGE = "image"
        GIFV = "gifv"
        VIDEO = "video"
        AUDIO = "audio"
        UNKNOWN = "unknown"

    class State(models.TextChoices):
        PROCESSING = "processing"
        READY = "ready"
        FAILED = "failed"

    id = SnowflakeField()
    owner_id = models.BigIntegerField(db_index=True)
    type = models.CharField(max_length=10, choices=Type)
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    upload = models.CharField(max_length=500, default="", blank=True)
    # Percent.
    progress = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Until then a worker is busy with it; it says so again and again.
    claimed_until = models.DateTimeField(null=True, blank=True)
    # Why it failed: of media.decoding.faults.Fault.
    fault = models.CharField(max_length=30, default="", blank=True)
    file = models.CharField(max_length=500, default="", blank=True)
    preview_file = models.CharField(max_length=500, default="", blank=True)
    remote_url = models.CharField(max_length=2048, default="", blank=True)
    preview_remote_url = models.CharField(max_length=2048, default="", blank=True)
    mime_type = models.CharField(max_length=100, default="", blank=True)
    size_bytes = models.BigIntegerField(default=0)
    description = models.TextField(null=True, blank=True)
    # Where the eye should rest when the picture is cropped: -1 (left, bottom) to 1 (right, top).
    focus_x = models.FloatField(null=True, blank=True)
    focus_y = models.FloatField(null=True, blank=True)
    blurhash = models.CharField(max_length=200, default="", blank=True)
    # {"original": {"width", "height", "size", "aspect"}, "small": the same}, as apps get it.
    meta = models.JSONField(default=dict, blank=True)
    attached_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = MediaAttachmentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"],
                name="attachment_unattached",
                condition=Q(attached_at__isnull=True),
            ),
            # Whether a copy of a remote file is still shown with something that people here care for.
            HashIndex(fields=["remote_url"], name="attachment_remote_url", condition=~Q(remote_url="")),
            models.Index(fields=["id"], name="attachment_processing", condition=Q(state="processing")),
        ]
        constraints = [
            models.CheckConstraint(
                name="attachment_has_an_address",
                condition=~Q(state="ready") | ~Q(file="") | ~Q(remote_url=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
