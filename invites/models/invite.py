"""Invitations: the link, its tokens over time, and who came in by it."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.fields import SnowflakeField


class Invite(models.Model):
    """A promise that so many people may sign up until then; expiry and exhaustion are derived."""

    id = SnowflakeField()
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="invites",
    )
    max_uses = models.PositiveSmallIntegerField(default=1)
    expires_at = models.DateTimeField()
    comment = models.CharField(max_length=420, default="", blank=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(max_uses__gte=1, max_uses__lte=500), name="invite_max_uses"
            )
        ]

    def __str__(self) -> str:
        return f"invite {self.pk}"

    def is_expired(self, now: datetime) -> bool:
        """True when the time of this invitation is over."""
        return now >= self.expires_at


class InviteToken(models.Model):
    """The secret in a link, as SHA-256; an invitation may have several over time, of one counter."""

    invite = models.ForeignKey(Invite, on_delete=models.CASCADE, related_name="tokens")
    hash = models.CharField(max_length=64, unique=True)
    tail = models.CharField(max_length=4)
    created_at = models.DateTimeField()
    invalid_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"…{self.tail}"


class RedemptionQuerySet(models.QuerySet["Redemption"]):
    """Filters over redemptions, chainable."""

    def counting(self) -> Self:
        """Keep those that use up a place."""
        return self.filter(
            state__in=[Redemption.State.RESERVED, Redemption.State.COMPLETED]
        )


class Redemption(models.Model):
    """One place of an invitation: reserved at sign-up, completed when the address is confirmed."""

    class State(models.TextChoices):
        RESERVED = "reserved"
        COMPLETED = "completed"
        RELEASED = "released"

    id = SnowflakeField()
    invite = models.ForeignKey(
        Invite, on_delete=models.CASCADE, related_name="redemptions"
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="redemption",
    )
    state = models.CharField(max_length=10, choices=State, default=State.RESERVED)
    reserved_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = RedemptionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.state} place of invite {self.invite_id}"
