"""Server-sent events: one stream per connection, one direction.

Source: API behaviours section 13; HTML standard, server-sent events.
"""

import asyncio
from typing import Any

from core.api.access import Credential
from core.api.parameters import as_bool
from timelines.streaming.answers import start_answer
from timelines.streaming.hub import Hub
from timelines.streaming.messages import Message
from timelines.streaming.session import Session, SessionEnded
from timelines.streaming.streams import Stream, find_stream
from timelines.streaming.tokens import query_of

# What a proxy may take for a dead connection is longer.
HEARTBEAT_SECONDS = 15.0
# Opens the stream: some readers wait for a first byte before they believe that it is open.
GREETING = ":)\n"
HEARTBEAT = ":thump\n"

_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "private, no-store",
    # A buffering proxy would hold events back.
    "X-Accel-Buffering": "no",
}
_NAMES = {
    "user": "user",
    "user/notification": "user:notification",
    "public": "public",
    "public/local": "public:local",
    "public/remote": "public:remote",
    "hashtag": "hashtag",
    "hashtag/local": "hashtag:local",
    "list": "list",
    "direct": "direct",
}


def stream_of_path(path: str, scope: Any, credential: Credential) -> Stream:
    """Return the stream of an address below /api/v1/streaming/. Raises StreamRefused."""
    query = query_of(scope)
    name = _NAMES.get(path, "")
    if name.startswith("public") and as_bool(query.get("only_media")):
        name += ":media"
    return find_stream(name, credential, tag=query.get("tag", ""), list_id=query.get("list", ""))


async def serve(
    hub: Hub,
    credential: Credential,
    stream: Stream,
    receive: Any,
    send: Any,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> None:
    """Send the events of a stream until the app leaves or the session ends."""
    async with Session(hub, credential, _encode) as session:
        await session.follow(stream)
        await start_answer(send, 200, _HEADERS)
        writer = asyncio.create_task(_write(session, send, heartbeat_seconds))
        leaving = asyncio.create_task(_wait_for_leaving(receive))
        _, pending = await asyncio.wait({writer, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


async def _write(session: Session, send: Any, heartbeat_seconds: float) -> None:
    text: str | None = GREETING
    try:
        while True:
            body = (text or HEARTBEAT).encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})
            text = await session.next_frame(heartbeat_seconds)
    except SessionEnded:
        await send({"type": "http.response.body", "body": b""})


async def _wait_for_leaving(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _encode(message: Message, stream: Stream, account_id: int) -> str:
    return message.sse_frame(account_id)
