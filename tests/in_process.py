"""This server in threads of the test's own process: quick to start, and a test can look into its tables.

Used by tests/clients and tests/live. Servers as real processes are in `tests/running_server.py`.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

HOST = "localhost"


@dataclass(frozen=True)
class StreamingServer:
    """Where the streaming server listens."""

    port: int

    @property
    def http_url(self) -> str:
        """The address for plain HTTP and server-sent events."""
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        """The address of the WebSocket."""
        return f"ws://{HOST}:{self.port}/api/v1/streaming"


@dataclass(frozen=True)
class WebServer:
    """Where the web server listens."""

    port: int

    @property
    def domain(self) -> str:
        """The domain of its handles."""
        return f"{HOST}:{self.port}"

    @property
    def base_url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{self.domain}"


@contextmanager
def serve_streaming(heartbeat_seconds: float) -> Iterator[StreamingServer]:
    """Run the streaming process in a thread."""
    from django.conf import settings

    from timelines.streaming.app import SERVER_OPTIONS, StreamingApp

    app = StreamingApp(settings.REDIS_URL, heartbeat_seconds)
    config = uvicorn.Config(app, host=HOST, port=0, **SERVER_OPTIONS)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the streaming server did not start"
        time.sleep(0.01)
    yield StreamingServer(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


@contextmanager
def serve_web(streaming: StreamingServer) -> Iterator[WebServer]:
    """Run the web process in a thread, with settings that say where it is; jobs run within the requests."""
    from django.db import connection
    from django.test import override_settings
    from pytest_django.live_server_helper import LiveServer

    live = LiveServer(HOST)
    server = WebServer(live.thread.port)
    addresses = {
        "LOCAL_DOMAIN": server.domain,
        "WEB_DOMAIN": server.domain,
        "WEB_SCHEME": "http",
        "BASE_URL": server.base_url,
        "MEDIA_BASE_URL": server.base_url,
        "MEDIA_URL": f"{server.base_url}/media_files/",
        "STREAMING_URL": f"ws://{HOST}:{streaming.port}",
        "CSRF_TRUSTED_ORIGINS": [server.base_url],
        "SESSION_COOKIE_SECURE": False,
        "CSRF_COOKIE_SECURE": False,
    }
    # Apps keep their connections open; a request's database connection must not outlive it.
    lifetime = connection.settings_dict["CONN_MAX_AGE"]
    connection.settings_dict["CONN_MAX_AGE"] = 0
    with override_settings(**addresses):
        yield server
    connection.settings_dict["CONN_MAX_AGE"] = lifetime
    live.stop()


@contextmanager
def committed_rows(blocker: Any) -> Iterator[None]:
    """Let a module commit rows, and empty all tables after it: that takes longer than a test."""
    from django.core.management import call_command

    with blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0)
