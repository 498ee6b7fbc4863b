"""How much of others' servers one cause may make us fetch: what ends chains that lead from actor to post to
actor, and domains that invent a new name for each of them.

`began_by` marks where a cause begins; jobs that come of it belong to it. `federation/fetch.py` spends. The
counts are kept in Redis for five minutes; while it is out of reach nothing is counted.
Source: contract of the federation 3.3, 7 ("Amplification", CVE-2022-46405).
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from celery import current_task
from celery.signals import before_task_publish
from redis.exceptions import RedisError

from core.errors import RemoteUnreachable
from core.pubsub import connection
from core.ratelimit import Limit, consume
from federation.models import Peer, RemoteKey
from federation.vocab import ACTOR_TYPES, POST_TYPES, types_of

# Actors, posts, and the pages of collections that lead to them.
DOCUMENTS = Limit("fetched_documents", 2000, 300)
ACTORS = Limit("fetched_actors", 400, 300)
POSTS = Limit("fetched_posts", 1000, 300)
MAX_NEW_SUBDOMAINS = 10
_WINDOW_SECONDS = 300
# Under these and a country's two letters everybody can have a name: the domain is one label longer.
_SHARED = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gv", "mil", "ne", "net", "nom", "or", "org"})

log = logging.getLogger(__name__)
_cause: ContextVar[str] = ContextVar("cause", default="")


class BudgetSpent(RemoteUnreachable):
    """One cause has made us fetch enough for now."""


@contextmanager
def began_by(cause: str) -> Iterator[None]:
    """Let what is fetched inside, and by the jobs that are enqueued inside, count for this cause."""
    token = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(token)


@before_task_publish.connect
def _hand_on(headers: dict[str, Any], **kwargs: Any) -> None:
    """A job knows the first one of its chain; what began outside of a job names itself in its place."""
    if cause := _cause.get():
        headers["root_id"] = cause


def _current_cause() -> str:
    return _cause.get() or (current_task.request.root_id if current_task else "") or ""


def spend_fetch(host: str) -> None:
    """Count what is about to be fetched from a host.

    Raises BudgetSpent when the cause has led to too much, or the host's domain invents names too fast.
    """
    _spend(DOCUMENTS)
    domain = registrable_domain(host)
    if domain not in (host, host.partition(":")[0]) and not _is_known(host):
        _spend_subdomain(host, domain)


def spend_document(document: Mapping[str, Any]) -> None:
    """Count a fetched actor or post. Raises BudgetSpent when its cause has led to too many."""
    kinds = types_of(document)
    if ACTOR_TYPES.intersection(kinds):
        _spend(ACTORS)
    elif POST_TYPES.intersection(kinds):
        _spend(POSTS)


def _spend(limit: Limit) -> None:
    cause = _current_cause()
    if cause and consume([(limit, cause)]).exceeded:
        raise BudgetSpent(cause=f"{cause} has led to more than {limit.count} {limit.name}")


def _spend_subdomain(host: str, domain: str) -> None:
    key = f"federation:subdomains:{domain}"
    try:
        with connection().pipeline() as pipe:
            pipe.sadd(key, host)
            pipe.expire(key, _WINDOW_SECONDS, nx=True)
            pipe.scard(key)
            size = pipe.execute()[2]
            if size <= MAX_NEW_SUBDOMAINS:
                return
            connection().srem(key, host)
    except RedisError as error:
        log.warning("subdomains_not_counted", extra={"cause": str(error)})
        return
    raise BudgetSpent(cause=f"{domain} has had {MAX_NEW_SUBDOMAINS} new subdomains within minutes")


def registrable_domain(host: str) -> str:
    """Return the part of a host name that somebody registered, as far as its shape tells; no port."""
    if host.startswith("["):
        return host
    name = host.partition(":")[0]
    labels = name.split(".")
    if labels[-1].isdecimal():
        return name
    is_shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SHARED
    return ".".join(labels[-3 if is_shared else -2 :])


def _is_known(host: str) -> bool:
    if Peer.objects.filter(domain=host).exists():
        return True
    return RemoteKey.objects.filter(key_id__startswith=f"https://{host}/").exists()
