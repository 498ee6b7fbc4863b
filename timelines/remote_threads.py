"""Threads of other servers: who opens one gets, a moment later, the replies that nobody sent us.

`fetch_thread_soon` is called by the door to a thread. It is walked breadth first; what is still to be seen
waits in Redis, so that a job ends after some seconds and another goes on. Only ids are taken from
collections: every post comes from its own server.
Source: contract of the federation 5.3; FEP-7458, FEP-7888, FEP-f228.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from core.errors import AppError
from core.hosts import host_of, same_host
from core.pubsub import connection
from federation.fetch import DocumentGone, fetch_document, fetch_unchecked
from federation.keys import instance_signer
from federation.local import is_local_uri
from federation.vocab import first_of, id_of, list_of, types_of
from timelines.models import Status
from timelines.remote import MAX_HOPS, author_of, forget_gone, upsert_status
from timelines.visibility import OPEN

MAX_POSTS = 1000
MAX_PAGES = 500
MAX_PER_POST = 500
# A server is asked for the same thread at most so often, and not before there can be replies.
AGAIN_AFTER_SECONDS = 900
SETTLED_AFTER = timedelta(minutes=5)
_JOB_SECONDS = 20.0
_PAGE_TYPES = frozenset({"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"})

log = logging.getLogger(__name__)


class Walk:
    """Which posts of a thread have been seen, which wait, and how many pages were turned."""

    def __init__(self, status_id: int) -> None:
        self._redis = connection()
        self._seen, self._waiting, self._pages = (
            f"timelines:thread:{status_id}:{name}" for name in ("seen", "waiting", "pages")
        )

    def add(self, uri: str) -> None:
        """Let a post be visited, once, if the thread is not too long already."""
        if self._redis.scard(self._seen) < MAX_POSTS and self._redis.sadd(self._seen, uri):
            self._redis.rpush(self._waiting, uri)
            for key in (self._seen, self._waiting):
                self._redis.expire(key, AGAIN_AFTER_SECONDS)

    def take(self) -> str | None:
        """Return the post that has waited longest."""
        found = self._redis.lpop(self._waiting)
        return found.decode() if isinstance(found, bytes) else None

    def has_seen(self, uri: str) -> bool:
        """Tell whether a post is part of the thread, as far as it is known."""
        return bool(self._redis.sismember(self._seen, uri))

    def may_turn_page(self) -> bool:
        """Count a page; False when there have been too many."""
        turned = self._redis.incr(self._pages)
        self._redis.expire(self._pages, AGAIN_AFTER_SECONDS)
        return int(turned) <= MAX_PAGES


def fetch_thread_soon(status: Status) -> None:
    """Have the replies to a public post of another server fetched, at most every quarter of an hour."""
    is_settled = status.created_at < timezone.now() - SETTLED_AFTER
    if status.is_local or status.visibility not in OPEN or not is_settled:
        return
    if cache.add(f"timelines.thread:{status.pk}", 1, AGAIN_AFTER_SECONDS):
        transaction.on_commit(lambda: fetch_thread.delay(status_id=status.pk), robust=True)


@shared_task(name="timelines.fetch_thread", queue="default")
def fetch_thread(*, status_id: int, goes_on: bool = False) -> None:
    """Visit posts of a thread for some seconds, and leave the rest to the next job. Repeat-safe."""
    walk = Walk(status_id)
    if not goes_on:
        status = Status.objects.kept().filter(pk=status_id, is_local=False).first()
        if status is None:
            return
        walk.add(status.uri)
        _add_context(status.conversation_uri, walk)
    deadline = time.monotonic() + _JOB_SECONDS
    while uri := walk.take():
        _visit(uri, walk)
        if time.monotonic() > deadline:
            fetch_thread.delay(status_id=status_id, goes_on=True)
            return


def _visit(uri: str, walk: Walk) -> None:
    """Bring one post of the thread up to date, and let those be visited that answer it."""
    if is_local_uri(uri):
        return
    try:
        document = fetch_document(uri)
        if not _belongs(document, walk):
            return
        upsert_status(document, author_of(document), hops=MAX_HOPS)
        for reply_uri in _ids(document.get("replies"), uri, walk):
            walk.add(reply_uri)
    except DocumentGone:
        forget_gone(uri)
    except AppError as error:
        log.info("reply_not_fetched", extra={"uri": uri, "cause": error.cause or str(error)})


def _belongs(document: Mapping[str, Any], walk: Walk) -> bool:
    """A collection may list anything; what answers nothing in the thread is not part of it."""
    parent_uri = id_of(document.get("inReplyTo"))
    if parent_uri is None or walk.has_seen(parent_uri):
        return True
    return Status.objects.filter(uri=parent_uri).exists()


def _add_context(uri: str, walk: Walk) -> None:
    """Let all be visited that the owner of the conversation lists, if it lists posts. Source: FEP-f228."""
    # Threads without a name of their own carry that of their first post.
    is_name_only = host_of(uri) is None or Status.objects.filter(uri=uri).exists()
    if is_name_only or is_local_uri(uri):
        return
    try:
        for post_uri in _ids(uri, uri, walk):
            walk.add(post_uri)
    except AppError as error:
        log.info("context_not_fetched", extra={"uri": uri, "cause": error.cause or str(error)})


def _ids(collection: Any, owner_uri: str, walk: Walk) -> list[str]:
    """Return the ids in a collection and its pages, which must be on the host of their owner."""
    found: dict[str, None] = {}
    for page in _pages(collection, owner_uri, walk):
        found |= dict.fromkeys(_listed(page))
        if len(found) >= MAX_PER_POST:
            break
    return list(found)[:MAX_PER_POST]


def _pages(collection: Any, owner_uri: str, walk: Walk) -> Iterator[Mapping[str, Any]]:
    turned: set[str] = set()
    page: Any = collection
    while page is not None:
        if not isinstance(page, dict):
            uri = id_of(page)
            if uri is None or uri in turned or not same_host(uri, owner_uri) or not walk.may_turn_page():
                return
            turned.add(uri)
            page = fetch_unchecked(uri, instance_signer())
        if not _PAGE_TYPES.intersection(types_of(page)):
            return
        yield page
        page = first_of(page.get("first")) or first_of(page.get("next"))


def _listed(page: Mapping[str, Any]) -> list[str]:
    listed = [*list_of(page.get("items")), *list_of(page.get("orderedItems"))]
    return [uri for uri in map(id_of, listed) if uri and host_of(uri)]
