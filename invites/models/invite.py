"""Invitations: the link, its tokens over time, and who came in by it."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Q

from core.fields import SnowflakeField

MOST_USES = 500


class InviteQuerySet(models.QuerySet["Invite"]):
    """Filters over invitations, chainable."""

    def with_token_hash(self, token_hash: str) -> Self:
        """Keep the one invitation that this token opens."""
        return self.filter(tokens__hash=token_hash, tokens__invalid_at__isnull=True)

    def for_list(self) -> Self:
        """All that a list shows, newest first: issuer, tokens, ``reserved`` and ``completed`` places."""
        return (
            self.select_related("issued_by")
            .prefetch_related("tokens")
            .annotate(
                reserved=Count("redemptions", filter=Q(redemptions__state=Redemption.State.RESERVED)),
                completed=Count("redemptions", filter=Q(redemptions__state=Redemption.State.COMPLETED)),
            )
            .order_by("-id")
        )


class Invite(models.Model):
    """A promise that so many people may sign up until then; expiry and exhaustion are derived."""

    class State(models.TextChoices):
        OPEN = "open"
        REVOKED = "revoked"
        EXPIRED = "expired"
        EXHAUSTED = "exhausted"

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

    objects = InviteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(max_uses__gte=1, max_uses__lte=MOST_USES), name="invite_max_uses"
            )
        ]

    def __str__(self) -> str:
        return f"invite {self.pk}"

    def state_at(self, now: datetime, places_taken: int) -> State:
        """Tell what the link is worth at that time; a revoked one stays revoked, whatever else it is."""
        if self.revoked_at is not None:
            return self.State.REVOKED
        if now >= self.expires_at:
            return self.State.EXPIRED
        return self.State.EXHAUSTED if places_taken >= self.max_uses else self.State.OPEN


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
        return self.filter(state__in=[Redemption.State.RESERVED, Redemption.State.COMPLETED])

    def reserved(self) -> Self:
        """Keep those that wait for the confirmation of an e-mail address."""
        return self.filter(state=Redemption.State.RESERVED)


class Redemption(models.Model):
    """One place of an invitation: reserved at sign-up, completed when the address is confirmed."""

    class State(models.TextChoices):
        RESERVED = "reserved"
        COMPLETED = "completed"
        RELEASED = "released"

    id = SnowflakeField()
    invite = models.ForeignKey(Invite, on_delete=models.CASCADE, related_name="redemptions")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="redemption",
    )
    state = models.CharField(max_length=10, choices=State, default=State.RESERVED)
    reserved_at = models.DateTimeField()
    # Empty: the first mail is still owed; a sweep sends it when its job was lost.
    mailed_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = RedemptionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["reserved_at"], condition=Q(state="reserved"), name="redemption_reserved_at")
        ]

    def __str__(self) -> str:
        return f"{self.state} place of invite {self.invite_id}"
