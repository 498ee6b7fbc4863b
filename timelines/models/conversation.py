"""Threads from the view of one account: those it does not want to hear of, and its direct messages."""

from django.db import models

from accounts.models import Account
from core.fields import SnowflakeField
from timelines.models.status import Status


class ConversationMute(models.Model):
    """``account`` is not told what happens in the thread with this key."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="conversation_mutes")
    conversation_uri = models.CharField(max_length=2048)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation_uri", "account"], name="conversation_mute_unique")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} mutes {self.conversation_uri}"


class Conversation(models.Model):
    """A thread of direct statuses in the inbox of ``account``; ``last_status`` is its newest."""

    id = SnowflakeField()
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="conversations")
    conversation_uri = models.CharField(max_length=2048)
    last_status = models.ForeignKey(Status, on_delete=models.CASCADE, related_name="+")
    unread = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "conversation_uri"], name="conversation_unique")
        ]
        indexes = [models.Index(fields=["account", "-last_status"], name="conversation_page")]

    def __str__(self) -> str:
        return f"{self.conversation_uri} of {self.account_id}"
