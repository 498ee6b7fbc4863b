"""Reading single values of a document: each may be a string, an object, an array of either, or nonsense."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from core.hosts import host_of
from federation.vocab.constants import PUBLIC, PUBLIC_FORMS

Document = Mapping[str, Any]

_MAX_ITEMS = 1000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_NO_LANGUAGE = frozenset({"und", "zxx", "mul"})
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d\d:?(?:\d\d)?)?"
)


@dataclass(frozen=True, slots=True)
class LangString:
    """A text and the language it is said to be in (BCP 47), if any."""

    text: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Audience:
    """Who a document is addressed to; every form of Public is the full IRI."""

    to: tuple[str, ...]
    cc: tuple[str, ...]


def list_of(value: Any) -> list[Any]:
    """Return a value as a list: None is empty, what is no list stands alone; nulls inside are dropped."""
    if value is None:
        return []
    return [item for item in value[:_MAX_ITEMS] if item is not None] if isinstance(value, list) else [value]


def first_of(value: Any) -> Any | None:
    """Return the value, or the first of a list."""
    return next(iter(list_of(value)), None)


def id_of(value: Any) -> str | None:
    """Return the id that a value names: a string itself, an object's `id`, or that of the first in a list."""
    first = first_of(value)
    found = first.get("id") if isinstance(first, dict) else first
    return found if isinstance(found, str) and found else None


def ids_of(value: Any) -> list[str]:
    """Return the ids of all items that have one."""
    return [found for item in list_of(value) if (found := id_of(item)) is not None]


def object_of(value: Any) -> dict[str, Any] | None:
    """Return the embedded object, or the first in a list; None for bare ids."""
    return next((item for item in list_of(value) if isinstance(item, dict)), None)


def types_of(value: Any) -> tuple[str, ...]:
    """Return all types of an embedded object."""
    document = object_of(value)
    return tuple(item for item in list_of(document.get("type")) if isinstance(item, str)) if document else ()


def type_of(value: Any) -> str | None:
    """Return the first type of an embedded object; None for bare ids."""
    return next(iter(types_of(value)), None)


def string_of(document: Document, key: str) -> str | None:
    """Return a property that is a string."""
    value = document.get(key)
    return value if isinstance(value, str) else None


def integer_of(document: Document, key: str) -> int | None:
    """Return a property that is a whole number; booleans are none."""
    value = document.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def time_of(document: Document, key: str) -> datetime | None:
    """Return a property that is a date and time, in UTC; without an offset it counts as UTC.

    Takes `+0000`, `Z`, up to nine digits of a second and a missing second, as seen on the wire.
    """
    match = _TIME.fullmatch((string_of(document, key) or "").strip())
    if match is None:
        return None
    *calendar, fraction, offset = match.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in calendar)
    try:
        moment = datetime(year, month, day, hour, minute, second, _microseconds(fraction), _zone(offset))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _microseconds(fraction: str | None) -> int:
    return int((fraction or "").ljust(6, "0")[:6])


def _zone(offset: str | None) -> timezone:
    if offset is None or offset in "Zz":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-distance if offset[0] == "-" else distance)


def lang_string(document: Document, key: str) -> LangString | None:
    """Return a text such as `content` with its language from `contentMap`.

    The entry of the map that equals the text names the language, else its first; without a text the first
    entry that has one is both. `{"@value": …, "@language": …}` is read too.
    """
    by_language = _language_map(document.get(f"{key}Map"))
    value = document.get(key)
    if isinstance(value, dict):
        by_language |= _language_map({value.get("@language"): value.get("@value")})
        value = value.get("@value")
    if not isinstance(value, str):
        texts = ((text, language) for language, text in by_language.items() if text is not None)
        first = next(texts, None)
        return LangString(*first) if first else None
    equal = next((language for language, text in by_language.items() if text == value), None)
    return LangString(value, equal or next(iter(by_language), None))


def language_of(document: Document, *keys: str) -> str | None:
    """Return the first language that a map such as `contentMap` names, with or without a text."""
    return next((language for key in keys for language in _language_map(document.get(f"{key}Map"))), None)


def _language_map(value: Any) -> dict[str, str | None]:
    """Return the texts by language; None for a text that is none (Mbin: `{"en": null}`)."""
    if not isinstance(value, dict):
        return {}
    return {
        language: text if isinstance(text, str) else None
        for language, text in value.items()
        if isinstance(language, str) and _LANGUAGE.fullmatch(language) and _is_language(language)
    }


def _is_language(tag: str) -> bool:
    return tag.lower() not in _NO_LANGUAGE


def link_href(value: Any) -> str | None:
    """Return the first http(s) address of a `url`-like property: string, Link, or list, HTML preferred."""
    candidates = [(_href(item), item) for item in list_of(value)]
    clean = [(href, item) for href, item in candidates if href is not None and host_of(href)]
    for href, item in clean:
        # Funkwhale writes mimeType.
        if isinstance(item, dict) and "text/html" in (item.get("mediaType"), item.get("mimeType")):
            return href
    return clean[0][0] if clean else None


def _href(item: Any) -> str | None:
    found = (item.get("href") or item.get("url")) if isinstance(item, dict) else item
    return found if isinstance(found, str) else None


def is_public(iri: Any) -> bool:
    """Tell whether an address is the public collection, in any of its spellings."""
    return isinstance(iri, str) and iri in PUBLIC_FORMS


def addressed(document: Document) -> Audience:
    """Return `to` and `cc` of a document as ids."""
    return Audience(to=_addressees(document.get("to")), cc=_addressees(document.get("cc")))


def _addressees(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(PUBLIC if is_public(iri) else iri for iri in ids_of(value)))
