"""Redis: one connection pool per process, and messages to the streaming process."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
import redis
from django.conf import settings


@cache
def connection() -> redis.Redis:
    """Return this process's Redis client (pooled, thread-safe, bytes in and out)."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5)


@cache
def channel_prefix() -> str:
    """Return what our channels begin with in Redis.

    Keys belong to a database of Redis, channels to the whole server: without the database's number, two
    servers that share one Redis would hear each other's private messages.
    """
    return f"{connection().get_connection_kwargs().get('db', 0)}:"


def wire_name(channel: str) -> str:
    """Return the name of one of our channels in Redis."""
    return channel_prefix() + channel


def publish(
    channel: str, event: str, payload: Any, readers: Mapping[int, Sequence[Any]] | None = None
) -> None:
    """Send one streaming event to a channel such as ``timeline:42``; nobody listening is fine.

    ``payload`` is JSON-able, or a string for events that carry a bare id. On a channel that many share,
    ``readers`` are the only accounts that get it, each with the results of its filters.
    """
    message = {"event": event, "payload": payload} | ({} if readers is None else {"readers": readers})
    connection().publish(wire_name(channel), orjson.dumps(message, option=orjson.OPT_NON_STR_KEYS))


def heard(channels: Sequence[str]) -> list[str]:
    """Return those of the channels that somebody listens to."""
    if not channels:
        return []
    counts = connection().pubsub_numsub(*map(wire_name, channels))
    return [channel for channel, (_, count) in zip(channels, counts, strict=True) if count]


def heard_like(pattern: str) -> list[str]:
    """Return the channels of a pattern of Redis, such as ``timeline:[0-9]*``, that somebody listens to."""
    names: list[Any] = connection().pubsub_channels(wire_name(pattern))
    return [name.decode().removeprefix(channel_prefix()) for name in names]
