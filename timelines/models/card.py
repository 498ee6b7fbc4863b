"""Preview cards: what a page elsewhere says about itself, shown below statuses that link to it."""

from django.db import models

from accounts.models import Account
from core.fields import SnowflakeField
from timelines.models.status import Status


class PreviewCard(models.Model):
    """What the page at ``url`` says about itself; apps see its picture through us (media/proxy.py)."""

    class Type(models.TextChoices):
        LINK = "link"
        PHOTO = "photo"
        VIDEO = "video"

    id = SnowflakeField()
    url = models.CharField(max_length=2048, unique=True)
    type = models.CharField(max_length=10, choices=Type, default=Type.LINK)
    title = models.CharField(max_length=500)
    description = models.TextField(default="", blank=True)
    language = models.CharField(max_length=35, null=True, blank=True)
    author_name = models.CharField(max_length=200, default="", blank=True)
    author_url = models.CharField(max_length=2048, default="", blank=True)
    # Whom the page names as its author, and who allows that site to do so.
    author_account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    provider_name = models.CharField(max_length=200, default="", blank=True)
    provider_url = models.CharField(max_length=2048, default="", blank=True)
    # The player of a video, or the photo itself; https only.
    embed_url = models.CharField(max_length=2048, default="", blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    # Of its picture, if that could be fetched.
    image_url = models.CharField(max_length=2048, default="", blank=True)
    image_description = models.TextField(default="", blank=True)
    blurhash = models.CharField(max_length=200, default="", blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.url


class StatusCard(models.Model):
    """``status`` shows ``card``."""

    status = models.OneToOneField(Status, primary_key=True, on_delete=models.CASCADE, related_name="+")
    card = models.ForeignKey(PreviewCard, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["card", "-status"], name="status_card_latest")]

    def __str__(self) -> str:
        return f"{self.status_id} shows {self.card_id}"
