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

    def __str__(self) -> str:
        return f"{self.account_id} moves to {self.target_id}"
