"""Moves: an account says where it lives from now on."""

from django.db import models

from accounts.models.account import Account
from core.fields import SnowflakeField


class Move(models.Model):
    """``account`` went to ``target``; the latest says when it may move again."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="moves")
    target = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    # When all that people here had to do with it was carried over.
    carried_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], condition=models.Q(carried_at__isnull=True), name="move_not_carried"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} moves to {self.target_id}"
