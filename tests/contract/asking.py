"""Asking an endpoint of the contract with some of its parameters changed, for the tests of bad input.

An exception in a door comes out here as it is, so that a 500 shows where it was raised.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.urls import resolve

from core import pubsub
from tests.contract.cases import CASES
from tests.contract.contract import endpoints
from tests.contract.world import World

ALL = endpoints()
NAMES = [*CASES]
EVERYTHING = "profile read write follow push"
# Refusals that apps know what to do with.
REFUSALS = {400, 401, 403, 404, 409, 413, 422, 429, 503}
_HEADERS = {"Idempotency-Key"}
# What stands in pg_stat_xact_user_tables, which looks at all indexes as well and takes ten times as long.
_WRITTEN = """
SELECT sum(pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
    + pg_stat_get_xact_tuples_deleted(oid))
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
Stored = list[tuple[Any, ...]]


def one_of_each_door(names: list[str]) -> list[str]:
    """Return endpoints without those that run the same method of the same view: PATCH that is PUT."""
    doors: dict[Any, str] = {}
    for name in names:
        endpoint = ALL[name]
        view = getattr(resolve(re.sub(r":\w+", "1", endpoint.template)).func, "cls", None)
        door = getattr(view, endpoint.method.lower(), None) or name
        doors.setdefault((view, door, endpoint.params), name)
    return list(doors.values())


def parameters(name: str) -> list[str]:
    """Return the names of what an endpoint takes, each key of a map for itself."""
    found: list[str] = []
    for param in ALL[name].params:
        start, bracket, last = param.replace(":index", "0").rpartition("[")
        keys = last.removesuffix("]").split("|")
        found += [f"{start}[{key}]" for key in keys] if bracket else [param]
    return found


def whole_parameters(name: str) -> list[str]:
    """Return the names of what is a list or a map, without what is in it."""
    return list(dict.fromkeys(param.partition("[")[0] for param in parameters(name) if "[" in param))


class Asker:
    """Asks one endpoint as its case does, each time as if it were the first time."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.endpoint, self.case = world, ALL[name], CASES[name]
        self.client = world.client(self.case.who, EVERYTHING)
        if self.case.accept:
            self.client.http.defaults["HTTP_ACCEPT"] = self.case.accept

    def path(self, ids: Sequence[str] = ()) -> str:
        """Return the path, with other ids in it if there are some."""
        values = iter(ids or [value.format(**self.world.ids) for value in self.case.path])
        return re.sub(r":\w+", lambda _: quote(next(values), safe=""), self.endpoint.template)

    def ask(self, changes: dict[str, Any], encoding: str = "json", ids: Sequence[str] = ()) -> Any:
        """Send the request of the case with these changes and return the answer, which keeps the rules."""
        base = self.case.multipart() if self.case.multipart else self.world.filled(dict(self.case.data))
        if "limit" in self.endpoint.params:
            # What is wrong shows with two of a kind as well as with twenty.
            base = {"limit": 2} | base
        data = {key: value for key, value in (base | changes).items() if key not in _HEADERS}
        headers = {key: _header(changes[key]) for key in _HEADERS & changes.keys()}
        path = self.path(ids)
        if self.endpoint.method == "GET":
            return self.sent(lambda: self.client.get(path, _pairs(data)))
        method = getattr(self.client, self.endpoint.method.lower())
        encoding = "multipart" if self.case.multipart else encoding
        return self.sent(lambda: method(path, _encodable(data, encoding), encoding=encoding, **headers))

    def raw(self, body: bytes, content_type: str, query: str = "") -> Any:
        """Send a body as it is."""
        method, path = self.endpoint.method, f"{self.path()}?{query}"
        http = self.client.http
        return self.sent(lambda: http.generic(method, path, body, content_type=content_type, secure=True))

    def sent(self, send: Callable[[], Any]) -> Any:
        """Return an answer: success as listed, or an error as every app reads it, which changed nothing."""
        self._forget_calls()
        may_write = self.endpoint.method != "GET"
        written = rows_written() if may_write else 0
        with transaction.atomic():
            answer = send()
            refused = self.refuses(answer)
            wrote = refused and may_write and rows_written() != written
            after = _stored() if wrote else None
            transaction.set_rollback(True)
        assert after is None or after == _stored(), f"{self.endpoint.name} refused and wrote all the same"
        if refused:
            assert answer.status_code in REFUSALS, (answer.status_code, answer.content)
            error = answer.json()["error"]
            # Collections put the words one level deeper, with the details.
            words = error["error"] if isinstance(error, dict) else error
            assert isinstance(words, str) and words
        return answer

    def _forget_calls(self) -> None:
        """Forget what Redis keeps, so that no limit is reached; what is shown stays where nothing changes."""
        redis = pubsub.connection()
        if self.endpoint.method != "GET":
            redis.flushdb()
        elif counts := redis.keys("ratelimit:*"):
            redis.delete(*counts)

    def refuses(self, answer: Any) -> bool:
        """Say whether an answer is none of those that the contract lists as success."""
        return answer.status_code not in self.endpoint.success


def _header(value: Any) -> str:
    """Return a value as a server gives it to us: each byte a character."""
    return str(value).encode().decode("latin-1")


def _encodable(data: dict[str, Any], encoding: str) -> Any:
    if encoding == "json":
        return {key.removesuffix("[]"): value for key, value in data.items()}
    pairs = _pairs(data)
    if encoding == "form":
        return pairs
    fields: dict[str, list[Any]] = {}
    for key, value in pairs:
        fields.setdefault(key, []).append(value)
    return fields


def _pairs(data: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what a form or a query says instead of lists and maps: names with brackets."""
    return [pair for key, value in data.items() for pair in _flat(key, value)]


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(f"{key.removesuffix('[]')}[]", item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(f"{key.removesuffix('[]')}[{name}]", item)
    elif isinstance(value, SimpleUploadedFile):
        yield key, value
    else:
        yield key, "" if value is None else str(value)


def rows_written() -> int:
    """Return how many rows this transaction has written, also those that it took back."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITTEN)
        return int(cursor.fetchone()[0])


def _stored() -> Stored:
    """Return how many rows each table has, and a number that changes when one of them is written anew."""
    with connection.cursor() as cursor:
        cursor.execute(_state_of_all_tables())
        return cursor.fetchall()


@cache
def _state_of_all_tables() -> str:
    tables = sorted({model._meta.db_table for model in apps.get_models(include_auto_created=True)})
    return " UNION ALL ".join(
        f"SELECT '{table}', count(*), sum(xmin::text::bigint) FROM \"{table}\"" for table in tables
    )
