"""Rows of who is who: logins, actors, what they are to each other, and apps with their tokens."""

from accounts.models.account import Account
from accounts.models.move import Move
from accounts.models.oauth import AccessToken, Application, AuthorizationCode
from accounts.models.relations import (
    AccountNote,
    Block,
    DomainBlock,
    Endorsement,
    Follow,
    Mute,
    SuggestionDismissal,
)
from accounts.models.user import Membership, User
from accounts.models.vapid import VapidKey

__all__ = [
    "AccessToken",
    "Account",
    "AccountNote",
    "Application",
    "AuthorizationCode",
    "Block",
    "DomainBlock",
    "Endorsement",
    "Follow",
    "Membership",
    "Move",
    "Mute",
    "SuggestionDismissal",
    "User",
    "VapidKey",
]
