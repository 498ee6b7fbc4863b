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
    # The same bytes go to everybody who follows the same stream.
    _frames: dict[tuple[str, ...], str] = field(default_factory=dict, compare=False)

    @classmethod
    def decode(cls, data: bytes) -> "Message":
        """Read what `core.pubsub.publish` wrote."""
        message: dict[str, Any] = orjson.loads(data)
        payload = message["payload"]
        text = payload if isinstance(payload, str) else orjson.dumps(payload).decode()
        return cls(event=message["event"], payload=text, has_media=_has_media(message["event"], payload))

    def websocket_frame(self, stream: tuple[str, ...]) -> str:
        """Return the frame of a WebSocket: the payload is a string even where it is JSON (double-encoded)."""
        if stream not in self._frames:
            frame = {"stream": list(stream), "event": self.event, "payload": self.payload}
            self._frames[stream] = orjson.dumps(frame).decode()
        return self._frames[stream]

    def sse_frame(self) -> str:
        """Return the frame of server-sent events; JSON has no raw line breaks."""
        return f"event: {self.event}\ndata: {self.payload}\n\n"


def _has_media(event: str, payload: Any) -> bool:
    if event in _WITHOUT_STATUS or not isinstance(payload, dict):
        return True
    return bool(payload.get("media_attachments"))
