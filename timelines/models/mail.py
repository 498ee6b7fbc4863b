"""What a person wants to be told by e-mail."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import User
from timelines.models.notification import Notification


def usual_types() -> list[str]:
    """Return the kinds of notifications that are mailed unless somebody chooses otherwise."""
    return [
        Notification.Type.MENTION,
        Notification.Type.FOLLOW,
        Notification.Type.FOLLOW_REQUEST,
        Notification.Type.ADMIN_SIGN_UP,
        Notification.Type.ADMIN_REPORT,
    ]


class MailPreference(models.Model):
    """Kinds of notifications that a person gets by mail, and whether a weekly summary comes; one row each."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    types = ArrayField(models.CharField(max_length=30), default=usual_types, blank=True)
    weekly = models.BooleanField(default=False)
    # The newest notification that was mailed, or need not be; ids grow as time goes by.
    mailed_up_to = models.BigIntegerField()
    weekly_sent_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"mail for user {self.user_id}"
