"""Compares a stored status with what an entry expects of it."""

from datetime import UTC, datetime
from typing import Any

from core.text import html_to_text, normalise_tag
from media.models import CustomEmoji, MediaAttachment
from tests.corpus.world import World
from timelines.documents import read_note
from timelines.models import Poll, Quote, Status

MOST_SHOWN = 4
# The corpus keeps so much of a text.
MOST_OF_POST = 600


def check_status(world: World, status: Status) -> None:
    """Compare everything that the entry says of a status."""
    expect, document = world.entry.expect, world.entry.document
    for name, found in _found(world, status, expect).items():
        if name in expect:
            wanted = _WANTED.get(name, _same)(expect[name])
            assert found == wanted, f"{name}: {found!r}, expected {wanted!r}"
    if "content_text" in expect:
        check_text(status.content, expect["content_text"])
    if "media" in expect:
        _check_media(_attachments(status), expect["media"])
    check_markup(status.content, expect)
    if "poll" in expect:
        _check_poll(Poll.objects.get(status=status), expect["poll"])
    if "quote" in expect:
        _check_quote(Quote.objects.get(status=status), expect)
    if "link_attachments" in expect:
        links = read_note(world.embedded or document).links
        assert len(links) == expect["link_attachments"] and status.linked_url == links[0]
        assert status.media_ids or world.network.was_asked(links[0]), "nobody wanted a card of the page"


def _same(value: Any) -> Any:
    return value


def _moment(value: str | None) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _tags(names: list[str]) -> set[str]:
    return {name for name in map(normalise_tag, names) if name}


_WANTED: dict[str, Any] = {
    "published": _moment,
    "edited_at": _moment,
    "hashtags": _tags,
    "mentions": set,
    "custom_emojis": set,
    "in_reply_to": lambda uri: uri or "",
    "spoiler_text": str.strip,
}


def _found(world: World, status: Status, expect: dict[str, Any]) -> dict[str, Any]:
    emojis = CustomEmoji.objects.filter(domain=status.account.domain or "")
    return {
        "url": status.url,
        "author": status.account.uri,
        "visibility": _visibility(world, status, expect.get("visibility")),
        "spoiler_text": status.spoiler_text,
        "sensitive": status.sensitive,
        "language": status.language,
        "published": status.created_at,
        "edited_at": status.edited_at,
        "in_reply_to": status.in_reply_to_uri,
        "attachments": min(len(status.media_ids), MOST_SHOWN),
        "hashtags": set(status.tags.values_list("name", flat=True)),
        "mentions": set(status.mentions.filter(silent=False).values_list("account__uri", flat=True)),
        "custom_emojis": set(emojis.values_list("shortcode", flat=True)),
        "poll_options": len(status.poll.options) if hasattr(status, "poll") else 0,
    }


def _visibility(world: World, status: Status, wanted: str | None) -> str:
    """A direct status whose recipients here it does not name is a limited one. Source: contract 3.6."""
    unnamed = status.mentions.filter(silent=True).exists()
    is_told = world.embedded.get("directMessage", world.entry.document.get("directMessage")) is True
    if status.visibility == "limited" and wanted == "direct" and unnamed and not is_told:
        return "direct"
    return status.visibility


def check_text(html: str, wanted: str, *, most: int = MOST_OF_POST) -> None:
    """Compare what a reader sees, blanks aside, since the corpus knows no lines."""
    found, expected = ("".join(text.split()) for text in (html_to_text(html), wanted))
    if len(wanted) >= most - 1:
        found = found[: len(expected)]
    assert found == expected, f"content_text: {html_to_text(html)!r}, expected {wanted!r}"


def check_markup(html: str, expect: dict[str, Any]) -> None:
    """Look for what the HTML must keep and must have lost."""
    for unwanted in (*expect.get("must_not_contain", ()), *expect.get("content_text_without", ())):
        assert unwanted not in html
    for word in expect.get("must_contain_text", ()):
        assert word in html_to_text(html)
    for name in expect.get("classes_kept", ()):
        assert name in html
    if "html" in expect:
        assert "<h1" not in html and "<table" not in html
        assert "<p><strong>" in html and 'rel="nofollow noopener" target="_blank"' in html


def _attachments(status: Status) -> list[MediaAttachment]:
    found = MediaAttachment.objects.in_bulk(status.media_ids)
    return [found[pk] for pk in status.media_ids][:MOST_SHOWN]


def _check_media(found: list[MediaAttachment], wanted: list[dict[str, Any]]) -> None:
    for file, item in zip(found, wanted, strict=True):
        original = file.meta.get("original", {})
        has = {
            "url": file.remote_url,
            "description": file.description,
            "media_type": file.mime_type,
            "blurhash": bool(file.blurhash),
            "focus": [file.focus_x, file.focus_y],
            "size": [original.get("width"), original.get("height")],
        }
        assert {key: has[key] for key in item} == item


def _check_poll(poll: Poll, wanted: dict[str, Any]) -> None:
    has = {
        "options": poll.options,
        "votes": poll.tallies,
        "multiple": poll.multiple,
        "expires_at": poll.expires_at,
        "voters": poll.voters_count,
    }
    expected = wanted | {"expires_at": _moment(wanted["expires_at"])} if "expires_at" in wanted else wanted
    assert {key: has[key] for key in expected} == expected


def _check_quote(quote: Quote, expect: dict[str, Any]) -> None:
    has = {
        "quote": quote.quoted_uri,
        "quote_authorization": quote.approval_uri or None,
        "quote_legacy": quote.legacy,
    }
    assert has == {key: expect[key] for key in has}
