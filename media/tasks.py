"""Names the jobs of media and their clock."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from media.attachments import remove_abandoned
from media.processing import find_waiting, process_attachment
from media.proxy import Kind
from media.pruning import prune
from media.remote_copies import fetch_copy
from media.sandbox import sweep_work_folders

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
    "media.prune": {"task": "media.prune", "schedule": 600.0, "options": {"queue": "media"}},
}


@shared_task(name="media.remove_abandoned", queue="media")
def remove_abandoned_attachments() -> None:
    """Delete uploads that no post has shown for a day, and what killed processes left."""
    now = timezone.now()
    remove_abandoned(now)
    sweep_work_folders(now)


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


@shared_task(name="media.fetch", queue="default")
def fetch(*, kind: str, url: str) -> None:
    """Fetch a file of another server that a reader of ours wants to see."""
    fetch_copy(Kind(kind), url)


def enqueue_fetch(kind: Kind, url: str) -> None:
    """Ask a worker to fetch a file of another server."""
    fetch.delay(kind=str(kind), url=url)


@shared_task(name="media.prune", queue="media")
def prune_copies() -> None:
    """Keep the files of other servers below the bytes that the settings allow."""
    prune(settings.MEDIA_CACHE_BYTES)
