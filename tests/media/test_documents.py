"""Attachments and emoji of other servers, however odd."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.documents import (
    MAX_ATTACHMENTS,
    RemoteEmoji,
    parse_attachments,
    parse_emojis,
    render_document,
    render_emoji_tag,
)
from media.files import file_url
from media.models import CustomEmoji, MediaAttachment

URL = "https://d.example/a.png"
KEYS = st.sampled_from(
    [
        "type",
        "url",
        "href",
        "mediaType",
        "name",
        "summary",
        "icon",
        "blurhash",
        "focalPoint",
        "width",
        "height",
        "id",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([URL, "image/png", "Emoji", ":blob:", "javascript:1", "//x", "http://[", "U386%c"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=15,
)


@given(VALUES)
def test_nothing_is_too_odd(value: object) -> None:
    for file in parse_attachments(value):
        assert file.url.startswith(("http://", "https://"))
        assert file.type in {"image", "video", "audio", "unknown"}
    for emoji in parse_emojis(value):
        assert emoji.url.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("entry", "kind", "mime_type"),
    [
        ({"type": "Document", "mediaType": "image/png", "url": URL}, "image", "image/png"),
        (
            {"type": "Image", "url": [{"type": "Link", "href": URL, "mediaType": "image/webp"}]},
            "image",
            "image/webp",
        ),
        ({"type": "Document", "url": ["nothing", {"href": URL}]}, "image", "image/png"),
        ({"type": "Video", "url": URL.removesuffix(".png")}, "video", ""),
        ({"type": "Audio", "mediaType": "Audio/OGG; codecs=x", "url": URL}, "audio", "audio/ogg"),
        ({"type": "Document", "mediaType": "application/pdf", "url": URL}, "unknown", "application/pdf"),
        ({"type": "Image", "mediaType": "text/html", "url": URL}, "unknown", "text/html"),
        ({"url": URL.removesuffix(".png")}, "unknown", ""),
    ],
)
def test_the_kind_of_a_file(entry: dict[str, object], kind: str, mime_type: str) -> None:
    (file,) = parse_attachments(entry)
    assert file.url.removesuffix(".png") == URL.removesuffix(".png")
    assert (file.type, file.mime_type) == (kind, mime_type)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "x",
        {},
        {"url": "ftp://d.example/a"},
        {"url": "https://u:p@d.example/a"},
        {"type": "Link", "href": URL},
    ],
)
def test_entries_without_a_usable_address_are_left_out(entry: object) -> None:
    assert parse_attachments([entry, {"url": URL}])[0].url == URL
    assert len(parse_attachments([entry])) == 0


def test_what_describes_a_file() -> None:
    (file,) = parse_attachments(
        {
            "url": URL,
            "name": "name",
            "summary": "summary",
            "blurhash": "U386%ct.fQt.t:fkfQfkfQfQfQfQt:fkfQfk",
            "focalPoint": [-2, 0.5],
            "width": 30,
            "height": 20,
            "icon": {"url": "https://d.example/small.png"},
        }
    )
    assert file.description == "summary"
    assert file.blurhash == "U386%ct.fQt.t:fkfQfkfQfQfQfQt:fkfQfk"
    assert file.focus == (-1.0, 0.5)
    assert file.size == (30, 20)
    assert file.preview_url == "https://d.example/small.png"


def test_wrong_descriptions_are_dropped_and_long_ones_cut() -> None:
    (file,) = parse_attachments(
        {
            "url": URL,
            "name": "x" * 20_000,
            "summary": " ",
            "blurhash": "U386%ct",
            "focalPoint": ["0", float("nan")],
            "width": True,
            "height": -1,
        }
    )
    assert (file.blurhash, file.focus, file.size) == ("", None, None)
    assert file.description == "x" * 10_000


def test_not_more_files_than_a_post_may_have() -> None:
    entries = [{"url": f"https://d.example/{number}"} for number in range(40)]
    assert len(parse_attachments(entries)) == MAX_ATTACHMENTS


def test_emoji_come_back_as_they_were_sent() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    emoji = CustomEmoji(shortcode="blob", remote_url=URL, uri="https://d.example/emojis/7", updated_at=moment)
    assert parse_emojis(render_emoji_tag(emoji)) == [RemoteEmoji("blob", URL, emoji.uri, moment)]


def test_only_emoji_with_a_name_and_a_picture_are_taken() -> None:
    icon = {"type": "Image", "url": URL}
    tags = [
        {"type": "Hashtag", "name": "#blob", "icon": icon},
        {"type": "Emoji", "name": ":b:", "icon": icon},
        {"type": "Emoji", "name": ":blöb:", "icon": icon},
        {"type": "Emoji", "name": ":blob:", "icon": None},
        {"type": "Emoji", "name": "cat", "icon": [icon], "id": None, "updated": "never"},
    ]
    assert parse_emojis(tags) == [RemoteEmoji("cat", URL, "", None)]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"type": "audio", "mime_type": "audio/mpeg", "meta": {"original": {"duration": 12.5}}},
            {"mediaType": "audio/mpeg", "duration": "PT12.5S"},
        ),
        (
            {
                "type": "video",
                "mime_type": "video/mp4",
                "preview_file": "attachments/p.webp",
                "meta": {"original": {"width": 1280, "height": 720, "duration": 3.0}},
            },
            {
                "mediaType": "video/mp4",
                "width": 1280,
                "height": 720,
                "duration": "PT3S",
                "icon": {
                    "type": "Image",
                    "mediaType": "image/webp",
                    "url": file_url("attachments/p.webp"),
                },
            },
        ),
        ({"type": "image", "mime_type": "image/png", "preview_file": "p.png"}, {"mediaType": "image/png"}),
    ],
)
def test_sound_and_video_of_ours_say_how_long_they_are(columns: dict[str, Any], said: dict[str, Any]) -> None:
    document = render_document(MediaAttachment(file="attachments/a", **columns))
    assert document == {"type": "Document", "url": file_url("attachments/a"), "name": None, **said}
