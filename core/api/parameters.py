"""Request parameters as every Mastodon app sends them: form, multipart, JSON or query, Rails-style names.

Source: API behaviours section 2.
"""

import re
from typing import Any
from urllib.parse import parse_qsl

from django.http import QueryDict

from core.errors import BadRequest

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PARTS = re.compile(r"\[([^\[\]]*)\]")
_MAX_DEPTH = 8
_MAX_FIELDS = 1000
_FALSE = {"", "0", "f", "F", "false", "FALSE", "off", "OFF"}


Pairs = list[tuple[str, Any]]


def pairs_of_string(encoded: str) -> Pairs:
    """Return the pairs of a query string or form body, in order. Raises BadRequest past 1,000 of them."""
    try:
        return parse_qsl(encoded, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise BadRequest(cause=str(error)) from error


def pairs_of_multipart(data: QueryDict) -> Pairs:
    """Return the pairs of a multipart body, whose parser keeps no order between names: rows in turn."""
    columns = [(name, data.getlist(name)) for name in data]
    rows = max((len(values) for _, values in columns), default=0)
    return [(name, values[row]) for row in range(rows) for name, values in columns if row < len(values)]


def nest(pairs: Pairs) -> dict[str, Any]:
    """Return flat pairs as nested lists and maps.

    ``a[]=1&a[]=2`` is a list, ``a[b]=1`` a map, ``a[][x]=1&a[][y]=2`` a list of maps in which a repeated key
    starts the next one. Without brackets the last value wins. Raises BadRequest when a name is used in two
    shapes.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        match = _NAME.match(name)
        path = _PARTS.findall(match[2]) if match else []
        if match is not None and len(path) <= _MAX_DEPTH:
            _put(tree, match[1], path, value)
    return tree


def nest_names(values: dict[str, Any]) -> dict[str, Any]:
    """Return the map of a JSON body whose names may have brackets, as some apps copy them from their forms.

    Raises BadRequest when a name is used in two shapes.
    """
    if not any("[" in name for name in values):
        return values
    pairs: Pairs = []
    for name, value in values.items():
        is_list = name.endswith("[]") and isinstance(value, list)
        pairs += [(name, item) for item in value] if is_list else [(name, value)]
    return nest(pairs)


def _put(parent: dict[str, Any], key: str, path: list[str], value: Any) -> None:
    if not path:
        if isinstance(parent.get(key), dict | list):
            raise BadRequest(cause=f"parameter {key} comes in two shapes")
        parent[key] = value
        return
    step, rest = path[0], path[1:]
    node = parent.setdefault(key, [] if step == "" else {})
    if isinstance(node, list) and step == "":
        _append(node, rest, value)
    elif isinstance(node, dict) and step != "":
        _put(node, step, rest, value)
    else:
        raise BadRequest(cause=f"parameter {key} comes in two shapes")


def _append(items: list[Any], rest: list[str], value: Any) -> None:
    if not rest:
        items.append(value)
        return
    if not items or not isinstance(items[-1], dict) or (rest[0] in items[-1] and len(rest) == 1):
        items.append({})
    _put(items[-1], rest[0], rest[1:], value)


def as_list(value: Any) -> list[Any]:
    """Return a list parameter: a real list, a lone value, or an index-keyed map; absent is empty."""
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value[key] for key in sorted(value, key=_index)]
    return [value]


def _index(key: str) -> tuple[int, str]:
    return (int(key), "") if key.isascii() and key.isdigit() else (2**31, key)


def as_bool(value: Any, default: bool = False) -> bool:
    """Return a boolean parameter; absent and empty are the default, ``"no"`` is true (as in Rails)."""
    if value is None or value == "":
        return default
    if isinstance(value, bool):
        return value
    return str(value) not in _FALSE


def as_id(value: Any) -> int | None:
    """Return an id parameter, or None for what cannot be an id."""
    text = str(value) if value is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63 else None


def as_ids(value: Any) -> list[int]:
    """Return a list of ids without what cannot be one, repeated ones once, in order."""
    return list(dict.fromkeys(found for item in as_list(value) if (found := as_id(item)) is not None))


def as_text(value: Any) -> str | None:
    """Return a text parameter without NUL bytes, or None when absent; maps and lists are refused."""
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise BadRequest(cause="a text parameter came as a list or a map")
    return str(value).replace("\x00", "")


def as_int(value: Any, *, minimum: int, maximum: int) -> int | None:
    """Return a number clamped to the range, or None for what is no number."""
    try:
        return max(minimum, min(maximum, int(str(value))))
    except ValueError:
        return None
