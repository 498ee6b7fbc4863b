"""Versions of a status as apps see them: its history and the source of its latest text.

Called by the API doors. Source: Mastodon docs, "StatusEdit", "StatusSource".
"""

from typing import Any

from accounts.entities import render_account
from accounts.models import Account
from core.api.rendering import iso
from core.text import find_shortcodes, html_to_text
from media.attachments import load_attachments
from media.emojis import load_emojis
from media.entities import render_attachment, render_emoji
from media.models import CustomEmoji, MediaAttachment
from timelines.entities.quote import load_quotes, render_shallow_quote
from timelines.models import Poll, Status, StatusEdit

Entity = dict[str, Any]


def render_history(status: Status, viewer: Account | None) -> list[Entity]:
    """Return all versions, the original first and the current one last; one entry if never edited."""
    versions = [*status.edits.all(), current_version(status)]
    media = load_attachments(media_id for version in versions for media_id in version.media_ids)
    emojis = load_emojis((code, status.account.domain) for version in versions for code in _codes(version))
    shown = {shortcode: emoji for (shortcode, _), emoji in emojis.items()}
    account = render_account(status.account)
    # A quote never changes, so every version has the same.
    quote = render_shallow_quote(load_quotes(viewer, [status.pk]).get(status.pk))
    same = {"account": account, "quote": quote}
    return [_render_version(version, media, shown) | same for version in versions]


def _codes(version: StatusEdit) -> list[str]:
    return find_shortcodes(" ".join((version.spoiler_text, version.content, *(version.poll_options or ()))))


def _render_version(
    version: StatusEdit, media: dict[int, MediaAttachment], emojis: dict[str, CustomEmoji]
) -> Entity:
    described = zip(version.media_ids, version.media_descriptions, strict=False)
    entity: Entity = {
        "content": version.content,
        "spoiler_text": version.spoiler_text,
        "sensitive": version.sensitive,
        "created_at": iso(version.created_at),
        "media_attachments": [
            {**render_attachment(media[media_id]), "description": description or None}
            for media_id, description in described
            if media_id in media
        ],
        "emojis": [render_emoji(emojis[code]) for code in dict.fromkeys(_codes(version)) if code in emojis],
    }
    if version.poll_options is not None:
        entity["poll"] = {"options": [{"title": title} for title in version.poll_options]}
    return entity


def current_version(status: Status) -> StatusEdit:
    """Return the status as it is now, as an unsaved version."""
    media = load_attachments(status.media_ids)
    poll = Poll.objects.filter(status=status).first()
    return StatusEdit(
        status=status,
        text=status.text,
        content=status.content,
        spoiler_text=status.spoiler_text,
        sensitive=status.sensitive,
        media_ids=status.media_ids,
        media_descriptions=[
            (media[media_id].description or "") if media_id in media else "" for media_id in status.media_ids
        ],
        poll_options=poll.options if poll else None,
        created_at=status.edited_at or status.created_at,
    )


def render_source(status: Status) -> Entity:
    """Return the text as written; of a status from elsewhere, which has only HTML, its text."""
    text = status.text if status.is_local else html_to_text(status.content)
    return {"id": str(status.pk), "text": text, "spoiler_text": status.spoiler_text}
