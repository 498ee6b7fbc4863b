"""One connection of an app: which streams it follows, and a buffer between hub and network."""

import asyncio
from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _

from core.api.access import Credential
from timelines.streaming.hub import Hub
from timelines.streaming.messages import Message
from timelines.streaming.streams import Stream, StreamRefused

BUFFER_LENGTH = 250
MAX_STREAMS = 100

# The message, the stream it came by, and the account that reads it.
Encode = Callable[[Message, Stream, int], str]


class SessionEnded(Exception):
    """Nothing more comes: the token was revoked, the app reads too slowly, or Redis was lost for a moment."""


class Session:
    """Collects the frames for one app; the hub puts in, the connection takes out."""

    def __init__(self, hub: Hub, credential: Credential, encode: Encode) -> None:
        self.token_id, self.account_id = credential.token_id, int(credential.account.pk)
        self._hub = hub
        self._encode = encode
        self._streams: dict[tuple[str, ...], Stream] = {}
        # A None marks the end. One place more than the buffer, so that it always fits.
        self._frames: asyncio.Queue[str | None] = asyncio.Queue(BUFFER_LENGTH + 1)
        self._ended = False

    async def __aenter__(self) -> "Session":
        self._hub.add_session(self)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._hub.remove_session(self)
        for stream in self._streams.values():
            await self._hub.leave(stream.channel, self)

    async def follow(self, stream: Stream) -> None:
        """Begin to receive a stream; twice is once. Raises StreamRefused past 100 streams."""
        if stream.name in self._streams:
            return
        if len(self._streams) >= MAX_STREAMS:
            raise StreamRefused(_("Too many streams on one connection"), 400)
        self._streams[stream.name] = stream
        await self._hub.join(stream.channel, self)

    async def unfollow(self, stream: Stream) -> None:
        """Stop receiving a stream; one that is not followed is no fault."""
        if self._streams.pop(stream.name, None) is None:
            return
        if stream.channel not in self._channels():
            await self._hub.leave(stream.channel, self)

    def receive(self, channel: str, message: Message) -> None:
        """Take a message from the hub: one frame for each stream that wants it."""
        if not message.is_for(self.account_id):
            return
        for stream in self._streams.values():
            if stream.channel == channel and stream.wants(message):
                self.put(self._encode(message, stream, self.account_id))

    def put(self, frame: str) -> None:
        """Queue a frame; an app that lets 250 of them wait is disconnected and will fetch what it missed."""
        if self._ended:
            return
        if self._frames.qsize() >= BUFFER_LENGTH:
            self.end()
        else:
            self._frames.put_nowait(frame)

    def end(self) -> None:
        """Let the connection close after what is queued already."""
        if not self._ended:
            self._ended = True
            self._frames.put_nowait(None)

    async def next_frame(self, timeout_seconds: float | None = None) -> str | None:
        """Wait for a frame; None when none came in time. Raises SessionEnded."""
        try:
            frame = await asyncio.wait_for(self._frames.get(), timeout_seconds)
        except TimeoutError:
            return None
        if frame is None:
            raise SessionEnded
        return frame

    def _channels(self) -> Iterable[str]:
        return (stream.channel for stream in self._streams.values())
