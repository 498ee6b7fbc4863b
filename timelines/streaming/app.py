"""The ASGI application: lifespan, health, and which door a connection goes through.

Pings, dropping of peers that do not answer them, and the largest frame are the server's work, see
`SERVER_OPTIONS`.
"""

import logging
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Unauthenticated
from timelines.streaming import sse, websocket
from timelines.streaming.answers import answer_error, answer_preflight, answer_text
from timelines.streaming.hub import Hub
from timelines.streaming.streams import StreamRefused
from timelines.streaming.tokens import TokenChecker

log = logging.getLogger(__name__)

ADDRESS = "/api/v1/streaming"
# For uvicorn. Compressing would double the memory that each connection takes; apps send commands only.
SERVER_OPTIONS: dict[str, Any] = {
    "ws": "websockets-sansio",
    "ws_per_message_deflate": False,
    "ws_max_size": 65_536,
    "ws_ping_interval": 30,
    "ws_ping_timeout": 30,
    "log_level": "warning",
    "timeout_graceful_shutdown": 2,
}


class StreamingApp:
    """Serves ADDRESS and what lies below it."""

    def __init__(self, redis_url: str, heartbeat_seconds: float = sse.HEARTBEAT_SECONDS) -> None:
        self._redis_url = redis_url
        self._heartbeat_seconds = heartbeat_seconds
        # Made in the lifespan, inside the event loop that they belong to.
        self._hub: Hub
        self._tokens: TokenChecker

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await self._open_socket(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._tokens = TokenChecker()
        self._hub = Hub(self._redis_url, self._tokens.find_revoked)
        await self._hub.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._hub.stop()
        self._tokens.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _open_socket(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            credential = await self._tokens.authenticate(scope)
        except Unauthenticated as error:
            await websocket.refuse(send, str(error.message))
        else:
            await websocket.serve(self._hub, self._tokens, credential, scope, receive, send)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].rstrip("/")
        name = path.removeprefix(f"{ADDRESS}/")
        if not path.startswith(ADDRESS):
            await answer_error(send, 404, _("Record not found"))
        elif scope["method"] == "OPTIONS":
            await answer_preflight(send)
        elif name == "health":
            await self._tell_health(send)
        else:
            await self._stream(name, scope, receive, send)

    async def _tell_health(self, send: Any) -> None:
        healthy = self._hub.connected
        await answer_text(send, 200 if healthy else 503, "OK" if healthy else "Redis is not reachable")

    async def _stream(self, name: str, scope: Any, receive: Any, send: Any) -> None:
        try:
            credential = await self._tokens.authenticate(scope)
            stream = sse.stream_of_path(name, scope, credential)
            await self._tokens.require_list(credential, stream.list_id)
        except Unauthenticated as error:
            await answer_error(send, 401, str(error.message))
        except StreamRefused as error:
            await answer_error(send, error.status, error.message)
        else:
            await sse.serve(self._hub, credential, stream, receive, send, self._heartbeat_seconds)
