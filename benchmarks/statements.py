"""Counts the SQL statements that PostgreSQL ran, whoever asked for them.

By its own module `pg_stat_statements`, so what a real request costs is counted, whatever it goes through.
BEGIN, COMMIT and what PostgreSQL itself asks to keep foreign keys are not counted; the time that it needs is
that of planning and running.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

_LOAD = (
    "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'",
    "ALTER SYSTEM SET pg_stat_statements.track_planning = on",
    "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
)
_COUNT = """
SELECT
  coalesce(sum(calls) FILTER (
    WHERE upper(query) NOT IN ('BEGIN', 'COMMIT') AND query NOT LIKE 'SELECT 1 FROM ONLY % FOR KEY SHARE OF x'
  ), 0),
  coalesce(sum(total_plan_time + total_exec_time), 0)
FROM pg_stat_statements
WHERE query NOT LIKE '%pg_stat_statements%'
"""


@dataclass(frozen=True)
class Counted:
    """How many statements ran and the seconds that PostgreSQL spent on them."""

    statements: float
    seconds: float

    def each(self, requests: int) -> "Counted":
        """Return the share of one of so many requests."""
        return Counted(self.statements / requests, self.seconds / requests)


class Statements:
    """The counters of one database. Call `load` once, and start PostgreSQL anew after it."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    def load(self) -> None:
        """Let PostgreSQL count from its next start on."""
        for statement in _LOAD:
            self._ask(statement)

    def reset(self) -> None:
        """Begin to count."""
        self._ask("SELECT pg_stat_statements_reset()")

    def count(self) -> Counted:
        """Return what ran since the beginning."""
        statements, milliseconds = self._ask(_COUNT)
        return Counted(int(statements), float(milliseconds) / 1000)

    def _ask(self, statement: str) -> tuple[Any, ...]:
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return (cursor.fetchone() or ()) if cursor.description else ()
