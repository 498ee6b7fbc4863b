"""The scopes an app may ask for; registration, consent, tokens and the metadata document read them here.

Source: API behaviours section 7.
"""

from collections.abc import Iterable

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


def parse_scopes(text: str | None) -> tuple[str, ...]:
    """Return the scopes of a space-separated string, each once; none given is ``read``."""
    return tuple(dict.fromkeys((text or "").replace("+", " ").split())) or DEFAULT


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Return those that this server does not know."""
    return [scope for scope in scopes if scope not in ALL]
