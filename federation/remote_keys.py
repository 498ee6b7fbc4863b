"""From a key id to a public key we may trust: cached, fetched once, and only when its owner lists it.

Called by `federation/verify.py` and `federation/authorship.py`. Source: contract of the federation §2.4.
"""

import hashlib
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urldefrag

from django.core.cache import cache
from django.db import transaction

from core import http
from core.errors import RemoteUnreachable, Unauthenticated, Unavailable
from core.events import emit
from core.hosts import host_of, same_host
from core.prepared import Prepared
from federation.events import ActorGone
from federation.fetch import DocumentDeleted, fetch_document, fetch_unchecked
from federation.keys import instance_signer, listed_key_ids, read_key, store_actor_keys
from federation.local import is_local_uri
from federation.models import RemoteKey
from federation.signatures import SignatureInvalid
from federation.signatures.pem import PublicKey, load_public_key
from federation.vocab import ACTOR_TYPES, id_of, string_of, type_of

NEGATIVE_CACHE_SECONDS = 300
# The sender of a request waits meanwhile, and with it one of the few threads that answer requests.
KEY_SECONDS = 10.0

# Asked for with every signed request.
_BY_ID = Prepared(lambda key_id: RemoteKey.objects.filter(key_id=key_id), key_id=str)
_BY_ACTOR = Prepared(
    lambda actor_uri: RemoteKey.objects.filter(actor_uri=actor_uri).order_by("pk"), actor_uri=str
)

T = TypeVar("T")


def find_remote_key(key_id: str) -> RemoteKey | None:
    """Return a stored key; an actor's bare address stands for its first one (old PeerTube, Friendica)."""
    if host_of(key_id) is None:
        return None
    keys = _BY_ID.rows(key_id=key_id)
    if not keys and "#" not in key_id:
        keys = _BY_ACTOR.rows(actor_uri=key_id)
    return keys[0] if keys else None


def refetch_remote_key(key: RemoteKey, *, source: str = "") -> RemoteKey | None:
    """Fetch a stored key anew because a signature did not fit it; None when that was done just now.

    One try per five minutes: otherwise anybody with a wrong signature makes us fetch at will.
    """
    done = _cache_key("refetch", key.key_id)
    if not cache.add(done, 1, NEGATIVE_CACHE_SECONDS):
        return None
    try:
        return fetch_remote_key(key.key_id, source=source)
    except http.NetworkNeeded:
        cache.delete(done)
        raise


def verify_with_key(
    key_id: str, verify: Callable[[PublicKey], T], *, source: str = ""
) -> tuple[RemoteKey, T]:
    """Return the key that a signature fits, and what `verify` made of it; raises SignatureInvalid when it
    fits none, and what `fetch_remote_key` raises.

    A stored key that does not fit is fetched anew, once: its actor may have changed it.
    """
    stored = find_remote_key(key_id)
    key = stored or fetch_remote_key(key_id, source=source)
    try:
        return key, verify(load_public_key(key.public_key_pem))
    except SignatureInvalid:
        fresh = refetch_remote_key(key, source=source) if stored is not None else None
        if fresh is None or fresh.public_key_pem == key.public_key_pem:
            raise
    return fresh, verify(load_public_key(fresh.public_key_pem))


def fetch_remote_key(key_id: str, *, source: str = "") -> RemoteKey:
    """Fetch a key from its host and store it; raises Unauthenticated or Unavailable.

    Failures are remembered for five minutes per key id, and per host and `source` when the host was not
    reached; `source` is the address that the request for the key came from, if any. An actor whose server
    says that it was deleted (410) is deleted here too.
    """
    host = host_of(key_id)
    if host is None or is_local_uri(key_id):
        raise Unauthenticated(cause=f"key id {key_id[:300]!r} is no address of another server")
    barred = [_cache_key("host", host), *_source_keys(source)]
    if cache.get_many(barred):
        raise Unavailable(cause=f"{host} was not reached a moment ago")
    if cache.get(_cache_key("key", key_id)):
        raise Unauthenticated(cause=f"key {key_id[:300]} was not found a moment ago")
    try:
        _fetch_and_store(key_id)
    except RemoteUnreachable as error:
        if error.permanent:
            cache.set(_cache_key("key", key_id), 1, NEGATIVE_CACHE_SECONDS)
            raise Unauthenticated(cause=f"key {key_id[:300]}: {error.cause}") from error
        cache.set_many(dict.fromkeys(barred, 1), NEGATIVE_CACHE_SECONDS)
        raise Unavailable(cause=f"key {key_id[:300]}: {error.cause}") from error
    key = find_remote_key(key_id)
    if key is None or not same_host(key.actor_uri, key_id):
        cache.set(_cache_key("key", key_id), 1, NEGATIVE_CACHE_SECONDS)
        raise Unauthenticated(cause=f"key {key_id[:300]} is not listed by its owner")
    return key


def _fetch_and_store(key_id: str) -> None:
    url = urldefrag(key_id)[0]
    document = _fetch(url)
    if document.get("id") == url and type_of(document) in ACTOR_TYPES:
        store_actor_keys(document)
        return
    # A key document, or GoToSocial's stub actor at the address of a key: its owner must confirm it.
    owner = _owner(document)
    if owner is None or not same_host(owner, key_id):
        return
    try:
        actor = fetch_document(owner, total_seconds=KEY_SECONDS)
    except DocumentDeleted:
        _tell_gone(owner)
        raise
    if key_id in listed_key_ids(actor):
        pem = read_key(document, owner=owner) if document.get("id") == key_id else None
        store_actor_keys(actor, further={key_id: pem} if pem is not None else {})


def _fetch(url: str) -> dict[str, Any]:
    try:
        return fetch_unchecked(url, instance_signer(), KEY_SECONDS)
    except DocumentDeleted:
        _tell_gone(url)
        raise


def _tell_gone(actor_uri: str) -> None:
    with transaction.atomic():
        emit(ActorGone(actor_uri))


def _owner(document: Mapping[str, Any]) -> str | None:
    owner = id_of(document.get("owner")) or id_of(document.get("controller"))
    if owner is None and type_of(document) in ACTOR_TYPES:
        owner = string_of(document, "id")
    return owner


def _source_keys(source: str) -> list[str]:
    """Return what bars a source that made us wait for an unreachable host; this machine itself never is."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return []
    return [] if address.is_loopback else [_cache_key("source", str(address))]


def _cache_key(kind: str, name: str) -> str:
    return f"federation:no-{kind}:{hashlib.sha256(name.encode()).hexdigest()}"
