"""Locks by name, held until the end of the transaction.

Called where two jobs may work on a thing whose row does not exist yet, so that no row can be locked: a post
that arrives while its deletion does.
"""

from django.db import connection


def hold(name: str) -> None:
    """Wait for and take the lock of this name until the current transaction ends (safe behind a pooler)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
