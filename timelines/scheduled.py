"""Statuses that wait for their time: scheduled, moved, taken back, published.

Called by the API doors and the clock. A row goes in the transaction that writes its status, so it is
published once however often its job runs; what can never be published is dropped with a line in the log.
Source: API behaviours section 9 ("Scheduling").
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from core.api.pagination import Page
from core.api.parameters import as_id
from core.errors import AppError, Forbidden, NotFound, Unprocessable
from core.prepared import fetch
from media.attachments import mark_attached, release_attachments
from timelines.drafts import StatusDraft
from timelines.models import ScheduledStatus, Status
from timelines.poll_drafts import PollDraft
from timelines.statuses import (
    IDEMPOTENCY_WINDOW,
    Plan,
    find_by_idempotency_key,
    key_hash,
    plan_status,
    publish_status,
)

MAX_SCHEDULED = 300
MAX_PER_DAY = 25
MIN_AHEAD = timedelta(minutes=5)
_SWEEP_BATCH = 500

log = logging.getLogger(__name__)


class _Taken(AppError):
    """Another job has published it, or its owner moved it or took it back."""

    status = 404


def schedule_status(
    account: Account,
    draft: StatusDraft,
    scheduled_at: datetime,
    *,
    application_id: int | None = None,
    idempotency_key: str | None = None,
    now: datetime | None = None,
) -> ScheduledStatus:
    """Keep a draft until ``scheduled_at`` and hold its media.

    The same ``idempotency_key`` returns what it made the first time. Raises what `publish_status` raises, and
    Unprocessable: sooner than in five minutes, too many in all or on that day.
    """
    now = now or timezone.now()
    _require_ahead(scheduled_at, now)
    try:
        plan = plan_status(account, draft)
        with transaction.atomic():
            row = ScheduledStatus(
                account=account,
                scheduled_at=scheduled_at,
                params=_params(plan, draft, application_id),
                content_type=plan.content_type,
                media_ids=[attachment.pk for attachment in plan.media],
                application_id=application_id,
                idempotency_key=key_hash(idempotency_key),
                created_at=now,
            )
            _require_room(row)
            row.save(force_insert=True)
            mark_attached(row.media_ids)
            return row
    except (IntegrityError, Unprocessable):
        # The same request a moment ago may have taken the key, and the media with it.
        if earlier := find_scheduled_by_key(account, idempotency_key):
            return earlier
        raise


# By ORM this would be two queries that find nothing for nearly every post.
_KEYS = f"""
SELECT EXISTS (SELECT FROM {Status._meta.db_table} WHERE account_id = %s AND idempotency_key = %s),
  EXISTS (SELECT FROM {ScheduledStatus._meta.db_table} WHERE account_id = %s AND idempotency_key = %s)
"""


def find_made_by_key(account: Account, idempotency_key: str | None) -> Status | ScheduledStatus | None:
    """Return what a request with this key has published or scheduled already, or None."""
    if not idempotency_key:
        return None
    [(published, scheduled)] = fetch(_KEYS, [account.pk, key_hash(idempotency_key)] * 2)
    if published and (status := find_by_idempotency_key(account, idempotency_key)):
        return status
    return find_scheduled_by_key(account, idempotency_key) if scheduled else None


def find_scheduled_by_key(account: Account, idempotency_key: str | None) -> ScheduledStatus | None:
    """Return what a request with this key has scheduled already, or None."""
    if not idempotency_key:
        return None
    return ScheduledStatus.objects.filter(account=account, idempotency_key=key_hash(idempotency_key)).first()


def _require_ahead(scheduled_at: datetime, now: datetime) -> None:
    if scheduled_at <= now + MIN_AHEAD:
        raise Unprocessable(_("The time must be at least five minutes ahead"))


def _require_room(row: ScheduledStatus) -> None:
    """Raise Unprocessable when the account has as many as it may, in all or on the day of ``row``."""
    # One at a time, so that two at once cannot both be the last.
    Account.objects.select_for_update(no_key=True).get(pk=row.account_id)
    others = ScheduledStatus.objects.filter(account=row.account_id).exclude(pk=row.pk)
    if others.count() >= MAX_SCHEDULED:
        raise Unprocessable(_("You can schedule at most %(limit)d posts") % {"limit": MAX_SCHEDULED})
    if others.filter(scheduled_at__date=row.scheduled_at.date()).count() >= MAX_PER_DAY:
        raise Unprocessable(
            _("You can schedule at most %(limit)d posts for one day") % {"limit": MAX_PER_DAY}
        )


# What apps read, and the draft in it


def _params(plan: Plan, draft: StatusDraft, application_id: int | None) -> dict[str, Any]:
    poll = plan.poll
    return {
        "text": plan.text,
        "media_ids": [str(attachment.pk) for attachment in plan.media] or None,
        "sensitive": plan.sensitive,
        "spoiler_text": plan.spoiler_text,
        "visibility": plan.visibility,
        "language": plan.language,
        "in_reply_to_id": plan.parent.pk if plan.parent else None,
        "poll": poll
        and {
            "options": list(poll.options),
            "expires_in": poll.expires_in_seconds,
            "multiple": poll.multiple,
            "hide_totals": poll.hide_totals,
        },
        "allowed_mentions": _texts(draft.allowed_mentions),
        "application_id": application_id,
        "quoted_status_id": str(plan.quoted.pk) if plan.quoted else None,
        "quote_approval_policy": plan.quote_policy,
        "scheduled_at": None,
        "idempotency": None,
        "with_rate_limit": False,
    }


def _texts(ids: Sequence[int] | None) -> list[str] | None:
    return None if ids is None else [str(account_id) for account_id in ids]


def _draft(row: ScheduledStatus) -> StatusDraft:
    params, poll, allowed = row.params, row.params["poll"], row.params["allowed_mentions"]
    return StatusDraft(
        text=params["text"],
        content_type=row.content_type,
        spoiler_text=params["spoiler_text"],
        visibility=params["visibility"],
        sensitive=params["sensitive"],
        language=params["language"],
        media_ids=row.media_ids,
        in_reply_to_id=params["in_reply_to_id"],
        allowed_mentions=None if allowed is None else [int(account_id) for account_id in allowed],
        poll=poll
        and PollDraft(tuple(poll["options"]), poll["expires_in"], poll["multiple"], poll["hide_totals"]),
        quoted_status_id=params["quoted_status_id"],
        quote_policy=params.get("quote_approval_policy"),
        holds_media=True,
    )


# Looking, moving, taking back


def scheduled_page(account: Account, page: Page) -> list[ScheduledStatus]:
    """Return a page of what ``account`` has scheduled, the newest first."""
    return page.slice(ScheduledStatus.objects.filter(account=account))


def get_scheduled(account: Account, scheduled_id: object) -> ScheduledStatus:
    """Return a scheduled status of ``account``. Raises NotFound."""
    found = ScheduledStatus.objects.filter(account=account, pk=as_id(scheduled_id) or 0).first()
    if found is None:
        raise NotFound()
    return found


def reschedule(row: ScheduledStatus, scheduled_at: datetime, *, now: datetime | None = None) -> None:
    """Move it to another time. Raises Unprocessable (too soon, too many that day), NotFound (published)."""
    _require_ahead(scheduled_at, now or timezone.now())
    row.scheduled_at = scheduled_at
    with transaction.atomic():
        _require_room(row)
        if not ScheduledStatus.objects.filter(pk=row.pk).update(scheduled_at=scheduled_at):
            raise NotFound(cause="published or taken back meanwhile")


def cancel(row: ScheduledStatus) -> None:
    """Take it back; its media can be used again. Raises NotFound when it was published meanwhile."""
    with transaction.atomic():
        if not ScheduledStatus.objects.filter(pk=row.pk).delete()[0]:
            raise NotFound(cause="published or taken back meanwhile")
        release_attachments(row.media_ids)


# When the time has come


def sweep_scheduled(now: datetime) -> None:
    """Publish what is due, and free old idempotency keys; called by the clock."""
    due = ScheduledStatus.objects.filter(scheduled_at__lte=now).order_by("scheduled_at")
    for scheduled_id in due.values_list("pk", flat=True)[:_SWEEP_BATCH]:
        publish_scheduled.delay(scheduled_id=scheduled_id)
    old = ScheduledStatus.objects.filter(
        idempotency_key__isnull=False, created_at__lt=now - IDEMPOTENCY_WINDOW
    )
    old.update(idempotency_key=None)


@shared_task(name="timelines.publish_scheduled", queue="default")
def publish_scheduled(*, scheduled_id: int) -> None:
    """Publish one whose time has come. What can never be published goes; what may work later waits."""
    now = timezone.now()
    due = ScheduledStatus.objects.filter(pk=scheduled_id, scheduled_at__lte=now)
    row = due.select_related("account").first()
    if row is None:
        return
    try:
        _require_active(row.account)
        publish_status(
            row.account,
            _draft(row),
            application_id=row.application_id,
            now=now,
            claim=lambda: _claim(row, now),
        )
    except _Taken:
        return
    except AppError as error:
        cause = error.cause or str(error.message)
        log.warning("scheduled_status_failed", extra={"scheduled_id": row.pk, "cause": cause})
        if error.permanent:
            _drop(row)


def _require_active(account: Account) -> None:
    if not Account.objects.available().filter(pk=account.pk).exists():
        raise Forbidden(cause="the account is suspended or gone")


def _claim(row: ScheduledStatus, now: datetime) -> None:
    if not ScheduledStatus.objects.filter(pk=row.pk, scheduled_at__lte=now).delete()[0]:
        raise _Taken()
    release_attachments(row.media_ids)


def _drop(row: ScheduledStatus) -> None:
    with transaction.atomic():
        if ScheduledStatus.objects.filter(pk=row.pk).delete()[0]:
            release_attachments(row.media_ids)
