"""Queries that are built once and run many times.

Building a large Django query costs ten times what PostgreSQL needs to answer it. `Prepared` builds it once
per process, with marks in place of the values, and puts the values in when it runs: the rules stay where they
are, in QuerySet methods, and hot pages pay for them only once.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.expressions import RawSQL

Row = TypeVar("Row", bound=Model)

_FIRST_MARK = -(2**62)


class Ids:
    """A list of ids that a prepared query is given when it runs; stands in ``pk__in=ids.rows``."""

    def __init__(self) -> None:
        self.rows = RawSQL("SELECT unnest(%s::bigint[])", [self])


class Prepared(Generic[Row]):
    """A query with named places for one id (an int) or many (`Ids`).

    ``build`` gets a mark for each of ``places`` and returns the query; marks may be used wherever an id may,
    also as the primary key of a model instance that is never loaded. It must not branch on them, and what
    changes with time must be asked of the database (``Now()``), not of the clock.
    """

    def __init__(self, build: Callable[..., "QuerySet[Row, Any]"], **places: type) -> None:
        self._build, self._places = build, places
        self._model: type[Row] | None = None
        self._sql = ""
        self._parameters: tuple[Any, ...] = ()

    def rows(self, **values: int | Sequence[int]) -> list[Row]:
        """Return the model instances that the query finds with these values."""
        sql, parameters = self.filled(values)
        assert self._model is not None
        return list(self._model._default_manager.raw(sql, parameters))

    def tuples(self, **values: int | Sequence[int]) -> list[tuple[Any, ...]]:
        """Return the columns of a ``values_list`` query with these values, as the driver gives them."""
        return fetch(*self.filled(values))

    def filled(self, values: Mapping[str, int | Sequence[int]]) -> tuple[str, list[Any]]:
        """Return the SQL and its parameters with these values, to be run alone or within another query."""
        if not self._sql:
            self._prepare()
        given = {name: list(value) if not isinstance(value, int) else value for name, value in values.items()}
        return self._sql, [
            given[place.name] if isinstance(place, _Place) else place for place in self._parameters
        ]

    def _prepare(self) -> None:
        marks: dict[str, Any] = {
            name: Ids() if kind is Ids else _FIRST_MARK + number
            for number, (name, kind) in enumerate(self._places.items())
        }
        query = self._build(**marks)
        sql, parameters = query.query.sql_with_params()
        names = {mark: name for name, mark in marks.items()}
        places = tuple(_Place(names[value]) if _is_mark(value, names) else value for value in parameters)
        missing = marks.keys() - {place.name for place in places if isinstance(place, _Place)}
        if missing or any(isinstance(value, date) for value in places):
            raise ValueError(f"a prepared query does not use {missing or 'the clock of the database'}")
        self._model, self._parameters, self._sql = query.model, places, sql


def fetch(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement as the driver gives them."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


class _Place:
    def __init__(self, name: str) -> None:
        self.name = name


def _is_mark(value: Any, names: dict[Any, str]) -> bool:
    return isinstance(value, int | Ids) and value in names
