"""Filters as apps see them, v2 and the keyword-wise v1. Renderers only.

Called by the API doors and by timelines/filtering.py. Source: Mastodon docs, "Filter", "V1::Filter".
"""

from typing import Any

from core.api.rendering import iso
from timelines.models import Filter, FilterKeyword, FilterStatus

Entity = dict[str, Any]


def render_filter(row: Filter) -> Entity:
    """Return the entity; ``keywords`` and ``statuses`` must be loaded."""
    keywords = sorted(row.keywords.all(), key=lambda keyword: keyword.pk)
    return render_filter_head(row) | {
        "keywords": [render_keyword(keyword) for keyword in keywords],
        "statuses": [render_filter_status(found) for found in row.statuses.all()],
    }


def render_filter_head(row: Filter) -> Entity:
    """Return the entity as it is inside of a FilterResult."""
    return {
        "id": str(row.pk),
        "title": row.title,
        "context": row.contexts,
        "expires_at": iso(row.expires_at) if row.expires_at else None,
        "filter_action": row.action,
    }


def render_keyword(keyword: FilterKeyword) -> Entity:
    """Return the entity of a keyword."""
    return {"id": str(keyword.pk), "keyword": keyword.keyword, "whole_word": keyword.whole_word}


def render_filter_status(found: FilterStatus) -> Entity:
    """Return the entity of a status in a filter."""
    return {"id": str(found.pk), "status_id": str(found.status_id)}


def render_phrase(keyword: FilterKeyword) -> Entity:
    """Return a keyword as a filter of v1; its ``filter`` must be loaded."""
    row = keyword.filter
    return {
        "id": str(keyword.pk),
        "phrase": keyword.keyword,
        "context": row.contexts,
        "whole_word": keyword.whole_word,
        "expires_at": iso(row.expires_at) if row.expires_at else None,
        "irreversible": row.action == Filter.Action.HIDE,
    }
