"""Polls of other servers: stored with their status, brought up to date by Updates and when somebody looks.

Called by timelines/remote.py, timelines/remote_edits.py and the API door.
Source: contract of the federation 3.7 ("Poll"), 3.8; API behaviours section 9.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.errors import AppError
from federation.fetch import fetch_document
from timelines.documents import PollValues, read_poll_values
from timelines.models import Poll, Status
from timelines.polls import ask_anew, reopen

STALE_AFTER = timedelta(minutes=1)

log = logging.getLogger(__name__)


def save_poll(status: Status, values: PollValues | None) -> bool:
    """Store what a remote status asks, or bring it up to date; return whether the question is another one.

    Call it inside the transaction that writes the status.
    """
    poll = Poll.objects.select_for_update().filter(status=status).first()
    if values is None:
        Poll.objects.filter(status=status).delete()
        return poll is not None
    poll = poll or Poll(status=status, options=[], tallies=[])
    is_another = ask_anew(poll, values.options, multiple=values.multiple)
    _take_tallies(poll, values)
    poll.save()
    return is_another


def update_tallies(status: Status, values: PollValues | None) -> None:
    """Take over new tallies of a poll that asks the same as before; inside the caller's transaction."""
    poll = Poll.objects.select_for_update().filter(status=status).first()
    if poll is None or values is None:
        return
    if poll.options == list(values.options) and poll.multiple == values.multiple:
        _take_tallies(poll, values)
        poll.save()


def _take_tallies(poll: Poll, values: PollValues) -> None:
    now = timezone.now()
    poll.tallies, poll.voters_count = list(values.tallies), values.voters_count
    poll.expires_at, poll.fetched_at = values.expires_at, now
    if not poll.is_over(now):
        reopen(poll)


def refresh_if_stale(poll: Poll, *, now: datetime | None = None) -> None:
    """Ask the server of a poll for its tallies when ours are older than a minute; failing leaves them.

    The first who looks asks, others at the same moment see what is there. Nothing is asked once the last
    tallies are in. Changes ``poll`` in place; uses the network, so call it outside transactions.
    """
    now = now or timezone.now()
    if poll.status.is_local or not _claim(poll, now):
        return
    try:
        values = read_poll_values(fetch_document(poll.status.uri))
    except AppError as error:
        log.info("poll_not_refreshed", extra={"poll_id": poll.pk, "cause": str(error)})
        return
    with transaction.atomic():
        update_tallies(poll.status, values)
    poll.refresh_from_db(fields=["tallies", "voters_count", "expires_at", "closed_at"])


def _claim(poll: Poll, now: datetime) -> bool:
    unknown = Q(fetched_at__isnull=True)
    stale = Poll.objects.filter(unknown | Q(fetched_at__lt=now - STALE_AFTER), pk=poll.pk)
    if poll.expires_at is not None and poll.is_over(now):
        stale = stale.filter(unknown | Q(fetched_at__lte=poll.expires_at))
    return bool(stale.update(fetched_at=now))
