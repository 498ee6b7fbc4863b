"""The jobs of timelines and their clock. Celery finds them here; the work is in the modules that are named.

The clock's jobs make certain what other jobs make fast, and throw away what has served its time.
"""

from typing import Any

from celery import shared_task
from django.utils import timezone

from timelines import fanout, imports, mailing, notification_requests, polls, scheduled, statuses, trends
from timelines.cards import attach_card
from timelines.fanout import fan_out, fan_out_all
from timelines.imports import run_import
from timelines.live import stream_deletion, stream_update
from timelines.mailing import send_notification_mail, send_weekly_mail
from timelines.notification_requests import merge_notifications
from timelines.notifications import stream_notifications
from timelines.polls import close_poll, send_tallies
from timelines.remote import fetch_parent, verify_quote
from timelines.remote_featured import fetch_featured
from timelines.remote_quotes import recheck_quote
from timelines.remote_threads import fetch_thread
from timelines.scheduled import publish_scheduled

__all__ = [
    "attach_card",
    "close_poll",
    "fan_out",
    "fan_out_all",
    "fetch_featured",
    "fetch_parent",
    "fetch_thread",
    "publish_scheduled",
    "merge_notifications",
    "recheck_quote",
    "run_import",
    "send_notification_mail",
    "send_tallies",
    "send_weekly_mail",
    "stream_deletion",
    "stream_notifications",
    "stream_update",
    "verify_quote",
]


@shared_task(name="timelines.sweep_fan_out", queue="default")
def sweep_fan_out() -> None:
    """Hand out statuses whose job was lost."""
    fanout.sweep_fan_out(timezone.now())


@shared_task(name="timelines.sweep_polls", queue="default")
def sweep_polls() -> None:
    """Close polls that are over and send new tallies."""
    polls.sweep_polls(timezone.now())


@shared_task(name="timelines.sweep_merges", queue="default")
def sweep_merges() -> None:
    """Let come to light what was accepted and is still held back."""
    notification_requests.sweep_merges()


@shared_task(name="timelines.sweep_scheduled", queue="default")
def sweep_scheduled() -> None:
    """Publish the scheduled statuses that are due."""
    scheduled.sweep_scheduled(timezone.now())


@shared_task(name="timelines.sweep_imports", queue="default")
def sweep_imports() -> None:
    """Go on with imports whose job was lost or has to try again."""
    imports.sweep_imports(timezone.now())


@shared_task(name="timelines.sweep_mails", queue="default")
def sweep_mails() -> None:
    """Mail to whom there is something to tell."""
    mailing.sweep_mails(timezone.now())


@shared_task(name="timelines.forget", queue="default")
def forget() -> None:
    """Free idempotency keys and remove what was deleted long ago."""
    statuses.forget_idempotency_keys(timezone.now())
    statuses.purge_deleted(timezone.now())


@shared_task(name="timelines.renew_trends", queue="default")
def renew_trends() -> None:
    """Count what is talked about and rank it anew."""
    trends.renew(timezone.now())


def _every(seconds: float, name: str) -> dict[str, Any]:
    # What nobody took until the next round is void: a stopped worker must not find a heap of sweeps.
    return {"task": name, "schedule": seconds, "options": {"expires": seconds}}


BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: _every(seconds, name)
    for name, seconds in (
        ("timelines.sweep_fan_out", 30.0),
        ("timelines.sweep_polls", 15.0),
        ("timelines.sweep_scheduled", 15.0),
        ("timelines.sweep_merges", 60.0),
        ("timelines.sweep_imports", 60.0),
        ("timelines.sweep_mails", 60.0),
        ("timelines.forget", 300.0),
        ("timelines.renew_trends", 300.0),
    )
}
