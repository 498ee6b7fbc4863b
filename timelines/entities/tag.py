"""Hashtags as apps see them.

Called by the API doors. Source: Mastodon docs, "Tag".
"""

from typing import Any

from accounts.documents import tag_url
from accounts.models import Account
from timelines.models import Tag


def render_tag(tag: Tag, viewer: Account | None) -> dict[str, Any]:
    """Return the entity; an unsaved tag is one that nobody has used. Its use is not counted yet."""
    entity: dict[str, Any] = {
        "id": "" if tag.pk is None else str(tag.pk),
        "name": tag.display_name,
        "url": tag_url(tag.name),
        "history": [],
    }
    if viewer is not None:
        entity |= {"following": False, "featuring": False}
    return entity
