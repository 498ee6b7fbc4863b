"""What people do with statuses. The ids are the cursors that apps page by."""

from django.db import models

from accounts.models import Account
from core.fields import SnowflakeField
from timelines.models.status import Status


class Favourite(models.Model):
    """``account`` favours ``status``."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="favourites")
    status = models.ForeignKey(Status, on_delete=models.CASCADE, related_name="favourites")
    uri = models.CharField(max_length=2048, default="", blank=True, db_index=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "status"], name="favourite_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} favours {self.status_id}"


class Bookmark(models.Model):
    """``account`` keeps ``status`` for later; nobody else learns of it."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="bookmarks")
    status = models.ForeignKey(Status, on_delete=models.CASCADE, related_name="bookmarks")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "status"], name="bookmark_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} keeps {self.status_id}"


class StatusPin(models.Model):
    """``account`` shows its own ``status`` on top of its profile."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="pins")
    status = models.ForeignKey(Status, on_delete=models.CASCADE, related_name="pins")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "status"], name="status_pin_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} pins {self.status_id}"
