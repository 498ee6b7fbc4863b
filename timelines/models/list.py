"""Lists: some of those whom a person follows, read apart from the others."""

from django.db import models

from accounts.models import Account, Follow
from core.fields import SnowflakeField


class List(models.Model):
    """A list of ``account``. The members of an exclusive one are not shown at home."""

    class RepliesPolicy(models.TextChoices):
        FOLLOWED = "followed"
        LIST = "list"
        NONE = "none"

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="lists")
    title = models.CharField(max_length=256)
    # To whom the members' replies are shown.
    replies_policy = models.CharField(max_length=10, choices=RepliesPolicy, default=RepliesPolicy.LIST)
    exclusive = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.title


class ListAccount(models.Model):
    """``account`` is on ``list``, for as long as the follow or the request lasts; oneself needs none."""

    id = SnowflakeField()
    list = models.ForeignKey(List, on_delete=models.CASCADE, related_name="members")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    follow = models.ForeignKey(Follow, null=True, blank=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list", "account"], name="list_account_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} is on {self.list_id}"
