"""What accounts are to each other."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models.account import Account
from core.fields import SnowflakeField


class FollowQuerySet(models.QuerySet["Follow"]):
    """Filters over follows, chainable."""

    def accepted(self) -> Self:
        """Keep the follows that hold."""
        return self.filter(accepted_at__isnull=False)

    def requested(self) -> Self:
        """Keep the requests that wait for an answer."""
        return self.filter(accepted_at__isnull=True)


class Follow(models.Model):
    """``account`` follows ``target``; without ``accepted_at`` it is a request."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="follows_out")
    target = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="follows_in")
    uri = models.CharField(max_length=2048, default="", blank=True, db_index=True)
    show_reblogs = models.BooleanField(default=True)
    notify = models.BooleanField(default=False)
    languages = ArrayField(models.CharField(max_length=35), null=True, blank=True)
    created_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    objects = FollowQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "target"], name="follow_unique"),
            models.CheckConstraint(condition=~Q(account=F("target")), name="follow_not_self"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} follows {self.target_id}"


class Block(models.Model):
    """``account`` wants nothing to do with ``target``, both ways."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="blocks_out")
    target = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="blocks_in")
    uri = models.CharField(max_length=2048, default="", blank=True, db_index=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "target"], name="block_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} blocks {self.target_id}"


class MuteQuerySet(models.QuerySet["Mute"]):
    """Filters over mutes, chainable."""

    def active(self) -> Self:
        """Keep the mutes that have not run out."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))


class Mute(models.Model):
    """``account`` does not want to read ``target``, who does not learn of it."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="mutes_out")
    target = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="mutes_in")
    hide_notifications = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = MuteQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "target"], name="mute_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} mutes {self.target_id}"


class DomainBlock(models.Model):
    """``account`` hides a whole domain for itself."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="domain_blocks")
    domain = models.CharField(max_length=260)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "domain"], name="domain_block_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} blocks {self.domain}"


class AccountNote(models.Model):
    """What ``account`` privately noted about ``target``."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="notes_out")
    target = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="notes_in")
    comment = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "target"], name="account_note_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} on {self.target_id}"


class Endorsement(models.Model):
    """``account`` recommends ``target``, whom it follows, on its profile."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="endorsements_out")
    target = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="endorsements_in")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "target"], name="endorsement_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} recommends {self.target_id}"


class SuggestionDismissal(models.Model):
    """``account`` does not want ``target`` to be suggested again."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "target"], name="suggestion_dismissal_unique")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} does not want to follow {self.target_id}"
