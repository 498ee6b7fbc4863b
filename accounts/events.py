"""What happens to accounts that floors above want to know; handlers stand in genosocial/event_routes.py.

Emitted by accounts' operations inside their transactions (core/events.py).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FollowRequested:
    """A follow waits for the answer of its target."""

    follow_id: int


@dataclass(frozen=True)
class FollowAccepted:
    """``account`` follows ``target`` from now on."""

    follow_id: int
    account_id: int
    target_id: int


@dataclass(frozen=True)
class FollowEnded:
    """``account`` follows ``target`` no longer, or asks no longer to."""

    account_id: int
    target_id: int


@dataclass(frozen=True)
class FollowMoved:
    """A follow of an account that moved gives way to one of its new account; both are there now."""

    old_id: int
    new_id: int


@dataclass(frozen=True)
class AccountBlocked:
    """``account`` blocks ``target``; follows both ways are gone already."""

    account_id: int
    target_id: int


@dataclass(frozen=True)
class AccountMuted:
    """``account`` mutes ``target``."""

    account_id: int
    target_id: int


@dataclass(frozen=True)
class UserConfirmed:
    """A person proved the e-mail address."""

    user_id: int


@dataclass(frozen=True)
class AccountUpdated:
    """The profile of a local account changed."""

    account_id: int


@dataclass(frozen=True)
class AccountRead:
    """The document of a remote account was read; what it shows beside that may have changed."""

    account_id: int


@dataclass(frozen=True)
class AccountDeleted:
    """An account is gone for good."""

    account_id: int


@dataclass(frozen=True)
class TokensRevoked:
    """Access tokens ended, and with them whatever was kept for the apps that had them."""

    token_ids: tuple[int, ...]
