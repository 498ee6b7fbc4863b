"""Quotes: which status shows which other, and whether the other's author agrees."""

from django.db import models
from django.db.models import Q

from core.fields import SnowflakeField
from timelines.models.status import Status


class Quote(models.Model):
    """``status`` quotes ``quoted``; shown only when the author of ``quoted`` agrees (``accepted``)."""

    class State(models.TextChoices):
        PENDING = "pending"
        ACCEPTED = "accepted"
        REJECTED = "rejected"
        # Accepted first, then the author withdrew.
        REVOKED = "revoked"
        DELETED = "deleted"

    id = SnowflakeField()
    status = models.OneToOneField(Status, on_delete=models.CASCADE, related_name="quote")
    # None while it is not here (yet), and when it is gone.
    quoted = models.ForeignKey(
        Status, null=True, blank=True, on_delete=models.SET_NULL, related_name="quotes", db_index=False
    )
    quoted_uri = models.CharField(max_length=2048, default="", blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    # By a server that asks nobody; without consent it is shown as no quote at all.
    legacy = models.BooleanField(default=False)
    # The id of the QuoteRequest, ours or theirs.
    request_uri = models.CharField(max_length=2048, default="", blank=True)
    # The id of the stamp (QuoteAuthorization) that proves consent.
    approval_uri = models.CharField(max_length=2048, default="", blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["quoted", "-id"], name="quote_of_status"),
            models.Index(fields=["quoted_uri"], name="quote_to_link", condition=Q(quoted__isnull=True)),
            models.Index(fields=["request_uri"], name="quote_request", condition=~Q(request_uri="")),
            models.Index(fields=["approval_uri"], name="quote_approval", condition=~Q(approval_uri="")),
        ]

    def __str__(self) -> str:
        return f"{self.status_id} quotes {self.quoted_uri}"
