"""Bytes → JSON object, strictly: nothing that two parsers could read differently, nothing PostgreSQL refuses.

Called for every body that comes from another server. Source: contract of the federation §3.1.
"""

import json
import re
from typing import Any, NoReturn

from django.utils.translation import gettext_lazy as _

from core.errors import BadRequest

MAX_DEPTH = 64
MAX_INTEGER_DIGITS = 100

# Valid in JSON, refused by PostgreSQL in text and in jsonb.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class MalformedDocument(BadRequest):
    """The body is no JSON object that we can read."""

    default_message = _("The document is not valid JSON")


def parse_document(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body; raises MalformedDocument.

    Refused: anything but UTF-8, duplicate keys, NaN and infinities, nesting deeper than 64, integers of more
    than 100 digits, a top level that is no object. NUL and lone surrogates are taken out of every string and
    key.
    """
    try:
        text = body.decode("utf-8-sig")
        _check_depth(text)
        parsed = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_int=_integer
        )
    except (ValueError, RecursionError) as error:
        raise MalformedDocument(cause=f"{type(error).__name__}: {str(error)[:200]}") from error
    if not isinstance(parsed, dict):
        raise MalformedDocument(cause="the top level is no object")
    cleaned: dict[str, Any] = _without_unstorable(parsed)
    return cleaned


_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def _check_depth(text: str) -> None:
    """Count brackets before parsing: the parser itself recurses, and would get there first."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        sign = match[0]
        if sign in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH}")
        elif sign in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is given twice")
    return result


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS:
        raise ValueError("an integer is too long")
    return int(text)


def _without_unstorable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, list):
        return [_without_unstorable(item) for item in value]
    if isinstance(value, dict):
        return {_without_unstorable(key): _without_unstorable(item) for key, item in value.items()}
    return value
