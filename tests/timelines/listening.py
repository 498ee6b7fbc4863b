"""Listening to what jobs publish, in the place of the streaming process."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from accounts.models import Account
from core import pubsub
from timelines.streaming.messages import Message
from timelines.streaming.readers import note_readers


class Listener:
    """The streaming process for some channels; of shared ones ``readers`` are said to listen."""

    def __init__(self, *channels: str, readers: Iterable[Account] = ()) -> None:
        ids = [reader.pk for reader in readers]
        if ids:
            note_readers(pubsub.connection(), dict.fromkeys(channels, ids)).execute()
        self._pubsub = pubsub.connection().pubsub(ignore_subscribe_messages=True)
        self._pubsub.subscribe(*map(pubsub.wire_name, channels))
        for _ in channels:
            self._pubsub.get_message(timeout=5)

    def heard(self, *about: str) -> list[tuple[str, Any]]:
        """Return events and payloads since the last time, if given only those about statuses with these ids.

        Public channels are shared with whatever other tests do at the same moment.
        """
        found = []
        for _, message in self.messages():
            payload = orjson.loads(message.payload) if message.payload.startswith("{") else message.payload
            if not about or (payload if isinstance(payload, str) else payload["id"]) in about:
                found.append((message.event, payload))
        return found

    def messages(self) -> Iterator[tuple[str, Message]]:
        """Give channels and messages since the last time, as the streaming process reads them."""
        while message := self._pubsub.get_message(timeout=0.2):
            channel = message["channel"].decode().removeprefix(pubsub.channel_prefix())
            yield channel, Message.decode(message["data"])

    def close(self) -> None:
        self._pubsub.close()
