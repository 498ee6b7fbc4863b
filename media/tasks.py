"""Names the jobs of media and their clock."""

from celery import shared_task
from django.utils import timezone

from media.attachments import remove_abandoned
from media.processing import find_waiting, process_attachment

BEAT_SCHEDULE = {
    "media.remove_abandoned": {
        "task": "media.remove_abandoned",
        "schedule": 3600.0,
        "options": {"queue": "media"},
    },
    "media.process_waiting": {
        "task": "media.process_waiting",
        "schedule": 15.0,
        "options": {"queue": "media", "expires": 15.0},
    },
}


@shared_task(name="media.remove_abandoned", queue="media")
def remove_abandoned_attachments() -> None:
    """Delete uploads that no post has shown for a day."""
    remove_abandoned(timezone.now())


@shared_task(name="media.process", queue="media")
def process(*, attachment_id: int) -> None:
    """Make an upload fit for a post."""
    process_attachment(attachment_id, enqueue)


@shared_task(name="media.process_waiting", queue="media")
def process_waiting() -> None:
    """Take up what nobody works on: its worker died, or Redis lost the message."""
    for attachment_id in find_waiting(timezone.now()):
        enqueue(attachment_id)


def enqueue(attachment_id: int) -> None:
    """Poke a worker about an upload whose row is committed."""
    process.delay(attachment_id=attachment_id)
