"""Paging by id with Link headers, as apps expect it.

Source: API behaviours section 4: newest first; ``max_id`` and ``since_id`` are exclusive bounds; ``min_id``
asks for the page just above it and wins over ``since_id``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, QuerySet

from core.api.parameters import as_id, as_int

Row = TypeVar("Row", bound=Model)

MAX_ID = 2**63 - 1
_CURSORS = ("max_id", "since_id", "min_id")


@dataclass(frozen=True)
class Page:
    """What part of a list is asked for; ``limit`` is clamped already."""

    limit: int
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None

    @property
    def is_upwards(self) -> bool:
        """Whether the page is the one just above a bound."""
        return self.min_id is not None

    @property
    def above(self) -> int:
        """The id that all of the page are above."""
        return (self.min_id if self.min_id is not None else self.since_id) or 0

    @property
    def below(self) -> int:
        """The id that all of the page are below."""
        return MAX_ID if self.max_id is None else self.max_id

    @classmethod
    def of(cls, params: dict[str, Any], *, default: int = 20, maximum: int = 40) -> "Page":
        """Read the paging parameters of a request; ``limit`` is taken absolute and clamped."""
        limit = as_int(params.get("limit"), minimum=-maximum, maximum=maximum)
        return cls(
            abs(limit) if limit else default,
            **{name: as_id(params.get(name)) for name in _CURSORS},
        )

    def slice(self, rows: "QuerySet[Row]", key: str = "id") -> list[Row]:
        """Return this page of ``rows``, newest first, by the column ``key``."""
        if self.max_id is not None:
            rows = rows.filter(**{f"{key}__lt": self.max_id})
        if self.min_id is not None:
            page = list(rows.filter(**{f"{key}__gt": self.min_id}).order_by(key)[: self.limit])
            return page[::-1]
        if self.since_id is not None:
            rows = rows.filter(**{f"{key}__gt": self.since_id})
        return list(rows.order_by(f"-{key}")[: self.limit])


def offset_link(request: Any, limit: int, offset: int, *, full: bool) -> str:
    """Return the Link header for a part of a list that is paged by offset, empty if nothing is beside it."""
    kept = [(k, v) for k, values in request.GET.lists() if k not in ("limit", "offset") for v in values]
    base = request.build_absolute_uri(request.path)
    places = {"next": offset + limit} if full else {}
    if offset:
        places["prev"] = max(offset - limit, 0)
    return ", ".join(
        f'<{base}?{urlencode([*kept, ("limit", limit), ("offset", place)])}>; rel="{rel}"'
        for rel, place in places.items()
    )


@dataclass(frozen=True)
class Links:
    """How a list links to its neighbours: the parameter of ``prev``, and whether a short page has a next."""

    prev: str = "min_id"
    always_next: bool = False


BY_MIN_ID = Links()
BY_SINCE_ID = Links(prev="since_id")
TIMELINE = Links(always_next=True)


def link_header(
    request: Any,
    page: Page,
    cursors: Sequence[int],
    links: Links = BY_MIN_ID,
    *,
    full: bool | None = None,
) -> str | None:
    """Return the Link header for a page whose rows have these cursor ids (newest first), or None if empty.

    ``full`` says whether the page was full before rows were dropped from it, when that differs.
    """
    if not cursors:
        return None
    kept = [(k, v) for k, values in request.GET.lists() if k not in _CURSORS for v in values]
    base = request.build_absolute_uri(request.path)

    def link(name: str, cursor: int, rel: str) -> str:
        return f'<{base}?{urlencode([*kept, (name, cursor)])}>; rel="{rel}"'

    parts = []
    if links.always_next or (len(cursors) >= page.limit if full is None else full):
        parts.append(link("max_id", cursors[-1], "next"))
    parts.append(link(links.prev, cursors[0], "prev"))
    return ", ".join(parts)
