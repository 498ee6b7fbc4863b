"""Polls: asked, voted in, changed, closed when their time is over.

Called by statuses and edits (which hold the transaction), by the API doors, by timelines/inbox.py for votes
from elsewhere, and by the clock. A vote locks its poll, so that the tallies are always the sum of the votes.
Source: API behaviours section 9 ("Poll"); contract of the federation 3.4.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from core.api.parameters import as_id
from core.errors import NotFound, Unprocessable
from timelines import outbox
from timelines.models import Notification, Poll, PollVote, Status
from timelines.notifications import forget_notification, notify, notify_author
from timelines.poll_drafts import PollDraft
from timelines.visibility import get_visible_status

_SWEEP_BATCH = 500
# Other servers are told new tallies together, not vote by vote.
_SEND_AFTER = timedelta(minutes=3)

log = logging.getLogger(__name__)


def get_visible_poll(viewer: Account | None, poll_id: object) -> Poll:
    """Return the poll of this id. Raises NotFound unless ``viewer`` may see its status."""
    poll = Poll.objects.filter(pk=as_id(poll_id) or 0).first()
    if poll is None:
        raise NotFound()
    poll.status = get_visible_status(viewer, poll.status_id)
    return poll


# Asking


def create_poll(status: Status, draft: PollDraft, now: datetime) -> Poll:
    """Attach a checked draft to a new status of a local account."""
    assert draft.expires_in_seconds is not None
    return Poll.objects.create(
        status=status,
        options=list(draft.options),
        tallies=[0] * len(draft.options),
        multiple=draft.multiple,
        hide_totals=draft.hide_totals,
        expires_at=now + timedelta(seconds=draft.expires_in_seconds),
        voters_count=0,
    )


def change_poll(status: Status, draft: PollDraft | None, now: datetime) -> bool:
    """Let a status ask what the draft says, or nothing any more; return whether the question is another one.

    Another question starts without votes. A new end alone keeps them, and is no edit.
    """
    poll = Poll.objects.select_for_update().filter(status=status).first()
    if draft is None:
        Poll.objects.filter(status=status).delete()
        return poll is not None
    if poll is None:
        create_poll(status, draft, now)
        return True
    assert draft.expires_in_seconds is not None
    is_another = ask_anew(poll, draft.options, multiple=draft.multiple)
    poll.hide_totals = draft.hide_totals
    poll.expires_at = now + timedelta(seconds=draft.expires_in_seconds)
    poll.unsent_since = poll.unsent_since or now
    reopen(poll)
    poll.save()
    return is_another


def ask_anew(poll: Poll, options: Sequence[str], *, multiple: bool) -> bool:
    """Give a locked poll these options; if they differ, votes go. Return whether they do; does not save."""
    if poll.options == list(options) and poll.multiple == multiple:
        return False
    poll.votes.all().delete()
    poll.options, poll.multiple = list(options), multiple
    poll.tallies, poll.voters_count = [0] * len(options), 0
    return True


def reopen(poll: Poll) -> None:
    """Let a poll that was over end once more; does not save."""
    if poll.closed_at is not None:
        poll.closed_at = None
        forget_notification(Notification.Type.POLL, poll.pk)


# Voting


def vote(account: Account, poll: Poll, choices: Sequence[int], *, now: datetime | None = None) -> None:
    """Let ``account`` choose options by number, all of them or none.

    Raises Unprocessable: own poll, over, no such option, several where one is allowed, chosen before.
    """
    now = now or timezone.now()
    chosen = list(dict.fromkeys(choices))
    with transaction.atomic():
        locked = _lock(poll)
        _require_choosable(locked, account, chosen, now)
        earlier = set(PollVote.objects.filter(poll=locked, account=account).values_list("choice", flat=True))
        if earlier.intersection(chosen) or (earlier and not locked.multiple):
            raise Unprocessable(_("You have already voted in this poll"))
        votes = PollVote.objects.bulk_create(
            PollVote(poll=locked, account=account, choice=choice, created_at=now) for choice in chosen
        )
        for choice in chosen:
            locked.tallies[choice] += 1
        if not earlier and locked.voters_count is not None:
            locked.voters_count += 1
        if locked.status.is_local and not locked.hide_totals:
            locked.unsent_since = locked.unsent_since or now
        locked.save(update_fields=["tallies", "voters_count", "unsent_since"])
        outbox.send_votes(locked, votes)


def _lock(poll: Poll) -> Poll:
    rows = Poll.objects.select_for_update(of=("self",)).select_related("status__account")
    found = rows.filter(pk=poll.pk, status__deleted_at__isnull=True).first()
    if found is None:
        raise NotFound(cause="deleted while somebody voted")
    return found


def _require_choosable(poll: Poll, account: Account, choices: Sequence[int], now: datetime) -> None:
    if poll.status.account_id == account.pk:
        raise Unprocessable(_("You cannot vote in your own poll"))
    if poll.is_over(now):
        raise Unprocessable(_("The poll has ended"))
    if not choices or not all(0 <= choice < len(poll.options) for choice in choices):
        raise Unprocessable(_("The poll has no such option"))
    if len(choices) > 1 and not poll.multiple:
        raise Unprocessable(_("Only one option can be chosen in this poll"))


# When the time is over


@shared_task(name="timelines.close_poll", queue="default")
def close_poll(*, poll_id: int) -> None:
    """Tell author and voters of ours, once, that a poll is over."""
    now = timezone.now()
    with transaction.atomic():
        due = Poll.objects.filter(pk=poll_id, closed_at__isnull=True, expires_at__lte=now)
        poll = due.select_for_update(of=("self",)).select_related("status__account").first()
        if poll is None:
            return
        poll.closed_at = now
        if poll.status.is_local:
            poll.unsent_since = now - _SEND_AFTER
        poll.save(update_fields=["closed_at", "unsent_since"])
        voters = PollVote.objects.filter(poll=poll, account__domain__isnull=True).values_list(
            "account", flat=True
        )
        author = poll.status.account
        told = {"origin_id": poll.pk, "status": poll.status}
        notify(sorted(set(voters)), Notification.Type.POLL, author, **told)
        notify_author(Notification.Type.POLL, **told)
    log.info("poll_closed", extra={"poll_id": poll_id})


def sweep_polls(now: datetime) -> None:
    """Close what is over, and tell other servers of tallies that changed; called by the clock."""
    over = Poll.objects.filter(closed_at__isnull=True, expires_at__lte=now).order_by("expires_at")
    for poll_id in over.values_list("pk", flat=True)[:_SWEEP_BATCH]:
        close_poll.delay(poll_id=poll_id)
    unsent = Poll.objects.filter(unsent_since__lte=now - _SEND_AFTER).order_by("unsent_since")
    for poll_id in unsent.values_list("pk", flat=True)[:_SWEEP_BATCH]:
        send_tallies.delay(poll_id=poll_id)


@shared_task(name="timelines.send_tallies", queue="deliver")
def send_tallies(*, poll_id: int) -> None:
    """Tell other servers the tallies of a poll of ours, unless another job has just done so."""
    with transaction.atomic():
        due = Poll.objects.filter(pk=poll_id, unsent_since__isnull=False, status__deleted_at__isnull=True)
        poll = due.select_for_update(of=("self",)).select_related("status__account").first()
        if poll is not None:
            poll.unsent_since = None
            poll.save(update_fields=["unsent_since"])
            outbox.send_tallies(poll.status)
