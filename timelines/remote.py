"""Statuses of other servers: fetched, stored, brought up to date.

Called by timelines/inbox.py, by search and by the job that walks up a thread. The network is asked before the
transaction, never inside. Source: contract of the federation 3.2, 3.3, 3.6, 3.7.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Account
from accounts.remote import account_from_uri, upsert_account
from core import locks
from core.errors import AppError, Forbidden, Gone, NotFound
from core.hosts import host_of, same_host
from core.ids import new_id
from core.prepared import Key, Prepared
from federation.fetch import DocumentGone, fetch_document, fetch_pasted
from federation.local import is_local_uri
from federation.peers import is_blocked
from federation.vocab import ACTOR_TYPES, id_of, types_of
from federation.withdrawals import was_withdrawn
from media.remote import save_remote_attachments, save_remote_emojis
from timelines import remote_edits, remote_polls, remote_quotes
from timelines.content import store_tags
from timelines.documents import BadNote, NoteValues, read_note
from timelines.models import Mention, Status, Tombstone
from timelines.remote_people import People, find_local_account, find_people
from timelines.statuses import delete_status, replied_to, status_created
from timelines.visibility import OPEN

log = logging.getLogger(__name__)

MAX_HOPS = 20
# A quoted status is fetched at the price of so many hops: two quotes deep, each with a shorter thread.
QUOTE_HOPS = 10
# Replies that a post names are fetched, but not what these name: that is for whoever opens the thread.
REPLY_HOPS = 10
_AROUND_POSTS = frozenset({"Create", "Announce"})


_TOMBSTONE = Prepared(lambda uri: Tombstone.objects.filter(uri=uri).values_list("pk"), uri=Key)
_HELD = Prepared(lambda uri: Status.objects.select_for_update(of=("self",)).filter(uri=uri), uri=Key)
_ORPHANS = Prepared(
    lambda uri: Status.objects.kept().filter(in_reply_to_uri=uri, in_reply_to__isnull=True).values_list("pk"),
    uri=Key,
)


# Finding


def status_from_uri(uri: str, *, fetch: bool = True, hops: int = 0, signed_by: str | None = None) -> Status:
    """Return the status with this uri; fetched and stored when unknown and ``fetch`` is set.

    ``signed_by`` is an actor of ours who may see it, needed for what is not for everybody.
    Raises NotFound, Gone, Forbidden, BadNote, RemoteUnreachable. May use the network: call it outside
    transactions, or without ``fetch``. Uris of our own are never fetched.
    """
    known = Status.objects.kept().filter(uri=uri).select_related("account", "in_reply_to").first()
    if known is not None:
        return known
    host = host_of(uri)
    if not fetch or host is None or is_local_uri(uri) or is_blocked(host):
        raise NotFound(cause=f"no status {uri[:300]}")
    if Tombstone.objects.filter(uri=uri).exists():
        raise Gone(cause=f"{uri[:300]} was deleted")
    return _store_fetched(fetch_document(uri, signed_by=signed_by), hops=hops)


def resolve_url(url: str) -> Account | Status:
    """Return what a URL pasted by a person stands for: an actor, a post, or the page about one.

    Raises NotFound, Forbidden, RemoteUnreachable. Uses the network for what is not ours.
    """
    if is_local_uri(url):
        return _find_local(url)
    if host_of(url) is None or is_blocked(host_of(url) or ""):
        raise NotFound(cause=f"no address {url[:300]}")
    try:
        document = fetch_pasted(url)
    except DocumentGone:
        forget_gone(url)
        raise
    if ACTOR_TYPES.intersection(types_of(document)):
        return upsert_account(document)
    return _store_fetched(document, hops=0)


def _find_local(url: str) -> Account | Status:
    statuses = Status.objects.kept().filter(is_local=True).select_related("account", "in_reply_to")
    tail = url.rpartition("/")[2]
    number = int(tail) if tail.isdecimal() and len(tail) < 19 else 0
    found = find_local_account(url) or statuses.filter(Q(uri=url) | Q(pk=number, url=url)).first()
    if found is None:
        raise NotFound(cause=f"no address {url[:300]}")
    return found


def _store_fetched(document: Mapping[str, Any], *, hops: int) -> Status:
    if _AROUND_POSTS.intersection(types_of(document)):
        # The activity around a post: what counts is the post itself, at its own address.
        uri = id_of(document.get("object")) or ""
        if is_local_uri(uri):
            return status_from_uri(uri, fetch=False)
        document = fetch_document(uri)
    return upsert_status(document, author_of(document), hops=hops)


def author_of(document: Mapping[str, Any]) -> Account:
    """Return who wrote a post that came from its own host; raises BadNote when the author lives elsewhere.

    May use the network.
    """
    author_uri = id_of(document.get("attributedTo")) or ""
    if not same_host(author_uri, id_of(document) or ""):
        raise BadNote(cause="a post of an author on another host")
    return account_from_uri(author_uri)


def refetch_status(uri: str) -> Status:
    """Return the status with this uri as its server has it now, known or not.

    Raises as `status_from_uri`. Uses the network: call it outside transactions.
    """
    try:
        return _store_fetched(fetch_document(uri), hops=0)
    except DocumentGone:
        forget_gone(uri)
        raise


def forget_gone(uri: str) -> None:
    """Delete the known remote post whose server says that it does not exist; what is not open may be hidden.

    Source: contract of the federation 3.3.
    """
    gone = Status.objects.kept().originals().filter(Q(uri=uri) | Q(url=uri), is_local=False)
    with transaction.atomic():
        for status in gone.filter(visibility__in=OPEN).select_related("account"):
            if same_host(status.uri, uri):
                Tombstone.objects.get_or_create(uri=status.uri)
                delete_status(status)


# Storing


def upsert_status(
    document: Mapping[str, Any],
    author: Account,
    *,
    activity: Mapping[str, Any] | None = None,
    recipient: Account | None = None,
    hops: int = 0,
) -> Status:
    """Store a post document of ``author`` as a status, or bring the known one up to date.

    The document must come from its own host or be signed by its author. ``recipient`` owns the personal
    inbox that it came to. Raises BadNote, Forbidden (somebody else's), Gone (deleted already).
    """
    values = read_note(document, activity)
    if author.uri not in values.author_uris or not same_host(values.uri, author.uri):
        raise Forbidden(cause=f"{values.uri[:300]} is not by {author.uri[:300]}")
    if author.is_local or is_blocked(author.domain or ""):
        raise Forbidden(cause=f"{author.uri[:300]} is blocked or ours")
    # What we have of the suspended is kept up to date, unseen, for the day when they are let in again.
    if author.suspended_at is not None and not Status.objects.filter(uri=values.uri).exists():
        raise Forbidden(cause=f"{author.uri[:300]} is suspended")
    if values.vote_for is not None:
        raise BadNote(cause="a vote is no status")
    people = find_people(values, author, recipient)
    with transaction.atomic():
        locks.hold(values.uri)
        known = next(iter(_HELD.rows(uri=values.uri)), None)
        if known is None:
            created = _create(values, author, people, hops=hops)
            checked = remote_quotes.needs_check(created) if values.quote is not None else None
            _verify_later([checked, *remote_quotes.link(created)], hops=hops)
            return created
        if known.account_id != author.pk:
            raise Forbidden(cause=f"{values.uri[:300]} is by somebody else")
        if known.deleted_at is not None:
            raise Gone(cause=f"{values.uri[:300]} was deleted")
        known.account = author
        remote_edits.apply_edit(known, values, people.mentioned)
        _verify_later([remote_quotes.needs_check(known)], hops=hops)
    return known


def _create(values: NoteValues, author: Account, people: People, *, hops: int) -> Status:
    # Asked again under the lock: the deletion may have come while people were looked up.
    if is_deleted(values.uri, author.uri):
        raise Gone(cause=f"{values.uri[:300]} was deleted")
    parent = _find_parent(values)
    status = Status(
        id=new_id(values.created_at),
        uri=values.uri,
        url=values.url,
        account=author,
        is_local=False,
        content=values.content,
        spoiler_text=values.spoiler_text,
        sensitive=values.sensitive,
        visibility=_visibility(values, author, people),
        language=values.language,
        linked_url=values.linked_url,
        in_reply_to=parent,
        in_reply_to_uri=values.in_reply_to_uri,
        in_reply_to_account_id=replied_to(author, parent),
        # Never empty: who answers and who mutes needs a key of the thread.
        conversation_uri=values.conversation_uri or (parent.conversation_uri if parent else "") or values.uri,
        origin_favourites_count=values.favourites_count,
        origin_reblogs_count=values.reblogs_count,
        **remote_quotes.policies(values, author),
        created_at=values.created_at,
        edited_at=values.edited_at,
    )
    files = save_remote_attachments(author.pk, values.files)
    status.media_ids = [attachment.pk for attachment in files]
    status.save(force_insert=True)
    if values.poll is not None:
        remote_polls.save_poll(status, values.poll)
    remote_quotes.save_quote(status, values.quote)
    if values.tag_names:
        status.tags.set(store_tags(values.tag_names))
    save_remote_emojis(author.domain or "", values.emojis)
    Mention.objects.bulk_create(
        [Mention(status=status, account=account) for account in people.mentioned]
        + [Mention(status=status, account=account, silent=True) for account in people.silent]
    )
    status_created(status, mentioned=[account.pk for account in people.mentioned])
    link_replies(status)
    if parent is None and values.in_reply_to_uri and hops < MAX_HOPS:
        transaction.on_commit(partial(fetch_parent.delay, status_id=status.pk, hops=hops + 1), robust=True)
    if values.reply_uris and status.visibility in OPEN and hops + REPLY_HOPS < MAX_HOPS:
        later = partial(fetch_replies.delay, uris=values.reply_uris, hops=hops + REPLY_HOPS)
        transaction.on_commit(later, robust=True)
    return status


def is_deleted(uri: str, author_uri: str) -> bool:
    """Tell whether a post was deleted, be it before it came."""
    return bool(_TOMBSTONE.tuples(uri=uri)) or was_withdrawn(author_uri, uri, now=timezone.now())


def _find_parent(values: NoteValues) -> Status | None:
    if not values.in_reply_to_uri:
        return None
    return Status.objects.kept().filter(uri=values.in_reply_to_uri).select_related("account").first()


def _visibility(values: NoteValues, author: Account, people: People) -> Status.Visibility:
    visibility = values.visibility(author.followers_url)
    if visibility == Status.Visibility.DIRECT and people.silent and values.direct_message is not True:
        return Status.Visibility.LIMITED
    return visibility


# Threads


def link_replies(parent: Status) -> None:
    """Hang replies that were here before their parent under it."""
    if not _ORPHANS.tuples(uri=parent.uri, limit=1):
        return
    orphans = Status.objects.kept().filter(in_reply_to_uri=parent.uri, in_reply_to__isnull=True)
    linked = orphans.exclude(pk=parent.pk).update(
        in_reply_to=parent, in_reply_to_account_id=parent.account_id
    )
    if linked:
        Status.objects.filter(pk=parent.pk).update(replies_count=F("replies_count") + linked)


@shared_task(name="timelines.fetch_parent", queue="default")
def fetch_parent(*, status_id: int, hops: int) -> None:
    """Fetch what a status replies to; each hop up a thread is a job of its own. Repeat-safe."""
    status = Status.objects.kept().filter(pk=status_id, in_reply_to__isnull=True).first()
    if status is None or not status.in_reply_to_uri:
        return
    try:
        parent = status_from_uri(status.in_reply_to_uri, hops=hops)
    except AppError as error:
        log.info("parent_not_fetched", extra={"uri": status.in_reply_to_uri, "cause": str(error)})
        return
    with transaction.atomic():
        link_replies(parent)


@shared_task(name="timelines.fetch_replies", queue="default")
def fetch_replies(*, uris: Sequence[str], hops: int) -> None:
    """Fetch the few replies that a post names. Repeat-safe."""
    for uri in uris:
        try:
            status_from_uri(uri, hops=hops)
        except AppError as error:
            log.info("reply_not_fetched", extra={"uri": uri, "cause": str(error)})


# Quotes


def _verify_later(quote_ids: Iterable[int | None], *, hops: int) -> None:
    for quote_id in quote_ids:
        if quote_id is not None:
            later = partial(verify_quote.delay, quote_id=quote_id, hops=hops + QUOTE_HOPS)
            transaction.on_commit(later, robust=True)


@shared_task(name="timelines.verify_quote", queue="default")
def verify_quote(*, quote_id: int, hops: int) -> None:
    """Fetch what a remote status quotes, if it is not here, and the proof of consent. Repeat-safe."""
    quote = remote_quotes.find_unverified(quote_id)
    if quote is None:
        return
    try:
        if quote.quoted is None:
            remote_quotes.link(status_from_uri(quote.quoted_uri, fetch=hops <= MAX_HOPS, hops=hops))
            quote = remote_quotes.find_unverified(quote_id)
        if quote is not None:
            remote_quotes.verify(quote)
    except AppError as error:
        log.info("quote_not_verified", extra={"quote_id": quote_id, "cause": str(error)})
