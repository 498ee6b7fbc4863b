"""What a person does not want to read, or only after a warning. Apps act on it; nothing is removed here."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Account
from core.fields import SnowflakeField
from timelines.models.status import Status


class Filter(models.Model):
    """A filter of ``account``: keywords and single statuses under one title."""

    class Action(models.TextChoices):
        WARN = "warn"
        HIDE = "hide"
        BLUR = "blur"

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="filters")
    title = models.CharField(max_length=256)
    # Where apps apply it: home, notifications, public, thread, account.
    contexts = ArrayField(models.CharField(max_length=20))
    action = models.CharField(max_length=10, choices=Action, default=Action.WARN)
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.title


class FilterKeyword(models.Model):
    """A word or phrase that ``filter`` looks for, in letters of any case."""

    id = SnowflakeField()
    filter = models.ForeignKey(Filter, on_delete=models.CASCADE, related_name="keywords")
    keyword = models.CharField(max_length=512)
    whole_word = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.keyword


class FilterStatus(models.Model):
    """One status that ``filter`` is about, whatever it says."""

    id = SnowflakeField()
    filter = models.ForeignKey(Filter, on_delete=models.CASCADE, related_name="statuses")
    status = models.ForeignKey(Status, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["filter", "status"], name="filter_status_unique")]

    def __str__(self) -> str:
        return f"{self.filter_id} is about {self.status_id}"
