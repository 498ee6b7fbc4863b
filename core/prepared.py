"""Queries that are built once and run many times.

Building a large Django query costs ten times what PostgreSQL needs to answer it. `Prepared` builds it once
per process, with marks in place of the values, and puts the values in when it runs: the rules stay where they
are, in QuerySet methods, and hot pages pay for them only once.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import count
from typing import Any, Generic, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.query import get_related_populators  # type: ignore[attr-defined]

Row = TypeVar("Row", bound=Model)
Value = int | str | Sequence[int]
Values = Mapping[str, Value]

_FIRST_MARK = -(2**62)
_PLACE = re.compile("%[s%]")


class Ids:
    """A list of ids that a prepared query is given when it runs; stands in ``pk__in=ids.rows``."""

    def __init__(self) -> None:
        self.rows = RawSQL("SELECT unnest(%s::bigint[])", [self])


class Key(str):
    """The kind of a text that names one row at most, such as a uri: for all of them one plan is the best."""


class Prepared(Generic[Row]):
    """A query with named places for one id (an int), many (`Ids`), a text (a str) or a `Key`.

    ``build`` gets a mark for each of ``places`` and returns the query; marks may be used wherever an id may,
    also as the primary key of a model instance that is never loaded. It must not branch on them, and what
    changes with time must be asked of the database (``Now()``), not of the clock.
    """

    def __init__(self, build: Callable[..., "QuerySet[Row, Any]"], **places: type) -> None:
        self._build, self._places = build, places
        # How many rows hold a text differs from text to text, and so does the best plan.
        self._keeps_plan = str not in places.values()
        self._compiler: Any = None
        self._maker: _Maker | None = None
        self._sql = ""
        self._parameters: tuple[Any, ...] = ()

    def rows(self, *, limit: int | None = None, **values: Value) -> list[Row]:
        """Return the model instances that the query finds with these values, with what it joins."""
        found = self._fetch(values, limit)
        if self._maker is None:
            self._maker = _Maker(self._compiler)
        return self._maker.make(found)

    def tuples(self, *, limit: int | None = None, **values: Value) -> list[tuple[Any, ...]]:
        """Return the columns of a ``values_list`` query with these values, as the driver gives them."""
        return self._fetch(values, limit)

    def _fetch(self, values: Values, limit: int | None) -> list[tuple[Any, ...]]:
        return fetch(*self.filled(values, limit), keep_plan=self._keeps_plan)

    def filled(self, values: Values, limit: int | None = None) -> tuple[str, list[Any]]:
        """Return the SQL and its parameters with these values, to be run alone or within another query."""
        if not self._sql:
            self._prepare()
        given = {
            name: value if isinstance(value, int | str) else array(value) for name, value in values.items()
        }
        parameters = [given[place.name] if isinstance(place, _Place) else place for place in self._parameters]
        return (self._sql, parameters) if limit is None else (f"{self._sql} LIMIT %s", [*parameters, limit])

    def _prepare(self) -> None:
        marks: dict[str, Any] = {
            name: Ids() if kind is Ids else f"\x01{name}" if kind in (str, Key) else _FIRST_MARK + number
            for number, (name, kind) in enumerate(self._places.items())
        }
        compiler = self._build(**marks).query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        names = {mark: name for name, mark in marks.items()}
        places = tuple(_Place(names[value]) if _is_mark(value, names) else value for value in parameters)
        missing = marks.keys() - {place.name for place in places if isinstance(place, _Place)}
        if missing or any(isinstance(value, date) for value in places):
            raise ValueError(f"a prepared query does not use {missing or 'the clock of the database'}")
        self._compiler, self._parameters, self._sql = compiler, places, sql


class _Maker:
    """Makes model instances of rows, as Django's ModelIterable does; what it needs to know is found once."""

    def __init__(self, compiler: Any) -> None:
        select, info = compiler.select, compiler.klass_info
        self._model = info["model"]
        self._own = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        self._names = [column[0].target.attname for column in select[self._own]]
        self._related = get_related_populators(info, select, DEFAULT_DB_ALIAS)
        self._convert = compiler.apply_converters
        self._converters = compiler.get_converters([column[0] for column in select])

    def make(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        instances = []
        for row in self._convert(rows, self._converters):
            instance = self._model.from_db(DEFAULT_DB_ALIAS, self._names, row[self._own])
            for populator in self._related:
                populator.populate(row, instance)
            instances.append(instance)
        return instances


def array(ids: Iterable[int]) -> str:
    """Return ids as PostgreSQL writes an array, for a place that is cast to ``bigint[]``.

    The driver would look at each of them to find out what it is a list of.
    """
    return f"{{{','.join(map(str, ids))}}}"


def fetch(sql: str, parameters: Sequence[Any], *, keep_plan: bool = True) -> list[tuple[Any, ...]]:
    """Return the rows of a statement as the driver gives them; PostgreSQL keeps its plan unless told not to.

    Planning a large query takes longer than answering it, so values are sent apart from the text, which
    Django's own cursors do not do. These are used for a plan of its own, and while queries are watched.
    """
    # The connection itself: its stand-in would look it up for each name.
    database = connections[DEFAULT_DB_ALIAS]
    database.close_if_health_check_failed()
    database.ensure_connection()
    if database.queries_logged or database.execute_wrappers or not keep_plan:
        with database.cursor() as watched:
            watched.execute(sql, parameters)
            return watched.fetchall()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors, psycopg.RawCursor(database.connection) as cursor:
        return cursor.execute(_numbered(sql), parameters, prepare=True).fetchall()


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> str:
    """Return a statement with PostgreSQL's places, ``$1``; the driver would look for ``%s`` at every call."""
    numbers = count(1)
    return _PLACE.sub(lambda place: "%" if place[0] == "%%" else f"${next(numbers)}", sql)


class _Place:
    def __init__(self, name: str) -> None:
        self.name = name


def _is_mark(value: Any, names: dict[Any, str]) -> bool:
    return isinstance(value, int | str | Ids) and value in names
