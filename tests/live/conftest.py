"""A streaming process that really runs, in a thread, on loopback."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn


@dataclass(frozen=True)
class StreamingServer:
    """Where it listens."""

    port: int

    @property
    def http_url(self) -> str:
        """The address for plain HTTP and server-sent events."""
        return f"http://localhost:{self.port}"

    @property
    def ws_url(self) -> str:
        """The address of the WebSocket."""
        return f"ws://localhost:{self.port}/api/v1/streaming"


@pytest.fixture(scope="session")
def _streaming(django_db_setup: None) -> Iterator[StreamingServer]:
    from django.conf import settings

    from timelines.streaming.app import StreamingApp

    app = StreamingApp(settings.REDIS_URL, heartbeat_seconds=0.2)
    config = uvicorn.Config(app, host="localhost", port=0, log_level="warning", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the streaming server did not start"
        time.sleep(0.01)
    yield StreamingServer(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Rows are really committed, as ever by this name, but emptied only after the last test of a module.

    Emptying all tables takes longer than one of these tests; they make people of their own instead.
    """
    from django.core.management import call_command

    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def streaming(_streaming: StreamingServer, transactional_db: None) -> StreamingServer:
    """The streaming server, which reads rows over a connection of its own."""
    return _streaming
