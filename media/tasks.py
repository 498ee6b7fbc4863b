"""Names the jobs of media and their clock."""

from celery import shared_task
from django.utils import timezone

from media.attachments import remove_abandoned

BEAT_SCHEDULE = {
    "media.remove_abandoned": {
        "task": "media.remove_abandoned",
        "schedule": 3600.0,
        "options": {"queue": "media"},
    },
}


@shared_task(name="media.remove_abandoned", queue="media")
def remove_abandoned_attachments() -> None:
    """Delete uploads that no post has shown for a day."""
    remove_abandoned(timezone.now())
