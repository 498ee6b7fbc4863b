"""Redis: one connection pool per process, and messages to the streaming process."""

from functools import cache
from typing import Any

import orjson
import redis
from django.conf import settings


@cache
def connection() -> redis.Redis:
    """Return this process's Redis client (pooled, thread-safe, bytes in and out)."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5)


def publish(channel: str, event: str, payload: Any) -> None:
    """Send one streaming event to a channel such as ``timeline:42``; nobody listening is fine.

    ``payload`` is JSON-able, or a string for events that carry a bare id.
    """
    connection().publish(channel, orjson.dumps({"event": event, "payload": payload}))
