"""Keeping two servers of one mind about who follows whom, both ways.

The outboxes send `followers_digests` along with private posts, accounts/views.py answers who asks for the
list, and when a digest of others differs from ours, a job mends what differs on both sides.
Source: FEP-8fcf; contract of the federation 3.10.
"""

import logging
from collections import defaultdict
from functools import partial

from celery import shared_task
from django.db import transaction
from django.db.models import QuerySet

from accounts import outbox, relationships
from accounts.models import Account, Follow
from core.errors import AppError
from core.hosts import host_of, same_host
from federation.events import FollowersAnnounced
from federation.fetch import fetch_document
from federation.local import is_local_uri
from federation.signatures.digest import followers_digest
from federation.vocab import id_of, ids_of, object_of

log = logging.getLogger(__name__)

# Reading more than these with every post would cost more than it mends.
MAX_FOLLOWERS = 25_000
MAX_PAGES = 10


# What we tell


def followers_digests(account: Account) -> dict[str, str]:
    """Return host → digest of the followers there of a local account; nothing when there are too many."""
    if account.followers_count >= MAX_FOLLOWERS:
        return {}
    by_host: dict[str, list[str]] = defaultdict(list)
    for uri in _remote_followers(account):
        by_host[host_of(uri) or ""].append(uri)
    return {host: followers_digest(uris) for host, uris in by_host.items()}


def followers_on(account: Account, host: str) -> list[str]:
    """Return the ids of the followers of a local account on one host."""
    return [uri for uri in _remote_followers(account) if host_of(uri) == host]


def _remote_followers(account: Account) -> "QuerySet[Follow, str]":
    follows = Follow.objects.accepted().filter(target=account, account__domain__isnull=False)
    return follows.order_by("pk").values_list("account__uri", flat=True)


# What we are told


def on_followers_announced(event: FollowersAnnounced) -> None:
    """Mend in the background when the digest is not ours."""
    account = Account.objects.remote().available().filter(uri=event.actor_uri).first()
    if account is None or account.followers_url != event.collection_uri:
        return
    if followers_digest(_followers_here(account)) != event.digest:
        later = partial(mend.delay, account_id=account.pk, url=event.url, digest=event.digest)
        transaction.on_commit(later, robust=True)


@shared_task(name="accounts.mend_followers", queue="default")
def mend(*, account_id: int, url: str, digest: str) -> None:
    """Read which of ours a remote account believes to follow it, and mend both sides. Repeat-safe."""
    account = Account.objects.remote().available().filter(pk=account_id).first()
    if account is None:
        return
    try:
        listed = _read(url)
    except AppError as error:
        log.info("followers_not_read", extra={"uri": url, "cause": str(error)})
        return
    for follower in Account.objects.local().available().filter(uri__in=listed):
        _agree(follower, account)
    # A list that does not fit its digest may have been cut short: nobody loses a follow by it.
    if followers_digest(listed) != digest:
        return
    unlisted = Follow.objects.accepted().filter(target=account, account__domain__isnull=True)
    for follow in unlisted.exclude(account__uri__in=listed).select_related("account"):
        relationships.unfollow(follow.account, account)


def _agree(follower: Account, account: Account) -> None:
    """Take for granted the follow that the other side has: as the answer to a request, or as not wanted."""
    with transaction.atomic():
        follow = Follow.objects.filter(account=follower, target=account).first()
        if follow is None:
            outbox.send_undo_follow(Follow(account=follower, target=account))
        elif follow.accepted_at is None:
            relationships.accept_follow(follow)


def _followers_here(account: Account) -> "QuerySet[Follow, str]":
    follows = Follow.objects.accepted().filter(target=account, account__domain__isnull=True)
    return follows.values_list("account__uri", flat=True)


def _read(url: str) -> list[str]:
    """Return the ids of ours in a collection, page by page, as far as we care to read."""
    found: dict[str, None] = {}
    page = fetch_document(url)
    address = url
    for _turn in range(MAX_PAGES):
        found |= dict.fromkeys(ids_of(page.get("orderedItems")) + ids_of(page.get("items")))
        following = page.get("first") or page.get("next")
        embedded, next_address = object_of(following), id_of(following) or ""
        if embedded is not None:
            page = embedded
        elif next_address and next_address != address and same_host(next_address, url):
            address, page = next_address, fetch_document(next_address)
        else:
            break
    return [uri for uri in found if is_local_uri(uri)]
