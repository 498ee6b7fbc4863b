"""The terms of service of this server, one row per version."""

from django.db import models


class TermsOfService(models.Model):
    """A version that holds from ``effective_date`` on, until the next one does."""

    # As staff wrote it (Markdown), and the HTML that everyone reads.
    text = models.TextField()
    content = models.TextField()
    effective_date = models.DateField(unique=True)
    published_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"terms from {self.effective_date} on"
