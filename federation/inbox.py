"""What comes in: one verified request becomes one row, and a job makes of the row what it says.

`accept_request` answers the door; `process_due` and `process_with_network` are the jobs, `process_due` for
all that can be decided from what is here, in the transaction that also closes the item, and the other for
what has to ask other servers first. The way up to the receivers is one table, `settings.INBOX_ROUTES`.
Source: contract of the federation §2.5, §3.1.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from core import gathering, http, pubsub
from core.errors import AppError, Forbidden, TooLarge, UnsupportedType
from core.hosts import host_of, same_host
from federation import authorship, budgets, followers_sync, inbox_queue, peers
from federation.inbox_queue import Item
from federation.local import is_local_uri
from federation.models import InboxItem, RemoteKey
from federation.verify import VerifiedRequest, verify_request
from federation.vocab import (
    PUBLIC,
    Activity,
    addressed,
    id_of,
    object_of,
    parse_document,
    read_activity,
    type_of,
)

MAX_BODY_BYTES = 1_048_576
MAX_ID_BYTES = 1024
# A job ends after this and another goes on: pictures wait in the same queue.
_MAX_SECONDS = 5.0
# So many threads of a process may wait for other servers.
NETWORK_AT_ONCE = 4
_MAX_SECONDS_WITH_NETWORK = 60.0
_WAKE_KEY = "federation:inbox:wake"
# A job that was lost with its worker is not waited for any longer.
_WAKE_SECONDS = 10

_CONTENT_TYPES = frozenset({"application/activity+json", "application/ld+json"})
_NAMELESS = "urn:sha256:"
# What is taken back by its own id, which is then the object of an Undo.
_UNDONE_BY_ID = frozenset({"Follow", "Like", "Announce", "Block", "EmojiReact"})
_waiting_for_network = threading.BoundedSemaphore(NETWORK_AT_ONCE)
logger = structlog.get_logger(__name__)


# The door


def accept_request(request: HttpRequest, *, recipient_uri: str, now: datetime) -> None:
    """Take one activity in; returning means 202, and that it is stored if it is to be processed.

    Raises TooLarge, UnsupportedType, BadRequest, Unauthenticated or Unavailable; nothing is stored then.
    Silently dropped, with a line in the log: what blocked domains send, what somebody else than its actor
    signed and nothing inside could prove, and the deletion of somebody we never heard of (whose key cannot be
    had any more, so it is not even fetched).
    """
    body = _body(request)
    document = parse_document(body)
    if _is_departure_of_stranger(document):
        return
    verified = verify_request(request, now=now)
    activity = read_activity(document, recipient_uri=recipient_uri, received_at=now, body=body)
    reason = _reason_to_drop(activity, verified.actor_uri)
    if activity is None or reason:
        logger.info("inbox_dropped", reason=reason, signer=verified.actor_uri[:300])
    elif inbox_queue.store(_item(activity, verified)):
        transaction.on_commit(wake, robust=True)
        if header := request.headers.get(followers_sync.HEADER):
            followers_sync.note_announced(header, verified.actor_uri)
    else:
        logger.info("inbox_dropped", reason="a duplicate or of a blocked domain", activity_id=activity.id)


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


def _reason_to_drop(activity: Activity | None, signer_uri: str) -> str:
    """Return why a verified activity is not taken in; "" when it is."""
    if activity is None:
        return "no type or not exactly one actor"
    if activity.actor_uri != signer_uri and not authorship.is_signed_inside(activity.document):
        return "signed by somebody else than its actor"
    if activity.id and not same_host(activity.id, activity.actor_uri):
        return "its id is on another host than its actor"
    if len(activity.id.encode()) > MAX_ID_BYTES or len(signer_uri.encode()) > MAX_ID_BYTES:
        return "over-long id"
    return "it names one of ours as its actor" if is_local_uri(activity.actor_uri) else ""


def _item(activity: Activity, sender: VerifiedRequest) -> Item:
    """Return the row of an activity, in the name of whoever sent it.

    Were what others pass on stored in the name of its actor, a forged one could take the place of the real
    one.
    """
    return Item(
        id=0,
        activity_id=activity.id or _NAMELESS + hashlib.sha256(activity.body).hexdigest(),
        actor_uri=sender.actor_uri,
        subject_uri=_subject(activity),
        host=sender.host,
        activity_type=activity.type[:100],
        body=activity.body.decode(),
        recipient_uri="" if _is_public(activity) else activity.recipient_uri,
        attempts=0,
        received_at=activity.received_at,
    )


def _subject(activity: Activity) -> str:
    """Return what it is about; activities of one actor about the same are processed in their order."""
    subject = activity.id if activity.type in _UNDONE_BY_ID else activity.object_uri
    return subject if len(subject.encode()) <= MAX_ID_BYTES else ""


def _is_public(activity: Activity) -> bool:
    """Tell whether all may read it: then it is all one whose inbox it came to, and once is enough."""
    return any(
        PUBLIC in (*audience.to, *audience.cc)
        for audience in map(addressed, (activity.document, object_of(activity.object) or {}))
    )


def wake() -> None:
    """Let a worker look; while one is called but has not looked, no other is called. The sweep makes sure."""
    from federation.tasks import process_inbox

    if pubsub.connection().set(_WAKE_KEY, 1, nx=True, ex=_WAKE_SECONDS):
        process_inbox.delay()


# The jobs


def process_due() -> bool:
    """Process all that is due and needs no other server; returns whether time ran out before the end.

    What does need one is left to `process_with_network`, whose jobs are enqueued here.
    """
    deadline = time.monotonic() + _MAX_SECONDS
    # Before looking: who stores something from now on calls a worker again.
    pubsub.connection().delete(_WAKE_KEY)
    while time.monotonic() < deadline:
        items = inbox_queue.claim(
            timezone.now(),
            needs_network=False,
            most=inbox_queue.ITEMS_PER_CLAIM,
            each=inbox_queue.ITEMS_PER_HOST,
        )
        if not items:
            return False
        if len(items) == inbox_queue.ITEMS_PER_CLAIM:
            wake()  # one more process can help
        with gathering.gathered():
            _process_batch(items)
    return True


def process_with_network() -> bool:
    """Process what may have to wait for other servers, one by one; returns whether time ran out.

    A few threads of a process do so at once; one more leaves at once.
    """
    if not _waiting_for_network.acquire(blocking=False):
        return False
    try:
        deadline = time.monotonic() + _MAX_SECONDS_WITH_NETWORK
        while time.monotonic() < deadline:
            items = inbox_queue.claim(timezone.now(), needs_network=True, most=1, each=1)
            if not items:
                return False
            _process_waiting(items[0])
        return True
    finally:
        _waiting_for_network.release()


def _process_batch(items: Sequence[Item]) -> None:
    """Process claimed items in their order; what follows on something that has to wait waits too."""
    from federation.tasks import process_inbox_with_network

    put_off: set[tuple[str, str]] = set()
    to_network = 0
    for item in items:
        subject = (item.actor_uri, item.subject_uri)
        if item.subject_uri and subject in put_off:
            inbox_queue.put_back([item])
            continue
        outcome = _process_here(item)
        if outcome is not Outcome.CLOSED:
            put_off.add(subject)
        to_network += outcome is Outcome.NEEDS_NETWORK
    peers.note_success({item.host for item in items}, timezone.now())
    for _ in range(min(to_network, NETWORK_AT_ONCE)):
        process_inbox_with_network.delay()


class Outcome(Enum):
    """What became of an item in the lane without network."""

    CLOSED = "closed"
    PUT_OFF = "put off"
    NEEDS_NETWORK = "needs network"


def _process_here(item: Item) -> Outcome:
    """Process an item in one transaction with its closing: both happen, once, or neither."""
    try:
        try:
            _dispatch_and_close(item)
        except IntegrityError:
            # Somebody made the same at the same moment, or an id was drawn twice: not so the second time.
            _dispatch_and_close(item)
    except http.NetworkNeeded:
        inbox_queue.leave_to_network(item)
        return Outcome.NEEDS_NETWORK
    except Exception as error:
        return _record_failure(item, error)
    return Outcome.CLOSED


def _dispatch_and_close(item: Item) -> None:
    with budgets.began_by(_cause(item)), transaction.atomic():
        if inbox_queue.close_done(item.id):
            with http.without_network():
                _dispatch(item)


def _process_waiting(item: Item) -> None:
    """Process an item outside of transactions; its receiver may ask other servers, and is repeat-safe."""
    try:
        with budgets.began_by(_cause(item)):
            _dispatch(item)
    except Exception as error:
        _record_failure(item, error)
    else:
        inbox_queue.close(item.id, InboxItem.State.DONE, "")


def _cause(item: Item) -> str:
    return f"inbox:{item.id}"


def _record_failure(item: Item, error: Exception) -> Outcome:
    """Note what is refused for good as done, with the reason; all else is tried again."""
    if not isinstance(error, AppError):
        logger.error("inbox_item_failed", item_id=item.id, activity_type=item.activity_type, exc_info=error)
        reason = f"{type(error).__name__}: {error}"
    else:
        reason = error.cause or str(error.message)
        if error.permanent:
            inbox_queue.close(item.id, InboxItem.State.DONE, f"refused: {reason}")
            return Outcome.CLOSED
    inbox_queue.try_again(item, reason)
    return Outcome.PUT_OFF


def _dispatch(item: Item) -> None:
    if item.attempts > inbox_queue.MAX_ATTEMPTS:
        raise WorkerLost(f"{item.attempts - 1} tries have ended with the worker")
    activity = _authored(item)
    if activity is None:
        return
    routes = _routes()
    route = routes.get((activity.type, activity.object_type)) or routes.get((activity.type, None))
    if route is None:
        logger.debug("inbox_ignored", activity_type=activity.type[:100], object_type=activity.object_type)
        return
    _gate()(activity)
    import_string(route)(activity)


def _authored(item: Item) -> Activity | None:
    """Return the activity, as its actor said it; raises Forbidden when somebody else sent it and that cannot
    be proven.
    """
    body = item.body.encode()
    document = parse_document(body)
    is_passed_on = id_of(document.get("actor")) != item.actor_uri
    if is_passed_on:
        document = authorship.get_proven(document, item.received_at)
    activity = read_activity(
        document,
        recipient_uri=item.recipient_uri,
        received_at=item.received_at,
        body=body,
        sender_uri=item.actor_uri,
    )
    if is_passed_on and activity is not None:
        reason = _reason_to_drop(activity, activity.actor_uri)
        if reason or peers.is_blocked(host_of(activity.actor_uri) or ""):
            raise Forbidden(cause=reason or f"{activity.actor_uri[:300]} is of a blocked domain")
    return activity


class WorkerLost(Exception):
    """Whoever took up this activity has never come back from it."""


@cache
def _gate() -> Callable[[Activity], None]:
    """Return what refuses the activities of some actors, whatever they are about."""
    gate: Callable[[Activity], None] = import_string(settings.INBOX_GATE)
    return gate


@cache
def _routes() -> dict[tuple[str, str | None], str]:
    routes: dict[tuple[str, str | None], str] = import_string(settings.INBOX_ROUTES)
    return routes
