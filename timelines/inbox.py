"""What statuses receive from other servers: posts, edits, deletions, reblogs, favourites, undoing.

Called by federation/inbox.py through genosocial/inbox_routes.py, in a job. The signer is proven to be the
actor. Every receiver is repeat-safe and finds what it is about by natural keys. What is none of our
business is dropped with a line in the log. Source: contract of the federation 3.2, 3.4, 3.5.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import inbox as accounts_inbox
from accounts.inbox import get_sender, undo_block, undo_follow, withdraw
from accounts.models import Account, Follow
from core import locks
from core.errors import Forbidden, NotFound, Unprocessable
from core.hosts import same_host
from core.prepared import Key, Prepared
from federation.fetch import fetch_document
from federation.local import is_local_uri
from federation.relays import is_relay
from federation.vocab import (
    POST_TYPES,
    PUBLIC,
    Activity,
    addressed,
    id_of,
    ids_of,
    time_of,
    type_of,
    types_of,
)
from federation.withdrawals import remember_withdrawn, was_withdrawn
from timelines import interactions, polls
from timelines.documents import NoteValues, read_note
from timelines.models import Favourite, Poll, Status, Tombstone
from timelines.remote import author_of, is_deleted, refetch_status, status_from_uri, upsert_status
from timelines.remote_people import find_reader
from timelines.remote_quotes import withdraw_stamp
from timelines.statuses import delete_status
from timelines.visibility import OPEN, can_see, visible_to

log = logging.getLogger(__name__)

# An edit of something unknown that is older is about a post that nobody here waits for.
MAX_AGE_OF_UNKNOWN = timedelta(days=1)
# More votes than a poll has options are none.
MAX_PARTS = 50

_BY_URI = Prepared(lambda uri: Status.objects.filter(uri=uri).select_related("account"), uri=Key)
_FOLLOWERS = Prepared(
    lambda author: Follow.objects.filter(target=author, account__domain__isnull=True).values_list("pk"),
    author=int,
)


# Posts


def receive_create(activity: Activity) -> None:
    """A new post: stored when it concerns somebody here. Several objects are the votes of one voter."""
    for part in activity.parts()[:MAX_PARTS]:
        _receive_post(part, is_edit=False)


def receive_update(activity: Activity) -> None:
    """An edited post; an unknown recent one is taken as new."""
    _receive_post(activity, is_edit=True)


def _receive_post(activity: Activity, *, is_edit: bool) -> None:
    uri = activity.object_uri
    if not _is_about_post(activity):
        return _ignore(activity, "no post")
    if not same_host(uri, activity.actor_uri):
        raise Forbidden(cause=f"{uri[:300]} is on another host than its actor")
    known = next(iter(_BY_URI.rows(uri=uri)), None)
    if known is not None and known.account.uri != activity.actor_uri:
        raise Forbidden(cause=f"{uri[:300]} is by somebody else")
    if is_deleted(uri, activity.actor_uri):
        return
    recipient = _recipient(activity)
    if known is not None and not is_edit:
        return _add_recipient(known, recipient)
    document, author = _trusted_post(activity, known.account if known is not None else get_sender(activity))
    values = read_note(document, activity.document)
    if values.vote_for is not None:
        return _receive_vote(activity, author, values.in_reply_to_uri, values.vote_for)
    if known is None:
        too_old = is_edit and timezone.now() - values.created_at > MAX_AGE_OF_UNKNOWN
        is_open = values.visibility(author.followers_url) in OPEN
        is_ours = _concerns_us(values, author, recipient) or (is_open and is_relay(activity.sender_uri))
        if too_old or not is_ours:
            return _ignore(activity, "concerns nobody here")
    upsert_status(document, author, activity=activity.document, recipient=recipient)


def _receive_vote(activity: Activity, voter: Account, status_uri: str, option: str) -> None:
    """A vote in a poll of ours; what cannot be counted is dropped, as other servers expect."""
    ours = Poll.objects.filter(status__uri=status_uri, status__is_local=True).select_related("status")
    poll = ours.first()
    if poll is None or option not in poll.options or not can_see(voter, poll.status):
        return _ignore(activity, "a vote for nothing of ours")
    try:
        polls.vote(voter, poll, [poll.options.index(option)])
    except Unprocessable as error:
        _ignore(activity, str(error.message))


def _trusted_post(activity: Activity, sender: Account) -> tuple[Mapping[str, Any], Account]:
    """Return the post and its author: as embedded when the actor wrote it, else as its own server has it.

    Somebody else's post is fetched only when its author is on its host, as in a group of Mobilizon.
    """
    document = activity.object_document()
    authors = ids_of(document.get("attributedTo")) if document is not None else []
    if document is not None and activity.actor_uri in authors:
        return document, sender
    if authors and not same_host(authors[0], activity.object_uri):
        raise Forbidden(cause=f"{activity.object_uri[:300]} is by {authors[0][:300]}")
    fetched = fetch_document(activity.object_uri, signed_by=find_reader(activity, sender))
    return fetched, author_of(fetched)


def _concerns_us(values: NoteValues, author: Account, recipient: Account | None) -> bool:
    """Tell whether anybody here follows the author, is addressed, or is part of the conversation."""
    ours = [uri for uri in values.recipients if is_local_uri(uri)]
    if ours and Account.objects.local().filter(uri__in=ours).exists():
        return True
    visibility = values.visibility(author.followers_url)
    if visibility in (Status.Visibility.DIRECT, Status.Visibility.LIMITED):
        return recipient is not None
    if visibility == Status.Visibility.PRIVATE:
        return Follow.objects.accepted().filter(target=author, account__domain__isnull=True).exists()
    return bool(_FOLLOWERS.tuples(author=author.pk, limit=1)) or _answers_us(values)


def _answers_us(values: NoteValues) -> bool:
    """Tell whether it replies to one of ours, or to somebody whom one of ours follows."""
    if not values.in_reply_to_uri:
        return False
    parents = Status.objects.kept().filter(uri=values.in_reply_to_uri)
    followed = Q(account__follows_in__account__domain__isnull=True, account__follows_in__isnull=False)
    return parents.filter(Q(is_local=True) | followed).exists()


def _recipient(activity: Activity) -> Account | None:
    if not activity.recipient_uri:
        return None
    return Account.objects.local().available().filter(uri=activity.recipient_uri).first()


def _add_recipient(status: Status, recipient: Account | None) -> None:
    """A post that came again, to another personal inbox: its owner may read it too."""
    if recipient is not None and status.visibility not in (*OPEN, Status.Visibility.PRIVATE):
        status.mentions.get_or_create(account=recipient, defaults={"silent": True})


def receive_delete(activity: Activity) -> None:
    """A post is gone, or consent to a quote, or with the actor's own id the whole actor.

    Unknown posts are remembered as gone.
    """
    uri = activity.object_uri
    if uri == activity.actor_uri:
        return accounts_inbox.receive_delete(activity)
    if uri and withdraw_stamp(uri, activity.actor_uri):
        return
    if not uri or not same_host(uri, activity.actor_uri):
        return _ignore(activity, "no post of this host")
    with transaction.atomic():
        locks.hold(uri)
        status = Status.objects.filter(uri=uri).select_related("account", "reblog_of__account").first()
        if status is None:
            remember_withdrawn(activity.actor_uri, uri, now=timezone.now())
            return
        if status.account.uri != activity.actor_uri:
            raise Forbidden(cause=f"{uri[:300]} is by somebody else")
        Tombstone.objects.get_or_create(uri=uri)
        if status.deleted_at is None:
            delete_status(status)


# Reblogs


def receive_announce(activity: Activity) -> None:
    """A reblog of something public, or of one's own; stored when booster or author concern somebody here.

    Groups pass on what their members do: of a Create or an Update the post is reblogged (FEP-1b12).
    """
    passed_on = _passed_on(activity)
    uri = passed_on.object_uri
    if not uri or not _is_about_post(passed_on):
        return _ignore(activity, "no post")
    # Taken in already, perhaps taken back since; or somebody's post, whose id it cannot have.
    if activity.id and Status.objects.filter(uri=activity.id).exists():
        return
    account = get_sender(activity)
    known = Status.objects.kept().filter(uri=uri).select_related("account").first()
    if not (known is not None and known.is_local) and not _is_followed(account):
        return _ignore(activity, "concerns nobody here")
    is_edited = passed_on.type == "Update" and known is not None and not known.is_local
    status = refetch_status(uri) if is_edited else known or _announced(passed_on, account)
    if not can_see(account, status):
        raise NotFound(cause="a reblog of what its actor cannot see")
    if status.visibility not in OPEN and status.account_id != account.pk:
        raise Forbidden(cause="a reblog of what is not public")
    if status.reblog_of_id is not None:
        raise Forbidden(cause="a reblog of a reblog")
    with transaction.atomic():
        locks.hold(activity.id)
        if is_deleted(activity.id, activity.actor_uri):
            return
        interactions.reblog(
            account,
            status,
            _announce_visibility(activity, account),
            uri=activity.id,
            created_at=time_of(activity.document, "published"),
        )


def _passed_on(activity: Activity) -> Activity:
    """Return the activity whose object is the post: the Announce itself, or what a group passes on in it.

    Of what is passed on only the id of its object is believed.
    """
    inner = activity.object_document()
    if inner is None or activity.object_type not in ("Create", "Update"):
        return activity
    post = inner.get("object")
    return replace(
        activity,
        type=activity.object_type,
        object=post,
        object_uri=id_of(post) or "",
        object_type=type_of(post),
    )


def _is_about_post(activity: Activity) -> bool:
    return activity.object_type is None or bool(POST_TYPES.intersection(types_of(activity.object)))


def _is_followed(account: Account) -> bool:
    return Follow.objects.filter(target=account, account__domain__isnull=True).exists()


def _announced(activity: Activity, account: Account) -> Status:
    """Return what is reblogged: one's own embedded post may be private, all else is fetched by id."""
    document = activity.object_document()
    is_own = document is not None and account.uri in ids_of(document.get("attributedTo"))
    if document is not None and is_own and same_host(activity.object_uri, account.uri):
        return upsert_status(document, account)
    return status_from_uri(activity.object_uri, signed_by=find_reader(activity, account))


def _announce_visibility(activity: Activity, account: Account) -> Status.Visibility:
    audience = addressed(activity.document)
    if PUBLIC in audience.to:
        return Status.Visibility.PUBLIC
    if PUBLIC in audience.cc:
        return Status.Visibility.UNLISTED
    return Status.Visibility.PRIVATE


def receive_undo_announce(activity: Activity) -> None:
    """A reblog is taken back."""
    withdraw(activity, _undo_announce)


def _undo_announce(activity: Activity, original_uri: str) -> bool:
    reblogs = Status.objects.kept().filter(account__uri=activity.actor_uri, reblog_of__isnull=False)
    wanted = Q(uri=activity.object_uri) | Q(reblog_of__uri=original_uri)
    reblog = reblogs.filter(wanted).select_related("account", "reblog_of__account").first()
    if reblog is None or reblog.reblog_of is None:
        return False
    interactions.unreblog(reblog.account, reblog.reblog_of)
    return True


# Favourites


def receive_like(activity: Activity) -> None:
    """A favourite of a status of ours; a reaction with an emoji counts as one."""
    statuses = Status.objects.kept().originals().filter(uri=activity.object_uri, is_local=True)
    if not statuses.exists():
        return
    account = get_sender(activity)
    status = visible_to(statuses, account).select_related("account").first()
    if status is None:
        raise NotFound(cause="a favourite of what its actor cannot see")
    with transaction.atomic():
        locks.hold(activity.id)
        if not was_withdrawn(activity.actor_uri, activity.id, now=timezone.now()):
            interactions.favourite(account, status, uri=activity.id)


def receive_undo_like(activity: Activity) -> None:
    """A favourite is taken back."""
    withdraw(activity, _undo_like)


def _undo_like(activity: Activity, status_uri: str) -> bool:
    favourites = Favourite.objects.filter(account__uri=activity.actor_uri)
    favourites = favourites.select_related("account", "status__account")
    by_id = favourites.exclude(uri="").filter(uri=activity.object_uri)
    favourite = by_id.first() or favourites.filter(status__uri=status_uri).first()
    if favourite is None:
        return False
    interactions.unfavourite(favourite.account, favourite.status)
    return True


def receive_undo(activity: Activity) -> None:
    """An Undo that names a bare id: whatever we have under it. Other kinds of things we do not keep."""
    if activity.object_document() is not None:
        return _ignore(activity, "an Undo of what we do not keep")
    withdraw(activity, _undo_announce, undo_follow, undo_block, _undo_like)


def _ignore(activity: Activity, reason: str) -> None:
    log.info(
        "activity_ignored",
        extra={"activity_type": activity.type, "activity_id": activity.id, "reason": reason},
    )
