"""Relays: servers that pass public posts on to everybody who asked them to."""

from django.db import models


class Relay(models.Model):
    """We asked the relay at ``inbox_url`` by the Follow ``follow_uri``; ``actor_uri`` is who answered."""

    class State(models.TextChoices):
        PENDING = "pending"
        ACCEPTED = "accepted"
        REJECTED = "rejected"

    inbox_url = models.CharField(max_length=2048, unique=True)
    follow_uri = models.CharField(max_length=2048, unique=True)
    actor_uri = models.CharField(max_length=2048, default="", blank=True, db_index=True)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.inbox_url}: {self.state}"
