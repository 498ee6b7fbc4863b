"""Forwarding: what others say about posts of ours reaches our followers elsewhere, who would not hear of it.

Called by federation/inbox.py through genosocial/inbox_routes.py in front of timelines/inbox.py, since only
there is it known what changed. Forwarded is what was received, byte for byte, and only with a Linked Data
signature, by which others know its author. Source: ActivityPub 7.1.2; contract of the federation 3.9.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.models import Account, Follow
from accounts.outbox import inboxes_of
from core.hosts import host_of
from federation.authorship import is_forwardable
from federation.delivery import deliver
from federation.vocab import Activity, parse_document
from timelines import inbox
from timelines.models import Quote, Status
from timelines.visibility import OPEN


def receive_create(activity: Activity) -> None:
    """Take in a post; a public reply to one of ours goes on to the followers of that author."""
    is_new = _is_signed(activity) and not Status.objects.filter(uri=activity.object_uri).exists()
    inbox.receive_create(activity)
    if is_new and (status := _find_open(activity)) is not None:
        _forward(activity, _replied_to(status))


def receive_update(activity: Activity) -> None:
    """Take in an edit; what is newer goes on to the followers of those who show the post."""
    before = _edited_at(activity)
    inbox.receive_update(activity)
    if _is_signed(activity) and (status := _find_open(activity)) is not None and status.edited_at != before:
        _forward(activity, _showing(status))


def receive_delete(activity: Activity) -> None:
    """Take in a deletion, of a post or of a consent; it goes on to the followers of those who showed it."""
    ours = _concerned_by_end(activity) if _is_signed(activity) else []
    if ours and not _is_proven(activity):
        ours = []
    inbox.receive_delete(activity)
    _send(activity, ours)


def _is_signed(activity: Activity) -> bool:
    """Tell whether an activity may be forwardable at all; to prove it is dear."""
    return isinstance(activity.document.get("signature"), dict) or b'"signature"' in activity.body


def _is_proven(activity: Activity) -> bool:
    return is_forwardable(parse_document(activity.body), activity.received_at)


def _find_open(activity: Activity) -> Status | None:
    statuses = Status.objects.kept().filter(uri=activity.object_uri, account__uri=activity.actor_uri)
    return statuses.filter(visibility__in=OPEN, is_local=False).first()


def _edited_at(activity: Activity) -> datetime | None:
    return Status.objects.filter(uri=activity.object_uri).values_list("edited_at", flat=True).first()


# For whom it is forwarded: accounts of ours, the first of whom signs.


def _replied_to(status: Status) -> list[Account]:
    return _ours(Q(pk=status.in_reply_to_account_id))


def _showing(status: Status) -> list[Account]:
    """Return who of ours is replied to, reblogged it or quotes it."""
    reblogging = Status.objects.kept().filter(reblog_of=status, is_local=True).values("account")
    quoting = Quote.objects.filter(quoted=status, state=Quote.State.ACCEPTED, status__is_local=True)
    shown_by = Q(pk__in=reblogging) | Q(pk__in=quoting.values("status__account"))
    return _ours(shown_by | Q(pk=status.in_reply_to_account_id))


def _concerned_by_end(activity: Activity) -> list[Account]:
    status = _find_open(activity)
    if status is not None:
        return _showing(status)
    if not activity.object_uri:
        return []
    stamped = Quote.objects.filter(
        approval_uri=activity.object_uri, status__is_local=True, quoted__account__uri=activity.actor_uri
    )
    return _ours(Q(pk__in=stamped.values("status__account")))


def _ours(wanted: Q) -> list[Account]:
    return list(Account.objects.local().available().filter(wanted).order_by("pk"))


def _forward(activity: Activity, ours: Collection[Account]) -> None:
    if ours and _is_proven(activity):
        _send(activity, ours)


def _send(activity: Activity, ours: Collection[Account]) -> None:
    """Owe the original to the followers elsewhere of these accounts of ours, save to where it came from."""
    if not ours:
        return
    follows = Follow.objects.accepted().filter(target__in=[account.pk for account in ours])
    origin = host_of(activity.actor_uri)
    inboxes = inboxes_of(Account.objects.filter(pk__in=follows.values("account")))
    with transaction.atomic():
        deliver(
            activity.document,
            body=activity.body,
            sender_uri=next(iter(ours)).uri,
            inboxes=[address for address in inboxes if host_of(address) != origin],
            object_uri=activity.object_uri,
        )
