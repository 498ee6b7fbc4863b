"""Attachments and emoji as apps see them. Renderers only: they read a row and ask nothing."""

from typing import Any, NotRequired, TypedDict

from media.files import file_url
from media.models import CustomEmoji, MediaAttachment
from media.proxy import Kind, proxied_url


class MediaAttachmentEntity(TypedDict):
    """Source: Mastodon docs, "MediaAttachment"."""

    id: str
    type: str
    url: str | None
    preview_url: str | None
    remote_url: str | None
    preview_remote_url: str | None
    text_url: None
    meta: dict[str, Any]
    description: str | None
    blurhash: str | None


class CustomEmojiEntity(TypedDict):
    """Source: Mastodon docs, "CustomEmoji"."""

    shortcode: str
    url: str
    static_url: str
    visible_in_picker: bool
    category: NotRequired[str]


def render_attachment(attachment: MediaAttachment) -> MediaAttachmentEntity:
    """Return the entity; ``url`` is null while it is processed. Files of other servers come by our proxy."""
    return {
        "id": str(attachment.id),
        "type": attachment.type,
        "url": _url(attachment),
        "preview_url": _preview_url(attachment),
        "remote_url": attachment.remote_url or None,
        "preview_remote_url": attachment.preview_remote_url or None,
        "text_url": None,
        "meta": _meta(attachment),
        "description": attachment.description,
        "blurhash": attachment.blurhash or None,
    }


def _url(attachment: MediaAttachment) -> str | None:
    if attachment.file:
        return file_url(attachment.file)
    if attachment.type == MediaAttachment.Type.UNKNOWN or not attachment.remote_url:
        return attachment.remote_url or None
    is_picture = attachment.type == MediaAttachment.Type.IMAGE
    return proxied_url(Kind.PICTURE if is_picture else Kind.RECORDING, attachment.remote_url)


def _preview_url(attachment: MediaAttachment) -> str | None:
    if attachment.preview_file:
        return file_url(attachment.preview_file)
    if attachment.preview_remote_url:
        return proxied_url(Kind.PICTURE, attachment.preview_remote_url, small=True)
    if attachment.type != MediaAttachment.Type.IMAGE:
        return None
    if attachment.remote_url:
        return proxied_url(Kind.PICTURE, attachment.remote_url, small=True)
    return _url(attachment)


def _meta(attachment: MediaAttachment) -> dict[str, Any]:
    meta = dict(attachment.meta)
    if attachment.focus_x is not None and attachment.focus_y is not None:
        meta["focus"] = {"x": attachment.focus_x, "y": attachment.focus_y}
    return meta


def render_emoji(emoji: CustomEmoji) -> CustomEmojiEntity:
    """Return the entity; what does not move is its own still picture."""
    if emoji.file:
        url, static_url = file_url(emoji.file), file_url(emoji.static_file or emoji.file)
    else:
        url = proxied_url(Kind.EMOJI, emoji.remote_url)
        static_url = proxied_url(Kind.EMOJI, emoji.remote_url, small=True)
    entity: CustomEmojiEntity = {
        "shortcode": emoji.shortcode,
        "url": url,
        "static_url": static_url,
        "visible_in_picker": emoji.visible,
    }
    if emoji.category:
        entity["category"] = emoji.category
    return entity
