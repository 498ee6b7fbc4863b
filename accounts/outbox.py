"""What accounts send to other servers: follows and their answers, blocks, changes of the profile.

Called by accounts/relationships.py and accounts/profiles.py inside their transactions, so that what changed
and what is owed to others stand or fall together. Nothing happens when nobody elsewhere is concerned.
"""

from itertools import chain

from django.db.models import Case, F, QuerySet, When
from django.utils import timezone

from accounts import documents
from accounts.models import Account, Block, Follow
from federation.delivery import deliver


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
    """Send the new profile of a local account to all who follow it or whom it follows or asked to follow."""
    if not account.is_local:
        return
    deliver(
        documents.render_actor_update(account, documents.load_actor(account), timezone.now()),
        sender_uri=account.uri,
        inboxes=inboxes_of(_related(account)),
        object_uri=account.uri,
    )


def send_actor_delete(account: Account) -> None:
    """Tell every server we know that a local account is gone; its followers' servers first.

    Call it before the follows go. The account's key must stay until these deliveries are done.
    """
    if not account.is_local:
        return
    first = inboxes_of(_related(account))
    everyone = inboxes_of(Account.objects.all())
    deliver(
        documents.render_actor_delete(account),
        sender_uri=account.uri,
        inboxes=dict.fromkeys(chain(first, everyone)),
        object_uri=account.uri,
    )


def inboxes_of(accounts: QuerySet[Account]) -> QuerySet[Account, str]:
    """Return the distinct preferred inboxes of the remote ones among these accounts, in one query."""
    preferred = Case(When(shared_inbox_url="", then=F("inbox_url")), default=F("shared_inbox_url"))
    return (
        accounts.filter(domain__isnull=False, suspended_at__isnull=True)
        .annotate(preferred=preferred)
        .exclude(preferred="")
        .values_list("preferred", flat=True)
        .distinct()
    )


def _related(account: Account) -> QuerySet[Account]:
    followers = Follow.objects.filter(target=account).values("account")
    followed = Follow.objects.filter(account=account).values("target")
    return Account.objects.filter(pk__in=followers.union(followed, all=True))


def _leaves_us(sender: Account, target: Account) -> bool:
    return sender.is_local and not target.is_local


def _deliver_to(target: Account, document: documents.Document, *, sender: Account, about: str) -> None:
    deliver(document, sender_uri=sender.uri, inboxes=[target.preferred_inbox_url], object_uri=about)
