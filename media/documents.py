"""Attachments and emoji as ActivityPub carries them: read into plain values, written from rows. Pure.

`timelines` and `accounts` call it with the ``attachment`` and ``tag`` of what they received or will send.
"""

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from core.hosts import host_of
from core.text import clean_text
from media.files import file_url
from media.models import CustomEmoji, MediaAttachment

MAX_ATTACHMENTS = 16
MAX_LINKS = 16
MAX_EMOJIS = 100
MAX_DESCRIPTION = 10_000
_MAX_PIXELS_PER_SIDE = 100_000
_BLURHASH = re.compile(r"[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]+")
_BLURHASH_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_MAX_BLURHASH_COMPONENTS = 5
_SHORTCODE = re.compile(r"[A-Za-z0-9_]{2,200}")
_MIME_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,39}")
_FILE_TYPES = ("image/", "video/", "audio/")
_TYPES = {"Image": "image", "Video": "video", "Audio": "audio"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file that lies on another server, as its post describes it. Unknown is '' or None."""

    url: str
    type: str  # of MediaAttachment.Type
    mime_type: str
    description: str | None
    blurhash: str
    focus: tuple[float, float] | None
    size: tuple[int, int] | None  # width, height
    preview_url: str


@dataclass(frozen=True, slots=True)
class RemoteEmoji:
    """A custom emoji of another server."""

    shortcode: str
    url: str
    uri: str
    updated_at: datetime | None


def parse_attachments(value: object) -> list[RemoteFile]:
    """Return the files of an ``attachment`` value of any shape; entries that make no sense are left out."""
    found = (_parse_attachment(entry) for entry in _dicts(value))
    return [file for file in found if file is not None][:MAX_ATTACHMENTS]


def _parse_attachment(entry: dict[str, Any]) -> RemoteFile | None:
    url, mime_type = _address(entry.get("url"))
    if not url and not _linked_page(entry):
        url, mime_type = _address(entry.get("href"))
    if not url:
        return None
    mime_type = _mime_type(entry.get("mediaType")) or mime_type or _guessed_mime_type(url)
    preview_url, _preview_type = _address(next(_dicts(entry.get("icon")), {}).get("url"))
    return RemoteFile(
        url=url,
        type=_type_of(mime_type, entry.get("type")),
        mime_type=mime_type,
        description=_description(entry),
        blurhash=_blurhash(entry.get("blurhash")),
        focus=_focus(entry.get("focalPoint")),
        size=_size(entry.get("width"), entry.get("height")),
        preview_url=preview_url,
    )


def parse_links(value: object) -> list[str]:
    """Return the pages that an ``attachment`` value of any shape links to (Lemmy, Flipboard, Mobilizon)."""
    return list(dict.fromkeys(filter(None, map(_linked_page, _dicts(value)))))[:MAX_LINKS]


def _linked_page(entry: dict[str, Any]) -> str:
    """Return what ``href`` leads to, unless the entry is a file after all."""
    is_file = entry.get("type") != "Link" and _mime_type(entry.get("mediaType")).startswith(_FILE_TYPES)
    has_url = bool(_address(entry.get("url"))[0])
    return "" if is_file or has_url else _web_address(entry.get("href"))


def parse_emojis(value: object) -> list[RemoteEmoji]:
    """Return the custom emoji of a ``tag`` value of any shape, each shortcode once."""
    found: dict[str, RemoteEmoji] = {}
    for entry in _dicts(value):
        # Misskey marks its own emoji in what it sends: ":blob@.:".
        shortcode = str(entry.get("name") or "").strip(":").removesuffix("@.")
        url, _mime = _address(next(_dicts(entry.get("icon")), {}).get("url"))
        if entry.get("type") == "Emoji" and _SHORTCODE.fullmatch(shortcode) and url:
            uri = _web_address(entry.get("id"))
            found.setdefault(shortcode, RemoteEmoji(shortcode, url, uri, _time(entry.get("updated"))))
    return list(found.values())[:MAX_EMOJIS]


def render_document(attachment: MediaAttachment) -> dict[str, Any]:
    """Return the Document of a post of ours; ``name`` is there even when null. Source: contract 4.3."""
    document: dict[str, Any] = {
        "type": "Document",
        "mediaType": attachment.mime_type,
        "url": file_url(attachment.file) if attachment.file else attachment.remote_url,
        "name": attachment.description,
    }
    if attachment.blurhash:
        document["blurhash"] = attachment.blurhash
    if attachment.focus_x is not None and attachment.focus_y is not None:
        document["focalPoint"] = [attachment.focus_x, attachment.focus_y]
    original = attachment.meta.get("original") or {}
    document |= {name: original[name] for name in ("width", "height") if name in original}
    if "duration" in original:
        document["duration"] = f"PT{original['duration']:g}S"
    if attachment.type != MediaAttachment.Type.IMAGE and attachment.preview_file:
        preview = attachment.preview_file
        icon = {"type": "Image", "mediaType": mime_type_of(preview), "url": file_url(preview)}
        document["icon"] = icon
    return document


def render_emoji_tag(emoji: CustomEmoji) -> dict[str, Any]:
    """Return the Emoji tag of a post or an actor of ours."""
    url = file_url(emoji.file) if emoji.file else emoji.remote_url
    return {
        "id": emoji.uri or f"{settings.BASE_URL}/emojis/{emoji.id}",
        "type": "Emoji",
        "name": f":{emoji.shortcode}:",
        "updated": emoji.updated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "icon": {"type": "Image", "mediaType": mime_type_of(url), "url": url},
    }


def mime_type_of(name: str) -> str:
    """Return the picture type that a file name or address ends in; PNG when it says nothing."""
    extension = name.rpartition(".")[2].lower()
    return {"jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}.get(
        extension, "image/png"
    )


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    entries = value if isinstance(value, list) else [value]
    return (entry for entry in entries if isinstance(entry, dict))


def _address(value: object) -> tuple[str, str]:
    """Return (address, MIME type) of a string, a Link or the first usable of a list; ('', '') for none."""
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, dict):
            url, mime_type = _web_address(entry.get("href")), _mime_type(entry.get("mediaType"))
        else:
            url, mime_type = _web_address(entry), ""
        if url:
            return url, mime_type
    return "", ""


def _web_address(value: object) -> str:
    return value if isinstance(value, str) and host_of(value) else ""


def _mime_type(value: object) -> str:
    text = value.partition(";")[0].strip().lower() if isinstance(value, str) else ""
    return text if _MIME_TYPE.fullmatch(text) else ""


def _guessed_mime_type(url: str) -> str:
    """Return the type that the address ends in, for servers that name none (BookWyrm, granary)."""
    return mimetypes.guess_type(urlsplit(url).path)[0] or ""


def _type_of(mime_type: str, document_type: object) -> str:
    kind = mime_type.partition("/")[0]
    if kind in _TYPES.values():
        return kind
    return (
        "unknown" if mime_type or not isinstance(document_type, str) else _TYPES.get(document_type, "unknown")
    )


def _description(entry: dict[str, Any]) -> str | None:
    for key in ("summary", "name"):
        value = entry.get(key)
        if isinstance(value, str) and (text := clean_text(value[:MAX_DESCRIPTION]).strip()):
            return text
    return None


def _blurhash(value: object) -> str:
    """Return a BlurHash whose length fits what its first character announces; '' for any other."""
    if not isinstance(value, str) or not _BLURHASH.fullmatch(value):
        return ""
    rows, columns = divmod(_BLURHASH_DIGITS.index(value[0]), 9)
    fits = max(rows, columns) < _MAX_BLURHASH_COMPONENTS and len(value) == 4 + 2 * (rows + 1) * (columns + 1)
    return value if fits else ""


def _focus(value: object) -> tuple[float, float] | None:
    if not (isinstance(value, list) and len(value) == 2 and all(_is_number(part) for part in value)):
        return None
    x, y = (max(-1.0, min(1.0, float(part))) for part in value)
    return x, y


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _size(width: object, height: object) -> tuple[int, int] | None:
    if not (isinstance(width, int) and isinstance(height, int)):
        return None
    usable = 0 < width <= _MAX_PIXELS_PER_SIDE and 0 < height <= _MAX_PIXELS_PER_SIDE
    return (int(width), int(height)) if usable else None


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
