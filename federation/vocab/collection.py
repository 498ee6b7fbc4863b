"""Collections and their pages: what they hold, how much there is, and where it goes on."""

from dataclasses import dataclass
from typing import Any

from federation.vocab.values import Document, id_of, integer_of, list_of

_MAX_COUNT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class CollectionValues:
    """A collection or a page of one.

    `total` is None when not told, and `items` when the document holds none itself; an item without an id is
    None. `first` and `next` are addresses.
    """

    total: int | None
    items: tuple[str | None, ...] | None
    first: str | None
    next: str | None


def read_collection(document: Document) -> CollectionValues:
    """Read a (page of an ordered) collection; an embedded first page counts as its own items.

    Source: ActivityStreams 2.0 "Collections".
    """
    total = integer_of(document, "totalItems")
    first = document.get("first")
    page = first if isinstance(first, dict) else document
    return CollectionValues(
        total=total if total is not None and 0 <= total <= _MAX_COUNT else None,
        items=_items(page),
        first=id_of(first),
        next=id_of(page.get("next")),
    )


def _items(document: Document) -> tuple[str | None, ...] | None:
    for key in ("orderedItems", "items"):
        value: Any = document.get(key)
        if value is not None:
            return tuple(id_of(item) for item in list_of(value))
    return None
