"""Roles of staff as apps see them. Pure; accounts/entities.py calls this.

Source: API behaviours section 8: the permissions are a decimal string; administrators have every bit.
"""

from typing import Any

from django.utils.translation import gettext

from accounts.models import User

EVERYONE_ID = -99
# How many collections of accounts somebody may have.
COLLECTION_LIMIT = 10
# Bit 16: invite users.
_EVERYONE = 1 << 16
# Dashboard, reports, federation, blocks, taxonomies, users.
_MODERATOR = sum(1 << bit for bit in (3, 4, 5, 7, 8, 10))
_ADMINISTRATOR = (1 << 23) - 1

_IDS = {User.Role.USER: EVERYONE_ID, User.Role.MODERATOR: 1, User.Role.ADMIN: 2}
_PERMISSIONS = {User.Role.USER: 0, User.Role.MODERATOR: _MODERATOR, User.Role.ADMIN: _ADMINISTRATOR}


def _name(role: str) -> str:
    return {
        User.Role.MODERATOR: gettext("Moderation"),
        User.Role.ADMIN: gettext("Administration"),
    }.get(User.Role(role), "")


def render_role(user: User) -> dict[str, Any]:
    """Return the Role entity of a person, for that person only."""
    role = User.Role(user.role)
    return {
        "id": str(_IDS[role]),
        "name": _name(role),
        "permissions": str(_PERMISSIONS[role] | _EVERYONE),
        "color": "",
        "highlighted": user.is_staff,
        "collection_limit": COLLECTION_LIMIT,
    }


def render_highlighted(role: str | None) -> list[dict[str, Any]]:
    """Return the public list of highlighted roles: staff's own one, or none."""
    if role is None:
        return []
    return [{"id": str(_IDS[User.Role(role)]), "name": _name(role), "color": ""}]
