"""What accounts send to other servers: follows and their answers, blocks, changes of the profile.

Called by accounts/relationships.py and accounts/profiles.py inside their transactions, so that what changed
and what is owed to others stand or fall together. Nothing happens when nobody elsewhere is concerned.
"""

from datetime import timedelta
from itertools import chain
from typing import Any

from django.db.models import Case, F, QuerySet, When
from django.utils import timezone

from accounts import documents
from accounts.models import Account, Block, Follow, Move
from core.ids import id_at
from federation.delivery import deliver
from federation.keys import create_signing_key, instance_actor_uri
from federation.relays import relay_inboxes

# Who changes the name and then the picture is read anew once.
_UPDATE_DELAY = timedelta(seconds=5)
_LATELY = timedelta(days=2)


def send_follow(follow: Follow) -> None:
    """Ask a remote account to let a local one follow it; gives the follow its uri when it has none."""
    if not _leaves_us(follow.account, follow.target):
        return
    if not follow.uri:
        follow.uri = documents.follow_uri(follow)
        follow.save(update_fields=["uri"])
    _deliver_to(follow.target, documents.render_follow(follow), sender=follow.account, about=follow.uri)


def send_undo_follow(follow: Follow) -> None:
    """Take back a follow or a request of a local account; call it while the row's values are at hand."""
    if _leaves_us(follow.account, follow.target):
        _deliver_to(
            follow.target,
            documents.render_undo_follow(follow),
            sender=follow.account,
            about=documents.follow_uri(follow),
        )


def send_accept(follow: Follow) -> None:
    """Tell a remote follower that a local account accepted the follow."""
    if _leaves_us(follow.target, follow.account):
        _deliver_to(
            follow.account,
            documents.render_accept(follow),
            sender=follow.target,
            about=documents.follow_uri(follow),
        )


def send_reject(follow: Follow) -> None:
    """Tell a remote follower that its follow is refused or ended; the row may be unsaved or about to go."""
    if _leaves_us(follow.target, follow.account):
        _deliver_to(
            follow.account,
            documents.render_reject(follow),
            sender=follow.target,
            about=documents.follow_uri(follow),
        )


def send_reject_by_server(follower: Account, follow_uri: str) -> None:
    """Tell a remote account that nobody follows the server itself."""
    sender_uri = instance_actor_uri()
    create_signing_key(sender_uri)
    deliver(
        documents.render_reject_by_server(sender_uri, follower.uri, follow_uri),
        sender_uri=sender_uri,
        inboxes=[follower.preferred_inbox_url],
        object_uri=follow_uri,
    )


def send_block(block: Block) -> None:
    """Tell a remote account that a local one blocks it; gives the block its uri when it has none."""
    if not _leaves_us(block.account, block.target):
        return
    if not block.uri:
        block.uri = documents.block_uri(block)
        block.save(update_fields=["uri"])
    _deliver_to(block.target, documents.render_block(block), sender=block.account, about=block.uri)


def send_undo_block(block: Block) -> None:
    """Take back a block; call it while the row's values are at hand."""
    if _leaves_us(block.account, block.target):
        _deliver_to(
            block.target,
            documents.render_undo_block(block),
            sender=block.account,
            about=documents.block_uri(block),
        )


def send_actor_update(account: Account) -> None:
    """Send the new profile of a local account to all who follow it, and whom it follows or asked to follow or
    lately mentioned.

    Several changes within a few seconds are told once.
    """
    if not account.is_local:
        return
    now = timezone.now()
    # By ids: the newest of an account are found without reading the older ones.
    mentioned = Account.objects.filter(
        mentions__status__account=account,
        mentions__status__deleted_at__isnull=True,
        mentions__status__pk__gte=id_at(now - _LATELY),
    )
    concerned = _related(account).union(mentioned.order_by().values("pk"), all=True)
    deliver(
        documents.render_actor_update(account, documents.load_actor(account), now),
        sender_uri=account.uri,
        inboxes=chain(inboxes_of(Account.objects.filter(pk__in=concerned)), relay_inboxes()),
        object_uri=account.uri,
        delay=_UPDATE_DELAY,
        provable=True,
    )


def send_actor_delete(account: Account) -> None:
    """Tell every server we know that a local account is gone; those of its followers need not wait.

    Call it before the follows go. The account's key must stay until these deliveries are done.
    """
    if not account.is_local:
        return
    related = inboxes_of(Account.objects.filter(pk__in=_related(account)), also_suspended=True)
    deliver(
        documents.render_actor_delete(account),
        sender_uri=account.uri,
        inboxes=chain(related, relay_inboxes()),
        unhurried=inboxes_of(Account.objects.all(), also_suspended=True),
        object_uri=account.uri,
        provable=True,
    )


def send_move(move: Move) -> None:
    """Tell those who follow or block a local account where it went."""
    account = move.account
    if not account.is_local:
        return
    followers = Follow.objects.filter(target=account).order_by().values("account")
    blockers = Block.objects.filter(target=account).order_by().values("account")
    concerned = Account.objects.filter(pk__in=followers.union(blockers, all=True))
    deliver(
        documents.render_move(move),
        sender_uri=account.uri,
        inboxes=chain(inboxes_of(concerned), relay_inboxes()),
        object_uri=account.uri,
        provable=True,
    )


def inboxes_of(accounts: QuerySet[Account], *, also_suspended: bool = False) -> QuerySet[Account, str]:
    """Return the distinct preferred inboxes of the remote ones among these accounts, in one query.

    What is deleted here has to go there, too, even if its readers are suspended since.
    """
    preferred = Case(When(shared_inbox_url="", then=F("inbox_url")), default=F("shared_inbox_url"))
    reachable = accounts.filter(domain__isnull=False)
    if not also_suspended:
        reachable = reachable.filter(suspended_at__isnull=True)
    return (
        reachable.annotate(preferred=preferred)
        .exclude(preferred="")
        .values_list("preferred", flat=True)
        .distinct()
    )


def _related(account: Account) -> QuerySet[Follow, Any]:
    followers = Follow.objects.filter(target=account).order_by().values("account")
    return followers.union(Follow.objects.filter(account=account).order_by().values("target"), all=True)


def _leaves_us(sender: Account, target: Account) -> bool:
    return sender.is_local and not target.is_local


def _deliver_to(target: Account, document: documents.Document, *, sender: Account, about: str) -> None:
    deliver(document, sender_uri=sender.uri, inboxes=[target.preferred_inbox_url], object_uri=about)
