"""What somebody types into search for posts, read into words and operators. Pure.

Called by timelines/status_search.py. Operators stand anywhere between the words: ``from:anna has:image
before:2026-05-01 -is:reply "in one piece"``; a minus turns what follows it around. What looks like an
operator and is none is a word.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

_TOKEN = re.compile(
    r'(?P<minus>-?)(?:(?P<name>[a-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))', re.IGNORECASE
)
_MAX_TOKENS = 20
_CHOICES = {
    "has": {"media", "poll", "link", "image", "video", "audio", "embed"},
    "is": {"reply", "sensitive"},
    "in": {"library", "public", "all"},
}


@dataclass(frozen=True)
class Operator:
    """``name``: from, has, is, in, before, after, during or language; ``day`` for the three about time."""

    name: str
    value: str
    negated: bool = False
    day: date | None = None


@dataclass(frozen=True)
class Query:
    """Words and phrases that must be there, those that must not, and the operators."""

    terms: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    operators: tuple[Operator, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when it asks for nothing."""
        return not (self.terms or self.unwanted or self.operators)


def read_query(text: str) -> Query:
    """Return what a text asks for; of very long ones the first twenty parts."""
    terms: list[str] = []
    unwanted: list[str] = []
    operators: list[Operator] = []
    for match in list(_TOKEN.finditer(text))[:_MAX_TOKENS]:
        negated, name = bool(match["minus"]), (match["name"] or "").lower()
        value = match["phrase"] if match["phrase"] is not None else match["word"]
        operator = _operator(name, value, negated) if name else None
        if operator is not None:
            operators.append(operator)
            continue
        term = f"{match['name']}:{value}" if name else value
        # Without a letter or figure it is no word, and nothing would be found.
        if any(sign.isalnum() for sign in term):
            (unwanted if negated else terms).append(term)
    return Query(tuple(terms), tuple(unwanted), tuple(operators))


def _operator(name: str, value: str, negated: bool) -> Operator | None:
    reader = _READERS.get(name)
    return reader(name, value.strip(), negated) if reader and value.strip() else None


def _choice(name: str, value: str, negated: bool) -> Operator | None:
    lowered = value.lower()
    return Operator(name, lowered, negated) if lowered in _CHOICES[name] else None


def _day(name: str, value: str, negated: bool) -> Operator | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return Operator(name, value, negated, day) if 2000 <= day.year < 2200 else None


def _word(name: str, value: str, negated: bool) -> Operator | None:
    return Operator(name, value, negated)


_READERS: dict[str, Callable[[str, str, bool], Operator | None]] = {
    "has": _choice,
    "is": _choice,
    "in": _choice,
    "before": _day,
    "after": _day,
    "during": _day,
    "from": _word,
    "language": _word,
}
