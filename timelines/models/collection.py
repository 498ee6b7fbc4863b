"""Collections: accounts that a person recommends under a name, for everybody to see."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Account, Block
from core.fields import SnowflakeField
from timelines.models.status import Status, Tag

NAME_LIMIT = 40
DESCRIPTION_LIMIT = 100
LANGUAGE_LIMIT = 35


class CollectionQuerySet(models.QuerySet["Collection"]):
    """Filters over collections, chainable."""

    def visible_to(self, viewer: Account | None) -> Self:
        """Leave out those of the suspended, and of whoever blocks ``viewer`` (None: anybody)."""
        rows = self.filter(account__suspended_at__isnull=True)
        if viewer is None:
            return rows
        return rows.exclude(account__in=Block.objects.filter(target=viewer).values("account"))


class Collection(models.Model):
    """A collection of ``account``; what is not ``discoverable`` is seen by who knows its address only."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="collections")
    name = models.CharField(max_length=NAME_LIMIT)
    description = models.CharField(max_length=DESCRIPTION_LIMIT, default="", blank=True)
    language = models.CharField(max_length=LANGUAGE_LIMIT, null=True, blank=True)
    sensitive = models.BooleanField()
    discoverable = models.BooleanField()
    tag = models.ForeignKey(Tag, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = CollectionQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """The address of its page, which is its identity, too."""
        return f"{settings.BASE_URL}/collections/{self.pk}"


class CollectionItemQuerySet(models.QuerySet["CollectionItem"]):
    """Filters over who is in collections, chainable."""

    def accepted(self) -> Self:
        """Leave those out that have withdrawn."""
        return self.filter(state=CollectionItem.State.ACCEPTED)

    def visible_to(self, viewer: Account | None) -> Self:
        """Leave out the withdrawn, the suspended, and whoever blocks or is blocked by ``viewer``."""
        rows = self.accepted().filter(account__suspended_at__isnull=True)
        if viewer is None:
            return rows
        blocked = Q(account__in=Block.objects.filter(account=viewer).values("target"))
        blocking = Q(account__in=Block.objects.filter(target=viewer).values("account"))
        return rows.exclude(blocked | blocking)


class CollectionItem(models.Model):
    """``account`` is in ``collection``, or has withdrawn from it and so cannot be put there again."""

    class State(models.TextChoices):
        ACCEPTED = "accepted"
        REVOKED = "revoked"

    id = SnowflakeField()
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="items")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.ACCEPTED)
    created_at = models.DateTimeField()

    objects = CollectionItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "account"], name="collection_item_unique")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} is in {self.collection_id}"


class StatusCollection(models.Model):
    """``status`` links to ``collection``."""

    status = models.ForeignKey(Status, on_delete=models.CASCADE, related_name="+")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="linked_from")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["status", "collection"], name="status_collection_unique")
        ]

    def __str__(self) -> str:
        return f"{self.status_id} links to {self.collection_id}"
