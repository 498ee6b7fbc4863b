"""What search reads: the words of statuses."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from timelines.models.status import Status


class StatusText(models.Model):
    """The words of ``status``, reduced to their stems.

    A row of its own: counters of a status change all the time, its words hardly ever.
    """

    status = models.OneToOneField(Status, primary_key=True, on_delete=models.CASCADE, related_name="words")
    vector = SearchVectorField()

    class Meta:
        indexes = [GinIndex(fields=["vector"], name="status_text_words")]

    def __str__(self) -> str:
        return f"words of {self.status_id}"
