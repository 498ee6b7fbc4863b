"""One Redis subscription for the whole process, fanned out in memory to the sessions.

A channel is subscribed while somebody follows it. When Redis is away the sessions wait for it: what was
published meanwhile is lost to them, save the end of a token, which the database is asked for.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from accounts.oauth.tokens import REVOKED_CHANNEL
from core.pubsub import channel_prefix, wire_name
from timelines.streaming.messages import Message
from timelines.streaming.readers import TOLD_SECONDS, is_shared, note_readers

if TYPE_CHECKING:
    from timelines.streaming.session import Session

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
# So often a silent Redis is asked whether it is still there.
QUIET_SECONDS = 15
# Longer than any token lookup takes; see add_session.
_REMEMBERED_REVOCATIONS = 1000


class Hub:
    """Knows who follows which channel."""

    def __init__(
        self, redis_url: str, find_revoked: Callable[[Collection[int]], Awaitable[set[int]]]
    ) -> None:
        self._find_revoked = find_revoked
        self._client = redis.asyncio.Redis.from_url(
            redis_url,
            socket_connect_timeout=5,
            health_check_interval=QUIET_SECONDS,
            # No silent reconnect: what was published meanwhile is missing.
            retry=Retry(NoBackoff(), 0),
        )
        self._pubsub = self._client.pubsub(ignore_subscribe_messages=True)
        self._followers: dict[str, set[Session]] = defaultdict(set)
        self._by_token: dict[int, set[Session]] = defaultdict(set)
        self._revoked: deque[int] = deque(maxlen=_REMEMBERED_REVOCATIONS)
        self._lock = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self.connected = False

    async def start(self) -> None:
        """Begin to listen; Redis may come later."""
        self._tasks = [
            asyncio.create_task(self._read_for_ever()),
            asyncio.create_task(self._tell_readers_for_ever()),
        ]

    async def stop(self) -> None:
        """End all sessions and the subscription."""
        self._end_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pubsub.aclose()
        await self._client.aclose()

    def add_session(self, session: "Session") -> None:
        """Remember whose token a session uses; one revoked since it was looked up ends at once."""
        self._by_token[session.token_id].add(session)
        if session.token_id in self._revoked:
            session.end()

    def remove_session(self, session: "Session") -> None:
        """Forget a session."""
        self._by_token[session.token_id].discard(session)
        if not self._by_token[session.token_id]:
            del self._by_token[session.token_id]

    async def join(self, channel: str, session: "Session") -> None:
        """Let a session hear a channel."""
        async with self._lock:
            first = channel not in self._followers
            self._followers[channel].add(session)
            if not self.connected:
                return
            if is_shared(channel):
                await self._tell_readers({channel: {session.account_id}})
            if first:
                await self._tell_redis(self._pubsub.subscribe, channel)

    async def leave(self, channel: str, session: "Session") -> None:
        """Let a session hear a channel no more."""
        async with self._lock:
            followers = self._followers.get(channel, set())
            followers.discard(session)
            if not followers and self._followers.pop(channel, None) is not None and self.connected:
                await self._tell_redis(self._pubsub.unsubscribe, channel)

    async def _tell_redis(self, command: Any, channel: str) -> None:
        try:
            await command(wire_name(channel))
        except RedisError as error:
            self._lose(error)

    async def _tell_readers(self, readers: dict[str, set[int]]) -> None:
        try:
            await note_readers(self._client, readers).execute()
        except (RedisError, OSError) as error:
            log.warning("streaming_readers_untold", extra={"cause": str(error)})

    async def _tell_readers_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TOLD_SECONDS)
            await self._tell_all_readers()

    async def _tell_all_readers(self) -> None:
        shared = {
            channel: {session.account_id for session in sessions}
            for channel, sessions in self._followers.items()
            if is_shared(channel)
        }
        if shared:
            await self._tell_readers(shared)

    async def _read_for_ever(self) -> None:
        while True:
            try:
                await self._subscribe_to_all()
                self.connected = True
                await self._end_revoked()
                while True:
                    message = await self._pubsub.get_message(timeout=QUIET_SECONDS)
                    if message is not None:
                        channel = message["channel"].decode().removeprefix(channel_prefix())
                        self._dispatch(channel, message["data"])
            except (RedisError, OSError) as error:
                self._lose(error)
            await self._pubsub.aclose()
            await asyncio.sleep(RETRY_SECONDS)

    def _lose(self, error: Exception) -> None:
        log.warning("streaming_redis_lost", extra={"cause": str(error)})
        self.connected = False

    async def _subscribe_to_all(self) -> None:
        async with self._lock:
            await self._tell_all_readers()
            await self._pubsub.subscribe(*map(wire_name, (REVOKED_CHANNEL, *self._followers)))

    async def _end_revoked(self) -> None:
        if self._by_token:
            for token_id in await self._find_revoked(tuple(self._by_token)):
                self._end_token(token_id)

    def _dispatch(self, channel: str, data: bytes) -> None:
        try:
            message = Message.decode(data)
        except (ValueError, KeyError) as error:
            log.error("streaming_message_unreadable", extra={"channel": channel, "cause": str(error)})
            return
        if channel == REVOKED_CHANNEL:
            self._end_token(int(message.payload))
            return
        for session in tuple(self._followers.get(channel, ())):
            session.receive(channel, message)

    def _end_token(self, token_id: int) -> None:
        self._revoked.append(token_id)
        for session in tuple(self._by_token.get(token_id, ())):
            session.end()

    def _end_all(self) -> None:
        for sessions in tuple(self._by_token.values()):
            for session in tuple(sessions):
                session.end()
