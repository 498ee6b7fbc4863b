"""Reports: somebody asks staff to look at an account."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Account, User
from core.fields import SnowflakeField

LONGEST_COMMENT = 1000
# What other servers write may be longer.
LONGEST_REMOTE_COMMENT = 5000
LONGEST_NOTE = 1000


class ReportQuerySet(models.QuerySet["Report"]):
    """Filters over reports, chainable."""

    def open(self) -> Self:
        """Keep those that wait for somebody."""
        return self.filter(action_taken_at__isnull=True)


class Report(models.Model):
    """``account`` reported ``target_account``; ``status_ids``, ``rule_ids`` and ``collection_ids`` say why.

    ``forward_to`` are the servers that hear of it as well; ``uri`` is the activity that told them, or us.
    """

    class Category(models.TextChoices):
        SPAM = "spam"
        LEGAL = "legal"
        VIOLATION = "violation"
        OTHER = "other"

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    target_account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    category = models.CharField(max_length=10, choices=Category, default=Category.OTHER)
    uri = models.CharField(max_length=2048, default="", blank=True)
    comment = models.CharField(max_length=LONGEST_REMOTE_COMMENT, default="", blank=True)
    status_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    rule_ids = ArrayField(models.IntegerField(), default=list, blank=True)
    collection_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    forward_to = ArrayField(models.CharField(max_length=260), default=list, blank=True)
    created_at = models.DateTimeField()
    action_taken_at = models.DateTimeField(null=True, blank=True)
    action_taken_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # What staff noted for each other when the report was settled.
    note = models.CharField(max_length=LONGEST_NOTE, default="", blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["uri", "target_account"], condition=~models.Q(uri=""), name="report_once_per_activity"
            )
        ]
        indexes = [
            models.Index(fields=["-id"], condition=models.Q(action_taken_at__isnull=True), name="report_open")
        ]

    def __str__(self) -> str:
        return f"report {self.pk}"
