"""Where an app wants notifications pushed to."""

from django.db import models

from accounts.models import AccessToken


class PushSubscription(models.Model):
    """One address at a push service for each token; ``alerts`` maps notification types to yes or no."""

    class Policy(models.TextChoices):
        ALL = "all"
        FOLLOWED = "followed"
        FOLLOWER = "follower"
        NONE = "none"

    # No snowflake: apps get a number, and JavaScript rounds what is larger than 2^53.
    id = models.BigAutoField(primary_key=True)
    token = models.OneToOneField(AccessToken, on_delete=models.CASCADE, related_name="push_subscription")
    endpoint = models.CharField(max_length=2048)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=30)
    standard = models.BooleanField(default=False)
    alerts = models.JSONField(default=dict)
    policy = models.CharField(max_length=10, choices=Policy, default=Policy.ALL)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"push subscription of token {self.token_id}"
