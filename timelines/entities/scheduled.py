"""Scheduled statuses as apps see them.

Called by the API doors. Source: Mastodon docs, "ScheduledStatus".
"""

from collections.abc import Sequence
from typing import Any

from core.api.rendering import iso
from media.attachments import load_attachments
from media.entities import render_attachment
from timelines.models import ScheduledStatus

Entity = dict[str, Any]


def render_scheduled(rows: Sequence[ScheduledStatus]) -> list[Entity]:
    """Return the entities of scheduled statuses, in their order."""
    media = load_attachments(media_id for row in rows for media_id in row.media_ids)
    return [
        {
            "id": str(row.pk),
            "scheduled_at": iso(row.scheduled_at),
            "params": row.params,
            "media_attachments": [render_attachment(media[pk]) for pk in row.media_ids if pk in media],
        }
        for row in rows
    ]
