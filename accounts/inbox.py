"""What accounts receive from other servers: follows and answers, blocks, changes and ends of profiles.

Called by federation/inbox.py through genosocial/inbox_routes.py, in a job. The signer is proven to be the
actor. Every receiver is repeat-safe and finds what it is about by natural keys.
Source: contract of the federation 3.4.
"""

import logging
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from accounts import outbox, relationships
from accounts.models import Account, Block, Follow
from accounts.moves import record_move
from accounts.remote import account_from_uri, delete_account, refresh_soon, upsert_account
from core import locks
from core.errors import Forbidden
from core.hosts import host_of
from core.prepared import Key, Prepared
from federation.fetch import fetch_document
from federation.keys import instance_actor_uri
from federation.local import is_local_uri
from federation.peers import is_blocked
from federation.relays import receive_answer
from federation.vocab import Activity, id_of
from federation.withdrawals import remember_withdrawn, was_withdrawn

log = logging.getLogger(__name__)


_SUSPENDED = Prepared(
    lambda uri: (
        Account.objects.remote()
        .filter(uri=uri, suspended_at__isnull=False)
        .values_list("suspended_by_origin")
    ),
    uri=Key,
)
# What an actor may still do whom its own server suspended: end what was, and be back.
_ENDING = frozenset({"Delete", "Reject", "Undo", "Update"})


def check_sender(activity: Activity) -> None:
    """Refuse whatever a suspended actor does; raises Forbidden. Whom its own server suspended may end things.

    Source: contract of the federation 3.2.
    """
    for (by_origin,) in _SUSPENDED.tuples(uri=activity.actor_uri):
        if by_origin and activity.type in _ENDING:
            continue
        raise Forbidden(cause=f"{activity.actor_uri} is suspended")


def receive_follow(activity: Activity) -> None:
    """A remote account wants to follow one of ours; whom else it follows is no business of ours."""
    if activity.object_uri == instance_actor_uri():
        follower = get_sender(activity)
        with transaction.atomic():
            outbox.send_reject_by_server(follower, activity.id)
        return
    target = _local(activity.object_uri)
    if target is None:
        return
    follower = get_sender(activity)
    with transaction.atomic():
        locks.hold(activity.id)
        if was_withdrawn(activity.actor_uri, activity.id, now=timezone.now()):
            return
        if _refuses(target, follower):
            outbox.send_reject(Follow(account=follower, target=target, uri=activity.id))
        else:
            relationships.follow(follower, target, uri=activity.id)


def receive_accept(activity: Activity) -> None:
    """A remote account accepts a follow of one of ours, or a relay ours; a second yes changes nothing."""
    if receive_answer(activity.object_uri, activity.actor_uri, accepted=True):
        return
    with transaction.atomic():
        follow = _find_follow_by_us(activity)
        if follow is not None and follow.accepted_at is None:
            relationships.accept_follow(follow)


def receive_reject(activity: Activity) -> None:
    """A remote account refuses a follow of one of ours, or ends it; so may a relay."""
    if receive_answer(activity.object_uri, activity.actor_uri, accepted=False):
        return
    with transaction.atomic():
        follow = _find_follow_by_us(activity)
        if follow is not None:
            relationships.reject_follow(follow)


def receive_undo_follow(activity: Activity) -> None:
    """A remote account ends its follow, or takes its request back."""
    withdraw(activity, undo_follow)


def undo_follow(activity: Activity, target_uri: str) -> bool:
    """End the follow that an Undo names by id, or by pair; True when there was one."""
    follows = Follow.objects.filter(account__uri=activity.actor_uri).select_related("account", "target")
    by_id = follows.exclude(uri="").filter(uri=activity.object_uri)
    follow = by_id.first() or follows.filter(target__uri=target_uri).first()
    if follow is None:
        return False
    relationships.unfollow(follow.account, follow.target)
    return True


def receive_undo_accept(activity: Activity) -> None:
    """A remote account takes its yes back: the follow becomes a request again."""
    inner = activity.object_document() or {}
    follows = Follow.objects.accepted().filter(target__uri=activity.actor_uri, account__domain__isnull=True)
    with transaction.atomic():
        follow = (
            follows.filter(uri=id_of(inner.get("object")) or "").select_related("account", "target").first()
        )
        if follow is not None and _is_own(inner, activity):
            relationships.unaccept_follow(follow)


def receive_block(activity: Activity) -> None:
    """A remote account blocks one of ours. With a ``target`` it is a ban from a group: ignored."""
    target = _local(activity.object_uri)
    if target is None or activity.document.get("target") is not None:
        return
    blocker = get_sender(activity)
    with transaction.atomic():
        locks.hold(activity.id)
        if not was_withdrawn(activity.actor_uri, activity.id, now=timezone.now()):
            relationships.block(blocker, target, uri=activity.id)


def receive_undo_block(activity: Activity) -> None:
    """A remote account lifts its block."""
    withdraw(activity, undo_block)


def undo_block(activity: Activity, target_uri: str) -> bool:
    """Lift the block that an Undo names by id, or by pair; True when there was one."""
    blocks = Block.objects.filter(account__uri=activity.actor_uri).select_related("account", "target")
    by_id = blocks.exclude(uri="").filter(uri=activity.object_uri)
    block = by_id.first() or blocks.filter(target__uri=target_uri).first()
    if block is None:
        return False
    relationships.unblock(block.account, block.target)
    return True


def withdraw(activity: Activity, *attempts: Callable[[Activity, str], bool]) -> None:
    """Undo what an Undo names: the first attempt that finds it does it, else its id is remembered as undone.

    An attempt gets the activity and the uri of what the undone activity was about. Raises Forbidden when the
    undone activity is said to be somebody else's.
    """
    inner = activity.object_document() or {}
    if not _is_own(inner, activity):
        raise Forbidden(cause="an Undo of what somebody else did")
    target_uri = id_of(inner.get("object")) or ""
    with transaction.atomic():
        locks.hold(activity.object_uri)
        found = any(attempt(activity, target_uri) for attempt in attempts)
        if not found and activity.object_uri:
            remember_withdrawn(activity.actor_uri, activity.object_uri, now=timezone.now())


def receive_update(activity: Activity) -> None:
    """A remote actor changed; its embedded document counts, since the actor signed it."""
    document = activity.object_document()
    if document is None or activity.object_uri != activity.actor_uri:
        return
    if Account.objects.filter(uri=activity.actor_uri).exists():
        upsert_account(document, announced=True)


def receive_delete(activity: Activity) -> None:
    """A remote actor is gone, and all it wrote with it."""
    if activity.object_uri != activity.actor_uri:
        return
    account = Account.objects.remote().filter(uri=activity.actor_uri).first()
    if account is not None:
        delete_account(account)


def receive_move(activity: Activity) -> None:
    """A remote actor lives elsewhere from now on; the new account must say so itself, right now."""
    if activity.object_uri != activity.actor_uri:
        raise Forbidden(cause="a move of somebody else")
    account = Account.objects.remote().filter(uri=activity.actor_uri).first()
    if account is None:
        return
    target = _new_home(id_of(activity.document.get("target")) or "")
    with transaction.atomic():
        if record_move(get_sender(activity), target, activity.received_at) is None:
            log.info("move_too_soon", extra={"uri": account.uri})


def _new_home(uri: str) -> Account:
    host = host_of(uri)
    if host is None or is_local_uri(uri) or is_blocked(host):
        return account_from_uri(uri, fetch=False)
    return upsert_account(fetch_document(uri))


def get_sender(activity: Activity) -> Account:
    """Return the account of the actor, fetched if unknown. Raises Forbidden when it is suspended here."""
    account = account_from_uri(activity.actor_uri)
    if account.is_local or account.suspended_at is not None:
        raise Forbidden(cause=f"{activity.actor_uri} is suspended or ours")
    refresh_soon(account)
    return account


def _find_follow_by_us(activity: Activity) -> Follow | None:
    """Return the follow of a local account that an answer is about; only its target can answer."""
    if activity.object_type not in (None, "Follow"):
        return None
    follows = Follow.objects.filter(target__uri=activity.actor_uri, account__domain__isnull=True)
    follows = follows.select_related("account", "target")
    by_id = follows.filter(uri=activity.object_uri).first() if activity.object_uri else None
    if by_id is not None:
        return by_id
    inner = activity.object_document() or {}
    if id_of(inner.get("object")) not in (None, activity.actor_uri):
        return None
    return follows.filter(account__uri=id_of(inner.get("actor")) or "").first()


def _is_own(inner: dict[str, object], activity: Activity) -> bool:
    return id_of(inner.get("actor")) in (None, activity.actor_uri)


def _local(uri: str) -> Account | None:
    return Account.objects.local().available().filter(uri=uri).first()


def _refuses(target: Account, follower: Account) -> bool:
    return target.moved_to_id is not None or relationships.is_blocked_either_way(target, follower)
