"""Hashtags, what is said under them, and what people do with them."""

from django.db import models

from accounts.models import Account
from core.fields import SnowflakeField
from timelines.models.status import Tag


class TagFollow(models.Model):
    """``account`` reads at home what is public under ``tag``."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="tag_follows")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="follows")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "tag"], name="tag_follow_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} follows #{self.tag_id}"


class FeaturedTag(models.Model):
    """``account`` shows ``tag`` on its profile."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="featured_tags")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "tag"], name="featured_tag_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} features #{self.tag_id}"
