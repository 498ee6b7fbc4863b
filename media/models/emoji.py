"""CustomEmoji: a small picture that stands for ``:shortcode:``."""

from typing import Self

from django.db import models

from core.fields import SnowflakeField


class CustomEmojiQuerySet(models.QuerySet["CustomEmoji"]):
    """Filters over custom emoji, chainable."""

    def enabled(self) -> Self:
        """Keep those that texts may show."""
        return self.filter(disabled=False)

    def for_picker(self) -> Self:
        """Keep our own that people may choose from, in the order of the picker."""
        return self.enabled().filter(domain__isnull=True, visible=True).order_by("category", "shortcode")


class CustomEmoji(models.Model):
    """``domain`` is NULL for ours; the pictures of other servers are shown from ``remote_url``."""

    id = SnowflakeField()
    shortcode = models.CharField(max_length=200)
    domain = models.CharField(max_length=260, null=True, blank=True)
    uri = models.CharField(max_length=2048, default="", blank=True)
    file = models.CharField(max_length=500, default="", blank=True)
    # The same without motion; of ours only.
    static_file = models.CharField(max_length=500, default="", blank=True)
    remote_url = models.CharField(max_length=2048, default="", blank=True)
    category = models.CharField(max_length=100, default="", blank=True)
    visible = models.BooleanField(default=True)
    disabled = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    objects = CustomEmojiQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shortcode", "domain"],
                name="emoji_shortcode_once_per_domain",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f":{self.shortcode}:"
