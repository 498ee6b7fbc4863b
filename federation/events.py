"""What other servers show that floors above want to know; handlers stand in genosocial/event_routes.py.

Emitted by federation's operations inside their transactions (core/events.py).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ActorGone:
    """The server of a remote actor says that it was deleted (410)."""

    actor_uri: str


@dataclass(frozen=True)
class InboxGone:
    """An inbox answers that it is gone (410); whose it is may live on with another."""

    inbox_url: str


@dataclass(frozen=True)
class FollowersAnnounced:
    """A remote actor says who it believes to follow it from here: by a digest, and where to read them."""

    actor_uri: str
    collection_uri: str
    url: str
    digest: str


@dataclass(frozen=True)
class ActorKeysReplaced:
    """A remote actor has none of the keys left that we knew, and did not tell: it was set up anew."""

    actor_uri: str
