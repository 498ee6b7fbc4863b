"""What a remote account says of itself beside its document: its counts, read in the background.

Enqueued by accounts/remote.py whenever an actor was read. Source: contract of the federation 5.2.
"""

import logging
from functools import partial
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import transaction

from accounts.models import Account
from core.errors import AppError
from federation.fetch import fetch_document
from federation.vocab import first_of, integer_of

log = logging.getLogger(__name__)

_MAX_COUNT = 2_147_483_647
# Bots change their profile with every train that is late.
_READ_AGAIN_SECONDS = 600


def fetch_collections_soon(account_id: int) -> None:
    """Have the counts of a remote account read after commit; once in ten minutes."""
    transaction.on_commit(partial(_enqueue, account_id), robust=True)


def _enqueue(account_id: int) -> None:
    if cache.add(f"accounts.collections:{account_id}", 1, _READ_AGAIN_SECONDS):
        fetch_collections.delay(account_id=account_id)


@shared_task(name="accounts.fetch_collections", queue="default")
def fetch_collections(*, account_id: int) -> None:
    """Read from its server how many a remote account follows, is followed by and has written.

    Counts of others are theirs to tell; what cannot be read leaves what we knew. Repeat-safe.
    """
    account = Account.objects.remote().filter(pk=account_id).first()
    if account is None:
        return
    changes: dict[str, Any] = {}
    followers, following = _collection(account.followers_url), _collection(account.following_url)
    for name, collection in (
        ("followers_count", followers),
        ("following_count", following),
        ("statuses_count", _collection(account.outbox_url)),
    ):
        total = integer_of(collection, "totalItems") if collection else None
        if total is not None and 0 <= total <= _MAX_COUNT:
            changes[name] = total
    if followers and following:
        changes["hide_collections"] = not (
            first_of(followers.get("first")) or first_of(following.get("first"))
        )
    if changes:
        Account.objects.filter(pk=account_id).update(**changes)


def _collection(uri: str) -> dict[str, Any] | None:
    if not uri:
        return None
    try:
        return fetch_document(uri)
    except AppError as error:
        log.info("collection_not_read", extra={"uri": uri, "cause": str(error)})
        return None
