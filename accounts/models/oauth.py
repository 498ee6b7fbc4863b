"""Apps and what people allowed them. Secrets are stored as SHA-256 only."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models.account import Account
from accounts.models.user import User
from core.fields import SnowflakeField


class Application(models.Model):
    """An app that registered itself (RFC 6749 section 2: a confidential client)."""

    id = SnowflakeField()
    name = models.CharField(max_length=60)
    website = models.CharField(max_length=2000, default="", blank=True)
    redirect_uris = ArrayField(models.CharField(max_length=2000))
    scopes = ArrayField(models.CharField(max_length=50))
    client_id = models.CharField(max_length=64, unique=True)
    client_secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class AuthorizationCode(models.Model):
    """A consent waiting to be exchanged for a token: 10 minutes, once."""

    code_hash = models.CharField(max_length=64, primary_key=True)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    scopes = ArrayField(models.CharField(max_length=50))
    redirect_uri = models.CharField(max_length=2000)
    code_challenge = models.CharField(max_length=128, default="", blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"code of application {self.application_id}"


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    """Filters over tokens, chainable."""

    def valid(self) -> Self:
        """Keep the tokens that are not revoked."""
        return self.filter(revoked_at__isnull=True)


class AccessToken(models.Model):
    """What an app may do, for a person acting as an account; without both it is the app's own token."""

    id = SnowflakeField()
    token_hash = models.CharField(max_length=64, unique=True)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="tokens")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="tokens")
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.CASCADE, related_name="tokens"
    )
    scopes = ArrayField(models.CharField(max_length=50))
    created_at = models.DateTimeField()
    last_used_on = models.DateField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True, account__isnull=True)
                | Q(user__isnull=False, account__isnull=False),
                name="access_token_person_and_account",
            )
        ]

    def __str__(self) -> str:
        return f"token {self.pk}"
