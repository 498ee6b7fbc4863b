"""Whom a person wants to hear of: the policy, those who may always, and those who wait for an answer."""

from django.db import models
from django.db.models import Q

from accounts.models import Account
from core.fields import SnowflakeField
from timelines.models.status import Status


class NotificationPolicy(models.Model):
    """What happens with notifications of certain people; without a row the defaults hold."""

    class Action(models.TextChoices):
        ACCEPT = "accept"
        FILTER = "filter"
        DROP = "drop"

    account = models.OneToOneField(
        Account, primary_key=True, on_delete=models.CASCADE, related_name="notification_policy"
    )
    for_not_following = models.CharField(max_length=10, choices=Action, default=Action.ACCEPT)
    for_not_followers = models.CharField(max_length=10, choices=Action, default=Action.ACCEPT)
    for_new_accounts = models.CharField(max_length=10, choices=Action, default=Action.ACCEPT)
    for_private_mentions = models.CharField(max_length=10, choices=Action, default=Action.ACCEPT)
    for_limited_accounts = models.CharField(max_length=10, choices=Action, default=Action.FILTER)
    for_bots = models.CharField(max_length=10, choices=Action, default=Action.ACCEPT)

    def __str__(self) -> str:
        return f"notification policy of {self.account_id}"


class NotificationPermission(models.Model):
    """``account`` always wants to hear of ``from_account``, whatever the policy says."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    from_account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "from_account"], name="notification_permission_unique")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} wants to hear of {self.from_account_id}"


class NotificationRequest(models.Model):
    """``from_account`` wrote to ``account`` and was held back; ``last_status`` is the newest of it."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    from_account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    last_status = models.ForeignKey(
        Status, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "from_account"], name="notification_request_unique"),
            models.CheckConstraint(
                condition=~Q(account=models.F("from_account")), name="notification_request_not_own"
            ),
        ]
        indexes = [models.Index(fields=["account", "-id"], name="notification_request_page")]

    def __str__(self) -> str:
        return f"{self.from_account_id} asks to be heard by {self.account_id}"
