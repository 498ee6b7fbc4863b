"""`bin/up` with servers that somebody else runs: it uses them and starts none of its own."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from genosocial.local_stack import DATABASE_NAME, free_port
from tests.running_server import RunningServer, eventually

# Beside the numbers that tests/servers.py hands to the parallel processes.
REDIS_NUMBER = 15


class ServerOnGivenServers(RunningServer):
    """One that is told where its database and its Redis are."""

    @property
    def environment(self) -> dict[str, str]:
        """What `bin/up` gets: the two addresses beside the usual."""
        database, cache = (urlsplit(os.environ[name]) for name in ("DATABASE_URL", "REDIS_URL"))
        return super().environment | {
            "DATABASE_URL": database._replace(path=f"/{database_name()}").geturl(),
            "REDIS_URL": cache._replace(path=f"/{REDIS_NUMBER}").geturl(),
        }


def database_name() -> str:
    return f"given_{os.getpid()}"


@pytest.fixture
def given_database() -> Iterator[None]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database_name()} TEMPLATE {DATABASE_NAME}")
        yield
        connection.execute(f"DROP DATABASE {database_name()} WITH (FORCE)")


def test_given_servers_are_used_and_none_is_started(given_database: None) -> None:
    with TemporaryDirectory(prefix="given-") as name:
        server = ServerOnGivenServers("localhost", free_port(), Path(name), [], has_tables=False)
        try:
            server.start()
            with psycopg.connect(server.environment["DATABASE_URL"]) as connection:
                names = connection.execute("SELECT username FROM accounts_account WHERE domain IS NULL")
                assert ("admin",) in names.fetchall()
            with redis.Redis.from_url(server.environment["REDIS_URL"]) as given:
                eventually(given.dbsize, what="a worker that says in the given Redis that it is there")
            assert not (server.data / "postgres").exists()
            assert not (server.data / "valkey").exists()
            with pytest.raises(KeyError):
                server.pid("postgres")
            with pytest.raises(KeyError):
                server.pid("valkey")
            assert server.pid("web")
        finally:
            server.stop()
