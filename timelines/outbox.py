"""What statuses and interactions send to other servers.

Called by timelines/statuses.py and timelines/interactions.py inside their transactions, so that what happened
and what is owed to others stand or fall together. Nothing happens when the one who acts is not ours, or when
nobody elsewhere is concerned. Source: contract of the federation 4.5.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any
from uuid import uuid4

from django.db.models import QuerySet
from django.utils import timezone

from accounts.followers_sync import followers_digests
from accounts.models import Account, Follow
from accounts.outbox import inboxes_of
from core.prepared import Ids as Places
from core.prepared import Prepared
from federation.delivery import deliver
from federation.relays import relay_inboxes
from timelines import documents
from timelines.models import Favourite, FeaturedTag, Mention, Poll, PollVote, Quote, Status, StatusPin
from timelines.visibility import OPEN

_FOR_FOLLOWERS = (*OPEN, Status.Visibility.PRIVATE)


def send_create(note: documents.Note) -> None:
    """Send a new status of a local account to all whom it concerns; its mentions must be there already."""
    status = note.status
    # Most often nobody elsewhere is concerned, and then there is nothing to render.
    if status.account.is_local and (inboxes := _inboxes_of_new(note)):
        create = documents.with_context(documents.render_create(note))
        deliver(
            create,
            sender_uri=status.account.uri,
            inboxes=inboxes,
            object_uri=status.uri,
            provable=status.visibility in OPEN,
            followers_digests=_digests(status),
        )


def _inboxes_of_new(note: documents.Note) -> list[str]:
    """Return where a new status goes: as `_concerned` says, of what is known, by one query built once."""
    status = note.status
    accounts, followed = [account.pk for account in note.addressed], []
    if status.visibility in _FOR_FOLLOWERS:
        followed.append(status.account_id)
        if note.quote is not None and note.quote.quoted is not None:
            accounts.append(note.quote.quoted.account_id)
    if _reaches_answered(status) and status.in_reply_to_account_id is not None:
        accounts.append(status.in_reply_to_account_id)
        followed.append(status.in_reply_to_account_id)
    query = _INBOXES_AND_RELAYS if _goes_to_relays(status) else _INBOXES
    return [inbox for (inbox,) in query.tuples(accounts=accounts, followed=followed)]


def send_update(status: Status) -> None:
    """Send an edited status of a local account, also to those who reacted to it."""
    if status.account.is_local:
        update = documents.render_update(documents.load_note(status))
        _deliver(update, status, _concerned(status), _reacting(status))


def send_delete(status: Status) -> None:
    """Tell that a status of a local account goes; call it while its mentions and reactions are there."""
    if status.account.is_local:
        delete = documents.render_delete(status)
        _deliver(delete, status, _concerned(status), _reacting(status), also_suspended=True)


def send_announce(reblog: Status) -> None:
    """Send a reblog by a local account to its followers and the author; a private original goes along."""
    original = reblog.reblog_of
    if not reblog.account.is_local or original is None:
        return
    inlined = None if original.visibility in OPEN else documents.load_note(original)
    announce = documents.with_context(documents.render_announce(reblog, inlined))
    _deliver(announce, reblog, _concerned(reblog), _author_of(original))


def send_undo_announce(reblog: Status) -> None:
    """Take back a reblog by a local account; call it while the row's values are at hand."""
    if reblog.account.is_local and reblog.reblog_of is not None:
        undo = documents.render_undo_announce(reblog)
        _deliver(undo, reblog, _concerned(reblog), _author_of(reblog.reblog_of))


def send_like(favourite: Favourite) -> None:
    """Tell a remote author that a local account favours the status; gives the favourite its uri."""
    if not _leaves_us(favourite):
        return
    if not favourite.uri:
        favourite.uri = documents.like_uri(favourite)
        favourite.save(update_fields=["uri"])
    _deliver_to_author(documents.render_like(favourite), favourite)


def send_undo_like(favourite: Favourite) -> None:
    """Take back a favourite; call it while the row's values are at hand."""
    if _leaves_us(favourite):
        _deliver_to_author(documents.render_undo_like(favourite), favourite)


def send_pin(pin: StatusPin) -> None:
    """Tell the followers that a local account pinned a status."""
    _deliver_pin(documents.render_pin(pin), pin)


def send_unpin(pin: StatusPin) -> None:
    """Tell the followers that a local account unpinned a status; call it before the row goes."""
    _deliver_pin(documents.render_unpin(pin), pin)


def send_featured_tag(featured: FeaturedTag) -> None:
    """Tell the followers that a local account shows a hashtag on its profile."""
    _deliver_featured_tag(documents.render_featured_tag(featured, "Add"), featured)


def send_unfeatured_tag(featured: FeaturedTag) -> None:
    """Tell the followers that a hashtag is off the profile; call it before the row goes."""
    _deliver_featured_tag(documents.render_featured_tag(featured, "Remove"), featured)


def send_votes(poll: Poll, votes: Iterable[PollVote]) -> None:
    """Send votes of ours to the author of a poll elsewhere, each on its own."""
    author = poll.status.account
    for vote in votes:
        if vote.account.is_local and not author.is_local:
            deliver(
                documents.render_vote(vote, vote.account, poll),
                sender_uri=vote.account.uri,
                inboxes=[author.preferred_inbox_url],
                object_uri=documents.vote_uri(vote, vote.account),
            )


def send_tallies(status: Status) -> None:
    """Tell the tallies of a poll of ours to followers, the mentioned, boosters and voters."""
    if status.account.is_local:
        reblogging = Status.objects.kept().filter(reblog_of=status).values("account_id")
        voting = PollVote.objects.filter(poll__status=status).values("account_id")
        update = documents.render_silent_update(documents.load_note(status), timezone.now())
        _deliver(update, status, _concerned(status), [reblogging, voting])


def send_silent_update(status: Status) -> None:
    """Tell what changed of a status of a local account without an edit: consent to its quote, its policy."""
    if status.account.is_local:
        update = documents.render_silent_update(documents.load_note(status), timezone.now())
        _deliver(update, status, _concerned(status), _reacting(status))


def send_quote_request(quote: Quote) -> None:
    """Ask an author elsewhere for consent to a quote by a local account; gives the quote its request uri."""
    quoting, quoted = quote.status, quote.quoted
    if quoted is None or not quoting.account.is_local or quoted.account.is_local:
        return
    quote.request_uri = f"{quoting.account.uri}/quote_requests/{uuid4()}"
    quote.save(update_fields=["request_uri"])
    deliver(
        documents.render_quote_request(quote, documents.load_note(quoting)),
        sender_uri=quoting.account.uri,
        inboxes=[quoted.account.preferred_inbox_url],
        # The post comes first, and its deletion makes the question void.
        object_uri=quoting.uri,
    )


def send_quote_answer(request: documents.QuoteRequest, quote: Quote | None) -> None:
    """Answer who asks to quote a status of ours: with the stamp of this quote, or no."""
    if quote is None:
        answer = documents.render_quote_reject(request)
    else:
        answer = documents.render_quote_accept(request, quote)
    deliver(
        answer,
        sender_uri=request.quoted.account.uri,
        inboxes=[request.actor.preferred_inbox_url],
        object_uri=request.uri,
    )


def send_stamp_deletion(quote: Quote) -> None:
    """Take back the consent of a local author to a quote, before all who may have seen either status."""
    assert quote.quoted is not None
    quoting, quoted = quote.status, quote.quoted
    first, *rest = [
        ids.order_by() for ids in (*_author_of(quoting), *_concerned(quoting), *_concerned(quoted))
    ]
    deliver(
        documents.render_stamp_deletion(quote),
        sender_uri=quoted.account.uri,
        inboxes=inboxes_of(Account.objects.filter(pk__in=first.union(*rest))),
        object_uri=quote.approval_uri,
    )
    send_silent_update(quoting)


# Whom it concerns: querysets of one column, the ids of accounts.

Ids = QuerySet[Any, Any]


def _concerned(status: Status) -> list[Ids]:
    """Followers if they may see it, the mentioned, who is quoted, and who is replied to, with their followers
    if ours.
    """
    mentions = Mention.objects.filter(status=status)
    if status.account.silenced_at is not None:
        mentions = mentions.filter(account__in=_followers_of(status.account_id))
    found: list[Ids] = [mentions.values("account_id")]
    if status.visibility in _FOR_FOLLOWERS:
        found.append(_followers_of(status.account_id))
        found.append(Quote.objects.filter(status=status).values("quoted__account_id"))
    if _reaches_answered(status):
        found.append(Account.objects.filter(pk=status.in_reply_to_account_id).values("pk"))
        found.append(_followers_of(status.in_reply_to_account_id))
    return found


def _reaches_answered(status: Status) -> bool:
    """A silenced author reaches nobody but followers."""
    is_reply = status.visibility in OPEN and status.in_reply_to_account_id is not None
    return is_reply and status.account.silenced_at is None


def _followers_of(account_id: int) -> Ids:
    return _remote_followers().filter(target_id=account_id).values("account_id")


def _remote_followers() -> "QuerySet[Follow]":
    return Follow.objects.accepted().filter(account__domain__isnull=False)


def _inboxes_by_ids(accounts: Places, followed: Places) -> QuerySet[Any, Any]:
    named = Account.objects.filter(pk__in=accounts.rows).order_by().values("pk")
    followers = _remote_followers().filter(target_id__in=followed.rows).order_by().values("account_id")
    return inboxes_of(Account.objects.filter(pk__in=named.union(followers)))


def _inboxes_and_relays(accounts: Places, followed: Places) -> QuerySet[Any, Any]:
    return _inboxes_by_ids(accounts, followed).order_by().union(relay_inboxes())


_INBOXES = Prepared(_inboxes_by_ids, accounts=Places, followed=Places)
_INBOXES_AND_RELAYS = Prepared(_inboxes_and_relays, accounts=Places, followed=Places)


def _goes_to_relays(status: Status) -> bool:
    """Tell whether those who follow nobody may come across a status: public, of nobody who is silenced."""
    is_open = status.visibility == Status.Visibility.PUBLIC and status.reblog_of_id is None
    return is_open and status.account.silenced_at is None


def _reacting(status: Status) -> list[Ids]:
    """Those who reblogged, favoured, answered or quoted it, and so show it or its numbers."""
    return [
        Status.objects.kept().filter(reblog_of=status).values("account_id"),
        Favourite.objects.filter(status=status).values("account_id"),
        Status.objects.kept().filter(in_reply_to=status).values("account_id"),
        Quote.objects.filter(quoted=status, state=Quote.State.ACCEPTED).values("status__account_id"),
    ]


def _author_of(status: Status) -> list[Ids]:
    return [Account.objects.filter(pk=status.account_id).values("pk")]


def _deliver(
    document: dict[str, Any], status: Status, *concerned: list[Ids], also_suspended: bool = False
) -> None:
    first, *rest = [ids.order_by() for part in concerned for ids in part]
    inboxes = inboxes_of(Account.objects.filter(pk__in=first.union(*rest)), also_suspended=also_suspended)
    relays = relay_inboxes() if _goes_to_relays(status) else ()
    deliver(
        document,
        sender_uri=status.account.uri,
        inboxes=chain(inboxes, relays),
        object_uri=status.uri,
        provable=status.visibility in OPEN,
        followers_digests=_digests(status),
    )


def _digests(status: Status) -> dict[str, str]:
    """Return what tells servers whom we believe to follow from there, if followers alone may see a status."""
    is_private = status.visibility == Status.Visibility.PRIVATE
    return followers_digests(status.account) if is_private else {}


def _deliver_to_author(document: dict[str, Any], favourite: Favourite) -> None:
    deliver(
        document,
        sender_uri=favourite.account.uri,
        inboxes=[favourite.status.account.preferred_inbox_url],
        object_uri=documents.like_uri(favourite),
    )


def _deliver_pin(document: dict[str, Any], pin: StatusPin) -> None:
    if pin.account.is_local:
        deliver(
            document,
            sender_uri=pin.account.uri,
            inboxes=inboxes_of(Account.objects.filter(pk__in=_followers_of(pin.account_id))),
            object_uri=f"{pin.account.uri}#pins/{pin.pk}",
            provable=pin.status.visibility in OPEN,
        )


def _deliver_featured_tag(document: dict[str, Any], featured: FeaturedTag) -> None:
    account = featured.account
    if account.is_local:
        deliver(
            document,
            sender_uri=account.uri,
            inboxes=inboxes_of(Account.objects.filter(pk__in=_followers_of(account.pk))),
            object_uri=f"{account.uri}#tags/{featured.pk}",
            provable=True,
        )


def _leaves_us(favourite: Favourite) -> bool:
    return favourite.account.is_local and not favourite.status.account.is_local
