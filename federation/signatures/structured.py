"""Structured header fields, as much of them as signatures need: dictionaries of byte sequences and inner
lists.

Pure; called by `rfc9421.py` and `digest.py`. Source: RFC 8941 §3.2, §4.2.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_FIELD_LENGTH = 8192

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_STRING = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")
_INTEGER = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_BLANKS = re.compile(r" *")
_OPTIONAL_BLANKS = re.compile(r"[ \t]*")
_BOOLEAN = re.compile(r"\?([01])")
_ESCAPED = re.compile(r"\\(.)")
_QUOTABLE = re.compile(r'(["\\])')


class FieldMalformed(ValueError):
    """The header field breaks the grammar of structured fields, or is longer than we read."""


class Token(str):
    """A bare word, which is not the same as the string that spells it."""


BareItem = int | str | bytes | bool | Token


@dataclass(frozen=True, slots=True)
class Item:
    """One value with its parameters, in the order in which they were sent."""

    value: BareItem
    parameters: Mapping[str, BareItem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InnerList:
    """A list of items in parentheses, with parameters of its own."""

    items: tuple[Item, ...]
    parameters: Mapping[str, BareItem] = field(default_factory=dict)


def parse_dictionary(text: str) -> dict[str, Item | InnerList]:
    """Read a dictionary field; raises FieldMalformed. A member given twice is refused: which one counts?"""
    if len(text) > MAX_FIELD_LENGTH:
        raise FieldMalformed("too long")
    return _Parser(text.strip(" ")).dictionary()


def render_inner_list(inner: InnerList) -> str:
    """Return the one canonical spelling of an inner list: what a signature's parameters are signed as."""
    items = " ".join(render_item(item) for item in inner.items)
    return f"({items}){_render_parameters(inner.parameters)}"


def render_item(item: Item) -> str:
    """Return the one canonical spelling of an item."""
    return f"{_render_bare(item.value)}{_render_parameters(item.parameters)}"


def _render_parameters(parameters: Mapping[str, BareItem]) -> str:
    return "".join(
        f";{name}" if value is True else f";{name}={_render_bare(value)}"
        for name, value in parameters.items()
    )


def _render_bare(value: BareItem) -> str:
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, int | Token):
        return str(value)
    if isinstance(value, bytes):
        return f":{base64.b64encode(value).decode('ascii')}:"
    return '"' + _QUOTABLE.sub(r"\\\1", value) + '"'


class _Parser:
    """Reads one field from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def dictionary(self) -> dict[str, Item | InnerList]:
        found: dict[str, Item | InnerList] = {}
        while self._position < len(self._text):
            name = self._take(_KEY)[0]
            if name in found:
                raise FieldMalformed(f"{name} is given twice")
            found[name] = self._member() if self._skip("=") else Item(True, self._parameters())
            self._take(_OPTIONAL_BLANKS)
            if self._position == len(self._text):
                break
            if not self._skip(","):
                raise FieldMalformed("no comma between members")
            self._take(_OPTIONAL_BLANKS)
            if self._position == len(self._text):
                raise FieldMalformed("ends with a comma")
        return found

    def _member(self) -> Item | InnerList:
        return self._inner_list() if self._skip("(") else self._item()

    def _inner_list(self) -> InnerList:
        items: list[Item] = []
        while True:
            self._take(_BLANKS)
            if self._skip(")"):
                return InnerList(tuple(items), self._parameters())
            items.append(self._item())
            if self._peek() not in (" ", ")"):
                raise FieldMalformed("no blank between items")

    def _item(self) -> Item:
        return Item(self._bare_item(), self._parameters())

    def _parameters(self) -> dict[str, BareItem]:
        found: dict[str, BareItem] = {}
        while self._skip(";"):
            self._take(_BLANKS)
            name = self._take(_KEY)[0]
            if name in found:
                raise FieldMalformed(f"{name} is given twice")
            found[name] = self._bare_item() if self._skip("=") else True
        return found

    def _bare_item(self) -> BareItem:
        first = self._peek()
        if first == '"':
            return _ESCAPED.sub(r"\1", self._take(_STRING)[1])
        if first == ":":
            return _decoded(self._take(_BYTES)[1])
        if first == "?":
            return self._take(_BOOLEAN)[1] == "1"
        if first == "-" or first.isdigit():
            return int(self._take(_INTEGER)[0])
        return Token(self._take(_TOKEN)[0])

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _skip(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self._position += 1
        return True

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._position)
        if match is None:
            raise FieldMalformed(f"unexpected sign at {self._position}")
        self._position = match.end()
        return match


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FieldMalformed("bad base64") from error
