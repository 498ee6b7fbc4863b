"""What the people who run this server tell everybody on it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.models import Account
from core.fields import SnowflakeField
from media.models import CustomEmoji


class Announcement(models.Model):
    """A message to all; shown until ``ends_at``. ``mentions`` and ``tag_names`` are those of its text."""

    id = SnowflakeField()
    text = models.TextField()
    content = models.TextField()
    mentions = models.ManyToManyField(Account, related_name="+")
    tag_names = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    all_day = models.BooleanField(default=False)
    published_at = models.DateTimeField(db_index=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="announcement_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return f"announcement {self.pk}"


class AnnouncementReaction(models.Model):
    """``account`` answered with an emoji: its characters, or the shortcode of one of ours."""

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="reactions")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    custom_emoji = models.ForeignKey(
        CustomEmoji, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["announcement", "account", "name"], name="announcement_reaction_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.name} on {self.announcement_id}"


class AnnouncementDismissal(models.Model):
    """``account`` has read an announcement."""

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["announcement", "account"], name="announcement_dismissal_unique")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} has read {self.announcement_id}"
