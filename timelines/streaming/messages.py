"""One message of a Redis channel, decoded once for everybody who gets it."""

from dataclasses import dataclass, field
from typing import Any

import orjson

# What a public stream that asks for media only lets through without looking: there is nothing to look at.
_WITHOUT_STATUS = frozenset({"delete", "announcement", "announcement.delete", "announcement.reaction"})


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it goes out: ``payload`` is JSON in a string, or a bare id."""

    event: str
    payload: str
    has_media: bool
    # On a shared channel: what the filters of its readers found, as JSON, by account; nobody else gets it.
    readers: dict[int, str] | None = None
    # The same bytes go to everybody who follows the same stream, unless filters found something.
    _frames: dict[tuple[str, ...], str] = field(default_factory=dict, compare=False)

    @classmethod
    def decode(cls, data: bytes) -> "Message":
        """Read what `core.pubsub.publish` wrote."""
        message: dict[str, Any] = orjson.loads(data)
        payload = message["payload"]
        text = payload if isinstance(payload, str) else orjson.dumps(payload).decode()
        readers = message.get("readers")
        if readers is not None:
            readers = {int(account_id): orjson.dumps(found).decode() for account_id, found in readers.items()}
        return cls(message["event"], text, _has_media(message["event"], payload), readers)

    def is_for(self, account_id: int) -> bool:
        """Tell whether this account is shown it."""
        return self.readers is None or account_id in self.readers

    def websocket_frame(self, stream: tuple[str, ...], account_id: int) -> str:
        """Return the frame of a WebSocket: the payload is a string even where it is JSON (double-encoded)."""
        key = (*stream, self._filtered(account_id))
        if key not in self._frames:
            frame = {"stream": list(stream), "event": self.event, "payload": self._payload(account_id)}
            self._frames[key] = orjson.dumps(frame).decode()
        return self._frames[key]

    def sse_frame(self, account_id: int) -> str:
        """Return the frame of server-sent events; JSON has no raw line breaks."""
        return f"event: {self.event}\ndata: {self._payload(account_id)}\n\n"

    def _filtered(self, account_id: int) -> str:
        return "" if self.readers is None else self.readers[account_id]

    def _payload(self, account_id: int) -> str:
        """Return the payload for a reader; a shared one is an object that lacks what filters found."""
        filtered = self._filtered(account_id)
        return f'{self.payload[:-1]},"filtered":{filtered}}}' if filtered else self.payload


def _has_media(event: str, payload: Any) -> bool:
    if event in _WITHOUT_STATUS or not isinstance(payload, dict):
        return True
    return bool(payload.get("media_attachments"))
