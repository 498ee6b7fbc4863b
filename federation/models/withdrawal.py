"""What was taken back before it came: activities overtake each other on the way."""

from django.db import models


class Withdrawal(models.Model):
    """``actor_uri`` undid or deleted ``uri``, which we did not know; if it comes late, it is dropped."""

    actor_uri = models.CharField(max_length=2048)
    uri = models.CharField(max_length=2048)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor_uri", "uri"], name="withdrawal_unique")]

    def __str__(self) -> str:
        return f"{self.uri} by {self.actor_uri}"
