"""Other servers: how they are doing, and what staff decided about them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Peer(models.Model):
    """A server we have exchanged something with; ``domain`` is host[:port], lower case, ASCII."""

    domain = models.CharField(max_length=260, primary_key=True)
    software = models.CharField(max_length=100, default="", blank=True)
    software_version = models.CharField(max_length=100, default="", blank=True)
    failure_days = ArrayField(models.DateField(), default=list, blank=True)
    unavailable_since = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    consecutive_failures = models.PositiveIntegerField(default=0)
    last_success_at = models.DateTimeField(null=True, blank=True)
    # The one that worked when the other did not (see federation/signatures/outgoing.py).
    signature_scheme = models.CharField(max_length=10, default="", blank=True)
    scheme_noted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.domain


class DomainPolicy(models.Model):
    """What staff decided about a domain and its subdomains."""

    class Severity(models.TextChoices):
        NOOP = "noop"
        SILENCE = "silence"
        SUSPEND = "suspend"

    domain = models.CharField(max_length=260, unique=True)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.SILENCE)
    # Whom it reports is not brought before staff.
    reject_reports = models.BooleanField(default=False)
    public_comment = models.TextField(default="", blank=True)
    private_comment = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.domain}: {self.severity}"
