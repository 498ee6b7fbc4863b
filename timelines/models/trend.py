"""What is talked about: uses per day, and the ranking that is made from them."""

from django.db import models


class Kind(models.TextChoices):
    """What can trend; ``object_id`` is a Tag, a PreviewCard or a Status."""

    TAG = "tag"
    LINK = "link"
    STATUS = "status"


class DailyUse(models.Model):
    """How often public statuses used a hashtag or a link on one day (UTC), and how many accounts did."""

    kind = models.CharField(max_length=10, choices=Kind)
    object_id = models.BigIntegerField()
    day = models.DateField()
    uses = models.PositiveIntegerField()
    accounts = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id", "day"], name="daily_use_unique")]
        indexes = [models.Index(fields=["day"], name="daily_use_day")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} on {self.day}: {self.uses}"


class Trend(models.Model):
    """One place of a ranking, the highest score first. The clock writes all of them anew."""

    kind = models.CharField(max_length=10, choices=Kind)
    object_id = models.BigIntegerField()
    score = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="trend_unique")]
        indexes = [models.Index(fields=["kind", "-score", "object_id"], name="trend_ranking")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}: {self.score}"
