"""Handing out new statuses: into the home feeds of local followers and to the apps that listen.

`enqueue_fan_out` is called for every new status inside its transaction; the jobs run after the commit, a
batch of followers at a time. A row whose job was lost is found again by its empty ``fanned_out_at``.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Value, prefetch_related_objects
from django.db.models.functions import Greatest
from django.utils import timezone

from core import gathering
from core.ids import id_at
from core.prepared import Ids, Prepared
from timelines import feeds, live
from timelines.models import Status, Tag
from timelines.search_words import store_words

_BATCH = 1000
# Long enough for the job itself to have had its turn.
_SWEEP_AFTER = timedelta(seconds=60)
_SWEEP_BATCH = 500
_STREAM_WINDOW = timedelta(hours=6)
_STATUSES = Prepared(
    lambda ids: (
        Status.objects.kept().filter(pk__in=ids.rows).select_related("account", "reblog_of").order_by("pk")
    ),
    ids=Ids,
)


def enqueue_fan_out(status_id: int) -> None:
    """Hand out a status once the current transaction is committed; with those of a batch by one job."""
    gathering.enqueue(fan_out_all, status_id)


@shared_task(name="timelines.fan_out_all", queue="fanout")
def fan_out_all(*, ids: Sequence[int]) -> None:
    """Hand out some new statuses, each to its first batch of followers."""
    _hand_out(_STATUSES.rows(ids=ids), after_id=0)


@shared_task(name="timelines.fan_out", queue="fanout")
def fan_out(*, status_id: int, after_id: int = 0) -> None:
    """Hand a status to a batch of followers; ``after_id`` is the account that the batch before ended with."""
    _hand_out(_STATUSES.rows(ids=[status_id]), after_id=after_id)


def _hand_out(statuses: Sequence[Status], *, after_id: int) -> None:
    # Asked for again and again below.
    prefetch_related_objects(statuses, "tags")
    done = [status.pk for status in statuses if _hand_out_one(status, after_id)]
    Status.objects.filter(pk__in=done).update(fanned_out_at=timezone.now())


def _hand_out_one(status: Status, after_id: int) -> bool:
    """Hand a status to its author, to public streams, to search and to a batch of followers; return whether
    that was the last batch. The next one is a job of its own.
    """
    # One more tells whether another batch follows.
    receivers = feeds.receivers(status, after_id=after_id, limit=_BATCH + 1)
    readers = receivers[:_BATCH]
    if after_id == 0:
        store_words(status)
    if after_id == 0 and status.account.is_local:
        readers.append(status.account_id)
    feeds.push(readers, status.pk)
    if status.created_at > timezone.now() - _STREAM_WINDOW:
        live.publish_to_homes(status, readers)
        if after_id == 0:
            live.publish_to_public(status)
            live.publish_to_lists(status)
            live.publish_conversations(status)
    if after_id == 0 and status.visibility == Status.Visibility.PUBLIC:
        _note_use_of_tags(status)
    if len(receivers) <= _BATCH:
        return True
    fan_out.delay(status_id=status.pk, after_id=receivers[_BATCH - 1])
    return False


def _note_use_of_tags(status: Status) -> None:
    """Note that hashtags are in public use, one by one so that posts with the same ones cannot deadlock."""
    for tag in status.tags.all():
        Tag.objects.filter(pk=tag.pk).update(
            last_status_at=Greatest("last_status_at", Value(status.created_at))
        )


def sweep_fan_out(now: datetime) -> None:
    """Hand out again what a lost job left behind; called by the clock."""
    left = Status.objects.kept().filter(fanned_out_at__isnull=True, pk__lt=id_at(now - _SWEEP_AFTER))
    for status_id in left.order_by("pk").values_list("pk", flat=True)[:_SWEEP_BATCH]:
        fan_out.delay(status_id=status_id)
