"""RemoteCopy: a file of another server that is kept here as long as there is room."""

import hashlib
from typing import Self

from django.db import models
from django.db.models import Q

from core.fields import SnowflakeField


class RemoteCopyQuerySet(models.QuerySet["RemoteCopy"]):
    """Filters over copies, chainable."""

    def of(self, kind: str, url: str) -> Self:
        """Keep the copy of a file, made for this purpose."""
        return self.filter(kind=kind, key=key_of(url))

    def kept(self) -> Self:
        """Keep those that are here; of the others the fetch failed."""
        return self.exclude(file="")

    def least_recently_used(self) -> Self:
        """Order by when somebody last looked at them, the longest ago first."""
        return self.order_by("used_at", "pk")

    def used_after(self, copy: "RemoteCopy") -> Self:
        """Keep those that come after this one in that order."""
        return self.filter(Q(used_at__gt=copy.used_at) | Q(used_at=copy.used_at, pk__gt=copy.pk))


def key_of(url: str) -> str:
    """Return what an address is found by: it may be too long for an index."""
    return hashlib.sha256(url.encode()).hexdigest()


class RemoteCopy(models.Model):
    """``kind`` is one of media.proxy.Kind. Without a ``file`` it notes when fetching it failed."""

    id = SnowflakeField()
    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=64)
    url = models.CharField(max_length=2048)
    file = models.CharField(max_length=500, default="", blank=True)
    # The preview of a picture, the still picture of an emoji; may be the same file.
    small_file = models.CharField(max_length=500, default="", blank=True)
    blurhash = models.CharField(max_length=200, default="", blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    fetched_at = models.DateTimeField()
    used_at = models.DateTimeField()

    objects = RemoteCopyQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "kind"], name="remote_copy_once")]
        indexes = [models.Index(fields=["used_at"], name="remote_copy_used_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.url}"
