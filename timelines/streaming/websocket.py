"""The WebSocket: one connection carries as many streams as the app subscribes to.

Source: API behaviours section 13.
"""

import asyncio
import contextlib
from typing import Any

import orjson

from core.api.access import Credential
from timelines.streaming.hub import Hub
from timelines.streaming.messages import Message
from timelines.streaming.session import Session, SessionEnded
from timelines.streaming.streams import Stream, StreamRefused, find_stream
from timelines.streaming.tokens import TokenChecker, query_of

# Close codes of RFC 6455 section 7.4.1 and its registry.
UNSUPPORTED_DATA = 1003
SERVICE_RESTART = 1012


async def refuse(send: Any, reason: str) -> None:
    """Answer the handshake with 401: no body, the reason in a header."""
    headers = [
        (b"x-error-message", reason.encode("ascii", "replace")),
        (b"access-control-allow-origin", b"*"),
    ]
    await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})


async def serve(
    hub: Hub, tokens: TokenChecker, credential: Credential, scope: Any, receive: Any, send: Any
) -> None:
    """Serve one WebSocket from its handshake to its end."""
    await receive()
    # A browser gives up unless the server picks the protocol that it offered: the token.
    offered = next(iter(scope.get("subprotocols", ())), None)
    await send({"type": "websocket.accept", "subprotocol": offered})
    async with Session(hub, credential, _encode) as session:
        query = query_of(scope)
        if query.get("stream"):
            await _obey(session, tokens, credential, {**query, "type": "subscribe"})
        await _talk(session, tokens, credential, receive, send)


async def _talk(
    session: Session, tokens: TokenChecker, credential: Credential, receive: Any, send: Any
) -> None:
    """Send and listen at once until either side ends it."""
    writer = asyncio.create_task(_write(session, send))
    reader = asyncio.create_task(_read(session, tokens, credential, receive))
    done, pending = await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    code = next(iter(done)).result()
    if code is not None:
        # The app may have hung up at the same moment.
        with contextlib.suppress(OSError, RuntimeError):
            await send({"type": "websocket.close", "code": code})


async def _write(session: Session, send: Any) -> int | None:
    """Send what comes; return the code to close with, or None when the app is gone."""
    try:
        while True:
            await send({"type": "websocket.send", "text": await session.next_frame()})
    except SessionEnded:
        return SERVICE_RESTART
    except OSError:
        return None


async def _read(session: Session, tokens: TokenChecker, credential: Credential, receive: Any) -> int | None:
    """Obey what the app says; return the code to close with, or None when the app is gone."""
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            return None
        if event.get("text") is None:
            return UNSUPPORTED_DATA
        await _obey(session, tokens, credential, _decode(event["text"]))


def _decode(text: str) -> dict[str, Any]:
    try:
        command = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return command if isinstance(command, dict) else {}


async def _obey(
    session: Session, tokens: TokenChecker, credential: Credential, command: dict[str, Any]
) -> None:
    """Subscribe or unsubscribe; what cannot be done is answered by a frame, and the connection stays."""
    try:
        stream = find_stream(
            str(command.get("stream", "")),
            credential,
            tag=str(command.get("tag", "")),
            list_id=str(command.get("list", "")),
        )
        if command.get("type") == "subscribe":
            await tokens.require_list(credential, stream.list_id)
            await session.follow(stream)
        elif command.get("type") == "unsubscribe":
            await session.unfollow(stream)
    except StreamRefused as error:
        session.put(orjson.dumps({"error": error.message, "status": error.status}).decode())


def _encode(message: Message, stream: Stream, account_id: int) -> str:
    return message.websocket_frame(stream.name, account_id)
