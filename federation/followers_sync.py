"""Followers synchronisation: two servers notice that they disagree about who follows whom.

With a private post goes a digest of the followers whom the sender believes to be on the receiver's server.
`parse_header` is pure; `note_announced` is called by the inbox, `render_header` by the pump.
What is made of it is the business of accounts/followers_sync.py. Source: FEP-8fcf; contract of the federation
3.10.
"""

import hashlib
from dataclasses import dataclass

from django.core.cache import cache
from django.db import transaction

from core.events import emit
from core.hosts import same_host
from federation.events import FollowersAnnounced
from federation.signatures import SignatureInvalid, cavage

HEADER = "Collection-Synchronization"
# The same header comes with every post; mending takes a while, and what cannot be mended stays as it is.
_REPEATED_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Announced:
    """What a header says: the followers collection, where its part for us is to be had, and its digest."""

    collection_uri: str
    url: str
    digest: str


def render_header(actor_uri: str, digest: str) -> str:
    """Return the header about the followers of an actor of ours."""
    return (
        f'collectionId="{actor_uri}/followers", url="{actor_uri}/followers_synchronization", '
        f'digest="{digest}"'
    )


def parse_header(text: str) -> Announced | None:
    """Read the header; None when it is not one."""
    try:
        found = cavage.parse_parameters(text)
    except SignatureInvalid:
        return None
    uri, url, digest = (found.get(name, "") for name in ("collectionId", "url", "digest"))
    return Announced(uri, url, digest.lower()) if uri and url and digest else None


def note_announced(header: str, actor_uri: str) -> None:
    """Let the floors above compare what a signed request of this actor says; once in ten minutes."""
    announced = parse_header(header)
    if announced is None or not same_host(announced.url, actor_uri):
        return
    key = hashlib.sha256(f"{actor_uri} {announced.digest}".encode()).hexdigest()
    if cache.add(f"federation:followers:{key}", 1, _REPEATED_SECONDS):
        with transaction.atomic():
            emit(FollowersAnnounced(actor_uri, announced.collection_uri, announced.url, announced.digest))
