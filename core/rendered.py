"""Render once, read many: what is rendered from a row is kept in this process under the version of the row.

PostgreSQL keeps each version of a row as a place and a transaction (``ctid``, ``xmin``), so every change of a
row makes a new version by itself and nothing here is ever told to forget. What is shown of *other* rows goes
stale instead: whoever changes such rows makes a new version of the row they are shown with (`touch`), and
after `KEPT_SECONDS` everything is rendered anew.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from threading import Lock
from typing import Any, Generic, TypeVar

from django.db.models import F, QuerySet

Value = TypeVar("Value")

KEPT_SECONDS = 300


def version_sql(alias: str) -> str:
    """Return the SQL expression for the version of a table's row, a text."""
    return f"{alias}.ctid::text || {alias}.xmin::text"


def touch(rows: "QuerySet[Any, Any]") -> None:
    """Make a new version of these rows, because what is shown with them has changed elsewhere."""
    rows.update(id=F("id"))


class Rendered(Generic[Value]):
    """A bounded memory of this process, the least recently used goes first; threads may share it.

    ``render`` gets ids and returns what is to be kept by id; ids of rows that are gone are missing from it.
    """

    def __init__(self, render: Callable[[Collection[int]], Mapping[int, Value]], most: int) -> None:
        self._render, self._most = render, most
        self._kept: OrderedDict[int, tuple[str, float, Value]] = OrderedDict()
        self._lock = Lock()

    def load(self, versions: Mapping[int, str]) -> dict[int, Value]:
        """Return the values of rows, given the versions that are current; what is not kept is rendered."""
        now = time.monotonic()
        with self._lock:
            found = self._find(versions, now)
        missing = versions.keys() - found.keys()
        if missing:
            made = self._render(missing)
            found.update(made)
            with self._lock:
                self._keep(made, versions, now + KEPT_SECONDS)
        return found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()

    def _find(self, versions: Mapping[int, str], now: float) -> dict[int, Value]:
        found = {}
        for row_id, version in versions.items():
            kept = self._kept.get(row_id)
            if kept is not None and kept[0] == version and kept[1] > now:
                found[row_id] = kept[2]
                self._kept.move_to_end(row_id)
        return found

    def _keep(self, made: Mapping[int, Value], versions: Mapping[int, str], until: float) -> None:
        for row_id, value in made.items():
            self._kept[row_id] = (versions[row_id], until, value)
            self._kept.move_to_end(row_id)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
