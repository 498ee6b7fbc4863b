"""From a key id to a public key we may trust: cached, fetched once, and only when its owner lists it.

Called by `federation/verify.py`. Source: contract of the federation §2.4.
"""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urldefrag

from django.core.cache import cache

from core.errors import RemoteUnreachable, Unauthenticated, Unavailable
from core.hosts import host_of, same_host
from federation.fetch import fetch_document, fetch_unchecked
from federation.keys import instance_signer, store_actor_keys
from federation.local import is_local_uri
from federation.models import RemoteKey
from federation.vocab import ACTOR_TYPES, id_of, string_of, type_of

NEGATIVE_CACHE_SECONDS = 300
# The sender of a request waits meanwhile, and with it one of the few threads that answer requests.
KEY_SECONDS = 10.0


def get_remote_key(key_id: str) -> RemoteKey:
    """Return a key from the store, or fetch it; raises Unauthenticated or Unavailable (its host is down)."""
    key = RemoteKey.objects.filter(key_id=key_id).first()
    return key if key is not None else fetch_remote_key(key_id)


def refetch_remote_key(key: RemoteKey) -> RemoteKey | None:
    """Fetch a stored key anew because a signature did not fit it; None when that was done just now.

    One try per five minutes: otherwise anybody with a wrong signature makes us fetch at will.
    """
    if not cache.add(_cache_key("refetch", key.key_id), 1, NEGATIVE_CACHE_SECONDS):
        return None
    return fetch_remote_key(key.key_id)


def fetch_remote_key(key_id: str) -> RemoteKey:
    """Fetch a key from its host and store it; raises Unauthenticated or Unavailable.

    Failures are remembered for five minutes per key id, and per host when the host was not reached.
    """
    host = host_of(key_id)
    if host is None or is_local_uri(key_id):
        raise Unauthenticated(cause=f"key id {key_id[:300]!r} is no address of another server")
    if cache.get(_cache_key("host", host)):
        raise Unavailable(cause=f"{host} was not reached a moment ago")
    if cache.get(_cache_key("key", key_id)):
        raise Unauthenticated(cause=f"key {key_id[:300]} was not found a moment ago")
    try:
        _fetch_and_store(key_id)
    except RemoteUnreachable as error:
        if error.permanent:
            cache.set(_cache_key("key", key_id), 1, NEGATIVE_CACHE_SECONDS)
            raise Unauthenticated(cause=f"key {key_id[:300]}: {error.cause}") from error
        cache.set(_cache_key("host", host), 1, NEGATIVE_CACHE_SECONDS)
        raise Unavailable(cause=f"key {key_id[:300]}: {error.cause}") from error
    key = RemoteKey.objects.filter(key_id=key_id).first()
    if key is None or not same_host(key.actor_uri, key_id):
        cache.set(_cache_key("key", key_id), 1, NEGATIVE_CACHE_SECONDS)
        raise Unauthenticated(cause=f"key {key_id[:300]} is not listed by its owner")
    return key


def _fetch_and_store(key_id: str) -> None:
    url = urldefrag(key_id)[0]
    document = fetch_unchecked(url, instance_signer(), KEY_SECONDS)
    if document.get("id") != url or type_of(document) not in ACTOR_TYPES:
        # A key document, or GoToSocial's stub actor at the address of a key: its owner must confirm it.
        document = _owner_document(document, key_id)
    if document:
        store_actor_keys(document)


def _owner_document(document: Mapping[str, Any], key_id: str) -> dict[str, Any]:
    owner = id_of(document.get("owner")) or id_of(document.get("controller"))
    if owner is None and type_of(document) in ACTOR_TYPES:
        owner = string_of(document, "id")
    if owner is None or not same_host(owner, key_id):
        return {}
    return fetch_document(owner, total_seconds=KEY_SECONDS)


def _cache_key(kind: str, name: str) -> str:
    return f"federation:no-{kind}:{hashlib.sha256(name.encode()).hexdigest()}"
