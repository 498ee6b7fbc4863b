"""The scopes an app may ask for; registration, consent, tokens and the metadata document read them here.

Source: API behaviours section 7.
"""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_READ = (
    "accounts blocks bookmarks collections favourites filters follows lists mutes notifications search "
    "statuses"
)
_WRITE = (
    "accounts blocks bookmarks collections conversations favourites filters follows lists media mutes "
    "notifications reports statuses"
)
_ADMIN = "accounts reports domain_allows domain_blocks ip_blocks email_domain_blocks canonical_email_blocks"

DEFAULT = ("read",)
ALL = (
    "profile",
    "read",
    *(f"read:{name}" for name in _READ.split()),
    "write",
    *(f"write:{name}" for name in _WRITE.split()),
    "follow",
    "push",
    "admin:read",
    *(f"admin:read:{name}" for name in _ADMIN.split()),
    "admin:write",
    *(f"admin:write:{name}" for name in _ADMIN.split()),
)

_SENTENCES: dict[str, Promise] = {
    "profile": _("See which account you are"),
    "read": _("Read everything that you can read"),
    "read:accounts": _("See accounts"),
    "read:blocks": _("See whom you block"),
    "read:bookmarks": _("See your bookmarks"),
    "read:favourites": _("See your favourites"),
    "read:filters": _("See your filters"),
    "read:follows": _("See whom you follow"),
    "read:lists": _("See your lists"),
    "read:mutes": _("See whom you mute"),
    "read:notifications": _("Read your notifications"),
    "read:search": _("Search for you"),
    "read:statuses": _("Read posts that you can read"),
    "write": _("Do everything that you can do: post, follow, change your profile"),
    "write:accounts": _("Change your profile"),
    "write:blocks": _("Block accounts and domains"),
    "write:bookmarks": _("Bookmark posts"),
    "write:conversations": _("Mute and delete conversations"),
    "write:favourites": _("Favourite posts"),
    "write:filters": _("Change your filters"),
    "write:follows": _("Follow and unfollow accounts"),
    "write:lists": _("Change your lists"),
    "write:media": _("Upload pictures and other files"),
    "write:mutes": _("Mute accounts and conversations"),
    "write:notifications": _("Clear your notifications"),
    "write:reports": _("Report to the moderation"),
    "write:statuses": _("Publish, edit and delete posts"),
    "follow": _("See and change whom you follow, mute and block"),
    "push": _("Send you notifications"),
}


def parse_scopes(text: str | None) -> tuple[str, ...]:
    """Return the scopes of a space-separated string, each once; none given is ``read``."""
    return tuple(dict.fromkeys((text or "").replace("+", " ").split())) or DEFAULT


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Return those that this server does not know."""
    return [scope for scope in scopes if scope not in ALL]


def describe_scopes(scopes: Iterable[str]) -> list[str]:
    """Return what these scopes allow in words for the consent page, each sentence once."""
    return list(dict.fromkeys(str(_describe(scope)) for scope in scopes))


def _describe(scope: str) -> Promise:
    if scope.startswith("admin:"):
        return _("Do the work of moderators and administrators, if you are one")
    return _SENTENCES.get(scope) or _SENTENCES[scope.partition(":")[0]]
