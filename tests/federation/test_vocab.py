"""Reading documents of other servers: strict about bytes, forgiving about shapes, never surprised."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import vocab
from federation.vocab import Audience, LangString, MalformedDocument

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = ("id", "type", "content", "contentMap", "published", "url", "to", "cc", "actor", "object", "href")
KEYS_OF_COLLECTIONS = ("first", "next", "items", "totalItems")


# Bytes


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe{}",
        "{}".encode("utf-16"),
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000,
        b'{"a":"\x01"}',
    ],
)
def test_bodies_that_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedDocument):
        vocab.parse_document(body)


def test_what_postgresql_cannot_store_is_taken_out() -> None:
    body = rb'{"a\u0000":"x\u0000y\ud800z","b":["\udfff"],"c":"\ud83d\ude00"}'
    assert vocab.parse_document(body) == {"a": "xyz", "b": [""], "c": "\U0001f600"}


def test_brackets_in_strings_are_not_depth() -> None:
    assert vocab.parse_document(orjson.dumps({"a": '["' * 500}))["a"] == '["' * 500


def test_a_byte_order_mark_is_skipped() -> None:
    assert vocab.parse_document(b"\xef\xbb\xbf{}") == {}


def test_sixty_four_levels_are_enough() -> None:
    assert vocab.parse_document(b'{"a":' * 64 + b"1" + b"}" * 64)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        vocab.parse_document(body)
    except MalformedDocument:
        return


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_what_we_write_is_what_we_read(document: dict[str, Any]) -> None:
    try:
        body = orjson.dumps(document)
    except TypeError:
        return  # integers that orjson does not write
    cleaned = orjson.loads(body.replace(rb"\u0000", b""))
    assert vocab.parse_document(body) == cleaned


# Values


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("https://a.example/1", "https://a.example/1"),
        ({"id": "https://a.example/1"}, "https://a.example/1"),
        ([None, {"id": "https://a.example/1"}, "b"], "https://a.example/1"),
        ({"id": 7}, None),
        ({}, None),
        ([], None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_id_of(value: Any, wanted: str | None) -> None:
    assert vocab.id_of(value) == wanted


def test_lists_and_types() -> None:
    assert vocab.list_of(None) == []
    assert vocab.list_of("a") == ["a"]
    assert vocab.list_of(["a", None]) == ["a"]
    assert vocab.ids_of(["a", {"id": "b"}, 3]) == ["a", "b"]
    assert vocab.types_of({"type": ["Note", 3, "Article"]}) == ("Note", "Article")
    assert vocab.type_of("https://a.example/1") is None


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ({"content": "Hi"}, LangString("Hi", None)),
        ({"content": "Hi", "contentMap": {"de": "Na", "en": "Hi"}}, LangString("Hi", "en")),
        ({"content": "Hi", "contentMap": {"de": "Na"}}, LangString("Hi", "de")),
        ({"contentMap": {"de": "Na", "en": "Hi"}}, LangString("Na", "de")),
        ({"content": "Hi", "contentMap": {"und": "Hi"}}, LangString("Hi", None)),
        ({"contentMap": {"en": None}}, None),
        ({"content": {"@value": "Hi", "@language": "en"}}, LangString("Hi", "en")),
        ({"content": ["Hi", "Na"]}, None),
        ({"content": 7}, None),
        ({}, None),
    ],
)
def test_lang_string(document: dict[str, Any], wanted: LangString | None) -> None:
    assert vocab.lang_string(document, "content") == wanted


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T13:00:00+01:00",
        "2026-03-01T12:00:00+0000",
        "2026-03-01T12:00:00.000000000Z",
        "2026-03-01 12:00",
        "2026-03-01t12:00:00",
    ],
)
def test_times_as_seen_on_the_wire(text: str) -> None:
    assert vocab.time_of({"published": text}, "published") == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("value", ["", "yesterday", "2026-13-01T00:00:00Z", "0000-01-01T00:00:00Z", 7, None])
def test_times_that_are_none(value: Any) -> None:
    assert vocab.time_of({"published": value}, "published") is None


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("https://a.example/1", "https://a.example/1"),
        ({"type": "Link", "href": "https://a.example/1"}, "https://a.example/1"),
        (
            [
                {"href": "https://a.example/1.m3u8", "mediaType": "application/x-mpegURL"},
                {"href": "https://a.example/1", "mediaType": "text/html"},
            ],
            "https://a.example/1",
        ),
        (["javascript:alert(1)", "https://a.example/1"], "https://a.example/1"),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
def test_link_href(value: Any, wanted: str | None) -> None:
    assert vocab.link_href(value) == wanted


def test_the_public_collection_has_three_names() -> None:
    document = {"to": "as:Public", "cc": ["Public", "https://a.example/f", vocab.PUBLIC]}
    assert vocab.addressed(document) == Audience((vocab.PUBLIC,), (vocab.PUBLIC, "https://a.example/f"))


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ({"totalItems": 3, "first": "https://a.example/1"}, (3, None, "https://a.example/1", None)),
        (
            {"first": {"id": "https://a.example/1", "items": "b", "next": {"id": "https://a.example/2"}}},
            (None, ("b",), "https://a.example/1", "https://a.example/2"),
        ),
        (
            {"totalItems": -1, "orderedItems": [{"id": "a"}, {}, None, 7]},
            (None, ("a", None, None), None, None),
        ),
        ({"orderedItems": []}, (None, (), None, None)),
        ({}, (None, None, None, None)),
    ],
)
def test_collections(document: dict[str, Any], wanted: tuple[Any, ...]) -> None:
    assert vocab.read_collection(document) == vocab.CollectionValues(*wanted)


@given(st.dictionaries(st.sampled_from(KEYS + KEYS_OF_COLLECTIONS), JSON))
def test_nothing_raises_whatever_the_shape(document: dict[str, Any]) -> None:
    for key in KEYS:
        value = document.get(key)
        vocab.id_of(value), vocab.ids_of(value), vocab.types_of(value), vocab.link_href(value)
        vocab.string_of(document, key), vocab.integer_of(document, key), vocab.time_of(document, key)
        vocab.lang_string(document, key), vocab.language_of(document, key)
    vocab.addressed(document)
    vocab.read_collection(document)
    vocab.read_activity(document, recipient_uri="", received_at=datetime.now(UTC))


# Activities


def test_an_activity_is_read_once() -> None:
    document = {
        "id": "https://a.example/1",
        "type": "Create",
        "actor": {"id": "https://a.example/u"},
        "object": {"id": "https://a.example/n", "type": "Note"},
    }
    activity = vocab.read_activity(document, recipient_uri="", received_at=datetime.now(UTC))
    assert activity is not None
    assert (activity.type, activity.actor_uri, activity.object_uri, activity.object_type) == (
        "Create",
        "https://a.example/u",
        "https://a.example/n",
        "Note",
    )
    assert activity.object_document() == document["object"]


@pytest.mark.parametrize(
    "document",
    [{}, {"type": "Like"}, {"actor": "a"}, {"type": "Like", "actor": ["a", "b"]}, {"type": 7, "actor": "a"}],
)
def test_what_is_no_activity(document: dict[str, Any]) -> None:
    assert vocab.read_activity(document, recipient_uri="", received_at=datetime.now(UTC)) is None
