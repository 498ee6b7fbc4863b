"""Polls: what a status asks, and who voted for what."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import Account
from core.fields import SnowflakeField
from timelines.models.status import Status


class Poll(models.Model):
    """The question of one status. ``tallies`` counts the votes of each of ``options``, in the same order."""

    id = SnowflakeField()
    status = models.OneToOneField(Status, on_delete=models.CASCADE, related_name="poll")
    options = ArrayField(models.TextField())
    tallies = ArrayField(models.PositiveIntegerField())
    multiple = models.BooleanField(default=False)
    # Nobody sees the tallies before the end.
    hide_totals = models.BooleanField(default=False)
    # None: it never ends (some servers have such polls).
    expires_at = models.DateTimeField(null=True, blank=True)
    # How many people voted; None when their server does not say.
    voters_count = models.PositiveIntegerField(null=True, blank=True)
    # When author and voters were told that it is over.
    closed_at = models.DateTimeField(null=True, blank=True)
    # When the tallies of a poll elsewhere were read.
    fetched_at = models.DateTimeField(null=True, blank=True)
    # Votes since then were not yet told to other servers.
    unsent_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="poll_to_close",
                condition=Q(closed_at__isnull=True, expires_at__isnull=False),
            ),
            models.Index(
                fields=["unsent_since"], name="poll_to_send", condition=Q(unsent_since__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return " / ".join(self.options)

    @property
    def votes_count(self) -> int:
        """All votes; with several choices more than there are voters."""
        return sum(self.tallies)

    def is_over(self, now: datetime) -> bool:
        """Tell whether nobody can vote any more."""
        return self.expires_at is not None and self.expires_at <= now


class PollVote(models.Model):
    """``account`` chose the option number ``choice``."""

    id = SnowflakeField()
    poll = models.ForeignKey(Poll, on_delete=models.CASCADE, related_name="votes")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="poll_votes")
    choice = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["poll", "account", "choice"], name="poll_vote_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} votes {self.choice} in {self.poll_id}"
