"""What comes in: one verified request becomes one row, and a job makes of the row what it says.

`accept_request` answers the door; `process_actor_items` is the job; `sweep_items` finds what a crash left
behind. The way up to the receivers is one table, `settings.INBOX_ROUTES`. Source: contract of the federation
§2.5, §3.1.
"""

import hashlib
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from core.errors import AppError, TooLarge, UnsupportedType
from core.hosts import same_host
from federation import peers
from federation.local import is_local_uri
from federation.models import InboxItem, RemoteKey
from federation.verify import verify_request
from federation.vocab import Activity, id_of, parse_document, read_activity, type_of

MAX_BODY_BYTES = 1_048_576
MAX_ID_BYTES = 1024
MAX_ATTEMPTS = 10
# Longer than one fetch may hang (30 s): as long as this, a killed worker holds up what its actor sent.
CLAIM = timedelta(seconds=40)
ITEMS_PER_JOB = 50
SWEPT_ACTORS = 500
# A row this young has its own job on the way.
SWEEP_AFTER = timedelta(seconds=10)
# Long enough that a duplicate is recognised by its row; contract: 24 hours.
KEEP_DONE = timedelta(days=7)

_CONTENT_TYPES = frozenset({"application/activity+json", "application/ld+json"})
_NAMELESS = "urn:sha256:"
logger = structlog.get_logger(__name__)


# The door


def accept_request(request: HttpRequest, *, recipient_uri: str, now: datetime) -> None:
    """Take one activity in; returning means 202, and that it is stored if it is to be processed.

    Raises TooLarge, UnsupportedType, BadRequest, Unauthenticated or Unavailable; nothing is stored then.
    Silently dropped, with a line in the log: what blocked domains send, what somebody else than its actor
    signed, and the deletion of somebody we never heard of (whose key cannot be had any more, so it is not
    even fetched).
    """
    document = parse_document(_body(request))
    if _is_departure_of_stranger(document):
        return
    verified = verify_request(request, now=now)
    activity = read_activity(document, recipient_uri=recipient_uri, received_at=now)
    reason = _reason_to_drop(activity, verified.actor_uri, verified.host)
    if activity is None or reason:
        logger.info("inbox_dropped", reason=reason, signer=verified.actor_uri[:300])
        return
    peers.note_heard_of(verified.host, now)
    _store(activity, verified.host, request.body)


def _body(request: HttpRequest) -> bytes:
    declared = str(request.META.get("CONTENT_LENGTH") or "0")
    if declared.isdecimal() and int(declared[:20]) > MAX_BODY_BYTES:
        raise TooLarge
    if str(request.content_type).lower() not in _CONTENT_TYPES:
        raise UnsupportedType
    if len(request.body) > MAX_BODY_BYTES:
        raise TooLarge
    return request.body


def _is_departure_of_stranger(document: dict[str, Any]) -> bool:
    """Deletions of actors are sent to everyone in the world; so are Updates by some."""
    if type_of(document) not in ("Delete", "Update"):
        return False
    actor_uri = id_of(document.get("actor"))
    if actor_uri is None or actor_uri != id_of(document.get("object")):
        return False
    return not RemoteKey.objects.filter(actor_uri=actor_uri).exists()


def _reason_to_drop(activity: Activity | None, signer_uri: str, host: str) -> str:
    """Return why a verified activity is not taken in; "" when it is."""
    if activity is None:
        return "no type or not exactly one actor"
    if activity.actor_uri != signer_uri:
        return "signed by somebody else than its actor"
    if activity.id and not same_host(activity.id, activity.actor_uri):
        return "its id is on another host than its actor"
    if len(activity.id.encode()) > MAX_ID_BYTES or len(signer_uri.encode()) > MAX_ID_BYTES:
        return "over-long id"
    if is_local_uri(activity.actor_uri):
        return "it names one of ours as its actor"
    return "blocked domain" if peers.is_blocked(host) else ""


def _store(activity: Activity, host: str, body: bytes) -> None:
    """Insert the row, once per actor and id, and wake a worker; without Redis the sweep does the waking."""
    activity_id = activity.id or _NAMELESS + hashlib.sha256(body).hexdigest()
    try:
        with transaction.atomic():
            InboxItem.objects.create(
                activity_id=activity_id,
                actor_uri=activity.actor_uri,
                host=host,
                activity_type=activity.type[:100],
                body=body.decode("utf-8-sig"),
                recipient_uri=activity.recipient_uri,
                next_attempt_at=activity.received_at,
                received_at=activity.received_at,
            )
            transaction.on_commit(lambda: _wake(activity.actor_uri), robust=True)
    except IntegrityError:
        logger.info("inbox_duplicate", activity_id=activity_id[:300])


def _wake(actor_uri: str) -> None:
    from federation.tasks import process_actor

    process_actor.delay(actor_uri=actor_uri)


# The job


def process_actor_items(actor_uri: str) -> bool:
    """Process what is due of one actor, oldest first; returns whether there may be more.

    One worker at a time works for an actor, so a Create and the Delete behind it keep their order. A worker
    that finds the actor taken leaves: whoever has it looks again before it stops.
    """
    for _turn in range(ITEMS_PER_JOB):
        item = _claim(actor_uri, timezone.now())
        if item is None:
            return False
        _process(item)
    return True


def sweep_items(now: datetime) -> list[str]:
    """Return the actors whose items are due and in nobody's hands, those waiting longest first."""
    due = InboxItem.objects.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
        state=InboxItem.State.QUEUED,
        next_attempt_at__lte=now - SWEEP_AFTER,
    )
    return list(
        dict.fromkeys(due.order_by("next_attempt_at").values_list("actor_uri", flat=True)[:SWEPT_ACTORS])
    )


def forget_done(now: datetime) -> None:
    """Delete rows of what was processed; until then they tell duplicates."""
    InboxItem.objects.filter(state=InboxItem.State.DONE, received_at__lt=now - KEEP_DONE).delete()


def retry_dead(item_ids: Sequence[int]) -> int:
    """Give dead items another full round of tries; returns how many. The sweep hands them out."""
    return InboxItem.objects.filter(pk__in=item_ids, state=InboxItem.State.DEAD).update(
        state=InboxItem.State.QUEUED, attempts=0, next_attempt_at=timezone.now(), claimed_until=None
    )


def drop_dead(item_ids: Sequence[int]) -> int:
    """Close dead items for good, without their bodies; returns how many."""
    return InboxItem.objects.filter(pk__in=item_ids, state=InboxItem.State.DEAD).update(
        state=InboxItem.State.DONE, body=""
    )


def _claim(actor_uri: str, now: datetime) -> InboxItem | None:
    queued = InboxItem.objects.filter(actor_uri=actor_uri, state=InboxItem.State.QUEUED)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Held until this short transaction ends: two workers cannot both see the actor free.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [actor_uri])
        if queued.filter(claimed_until__gt=now).exists():
            return None
        item = queued.filter(next_attempt_at__lte=now).order_by("id").first()
        if item is not None:
            item.claimed_until, item.attempts = now + CLAIM, item.attempts + 1
            item.save(update_fields=["claimed_until", "attempts"])
        return item


def _process(item: InboxItem) -> None:
    try:
        _dispatch(item)
    except AppError as error:
        reason = error.cause or str(error.message)
        if error.permanent:
            _finish(item, InboxItem.State.DONE, f"refused: {reason}")
        else:
            _try_again(item, reason)
    except Exception as error:
        logger.exception("inbox_item_failed", item_id=item.pk, activity_type=item.activity_type)
        _try_again(item, f"{type(error).__name__}: {error}")
    else:
        _finish(item, InboxItem.State.DONE, "")


def _dispatch(item: InboxItem) -> None:
    document = parse_document(item.body.encode())
    activity = read_activity(document, recipient_uri=item.recipient_uri, received_at=item.received_at)
    if activity is None:
        return
    routes = _routes()
    route = routes.get((activity.type, activity.object_type)) or routes.get((activity.type, None))
    if route is None:
        logger.debug("inbox_ignored", activity_type=activity.type[:100], object_type=activity.object_type)
        return
    import_string(route)(activity)


@cache
def _routes() -> dict[tuple[str, str | None], str]:
    routes: dict[tuple[str, str | None], str] = import_string(settings.INBOX_ROUTES)
    return routes


def _finish(item: InboxItem, state: InboxItem.State, reason: str) -> None:
    """Close the item; what is done keeps no body: messages between people are not ours to collect."""
    body = {"body": ""} if state == InboxItem.State.DONE else {}
    InboxItem.objects.filter(pk=item.pk).update(
        state=state, claimed_until=None, last_error=reason[:2000].replace("\x00", ""), **body
    )


def _try_again(item: InboxItem, reason: str) -> None:
    if item.attempts >= MAX_ATTEMPTS:
        _finish(item, InboxItem.State.DEAD, reason)
        return
    delay = (item.attempts**4 + 15) * random.uniform(1, 1.5)
    InboxItem.objects.filter(pk=item.pk).update(
        next_attempt_at=timezone.now() + timedelta(seconds=delay),
        claimed_until=None,
        last_error=reason[:2000].replace("\x00", ""),
    )
