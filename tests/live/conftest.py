"""A streaming process that really runs, in a thread, on loopback."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.in_process import StreamingServer, committed_rows, serve_streaming


@pytest.fixture(scope="session")
def _streaming(django_db_setup: None) -> Iterator[StreamingServer]:
    with serve_streaming(heartbeat_seconds=0.2) as server:
        yield server


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Rows are really committed, as ever by this name, but emptied only after the last test of a module."""
    with committed_rows(django_db_blocker):
        yield


@pytest.fixture
def streaming(_streaming: StreamingServer, transactional_db: None) -> StreamingServer:
    """The streaming server, which reads rows over a connection of its own."""
    return _streaming
