"""Lists as apps see them. Called by the API doors. Source: Mastodon docs, "List"."""

from typing import Any

from timelines.models import List


def render_list(row: List) -> dict[str, Any]:
    """Return the entity."""
    return {
        "id": str(row.pk),
        "title": row.title,
        "replies_policy": row.replies_policy,
        "exclusive": row.exclusive,
    }
