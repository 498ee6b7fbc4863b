"""Imports: what a person brings along from another server, line by line."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from core.fields import SnowflakeField


class Import(models.Model):
    """A file of ``account``, not confirmed yet, under way, or finished; a week later it goes."""

    class Kind(models.TextChoices):
        FOLLOWS = "follows", _("Accounts you follow")
        LISTS = "lists", _("Lists")
        BLOCKS = "blocks", _("Accounts you block")
        MUTES = "mutes", _("Accounts you mute")
        DOMAIN_BLOCKS = "domain_blocks", _("Domains you block")
        BOOKMARKS = "bookmarks", _("Bookmarks")

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="imports")
    kind = models.CharField(max_length=20, choices=Kind)
    # Whether what is not in the file has to go, and whether it has gone.
    replace = models.BooleanField(default=False)
    replaced_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    # When the job may take it; a running job holds it by moving this ahead. Without it nothing is to be done.
    next_run_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_run_at"], name="import_due", condition=Q(next_run_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.account_id}"

    @property
    def is_confirmed(self) -> bool:
        """Whether the person has said that it shall be done."""
        return self.next_run_at is not None or self.finished_at is not None


class ImportRow(models.Model):
    """One line of the file: what it says, and what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    class Failure(models.TextChoices):
        UNREADABLE = "unreadable", _("not readable")
        UNKNOWN = "unknown", _("not found")
        UNREACHABLE = "unreachable", _("server not reached")
        REFUSED = "refused", _("not allowed")

    parent = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rows")
    # The columns as timelines/import_files.py names them for the kind.
    cells = ArrayField(models.TextField())
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    failure = models.CharField(max_length=20, choices=Failure, default="", blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["parent", "attempts", "id"], name="import_row_waiting", condition=Q(state="waiting")
            )
        ]

    def __str__(self) -> str:
        return f"{self.state}: {self.cells}"
