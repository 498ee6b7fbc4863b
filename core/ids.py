"""Snowflake ids: every table that clients page through takes its primary key from here."""

import secrets
import threading
import time
from datetime import UTC, datetime

_SEQUENCE_BITS = 16
_SEQUENCE_MASK = (1 << _SEQUENCE_BITS) - 1
# A clock that is set back by more than a burst can run ahead was wrong before.
_MAX_LEAD_MS = 10_000

_lock = threading.Lock()
_last_ms = 0
_sequence = 0


def new_id(at: datetime | None = None) -> int:
    """Return a new id whose upper bits are the time, so that id order is time order.

    ``at`` (UTC) backdates the id, for remote statuses; a time in the future counts as now.
    Shape: ``(unix milliseconds << 16) | sequence``. Within one process ids of the same millisecond rise;
    between processes the sequence starts at random, and the primary key catches the rare clash.
    """
    global _last_ms, _sequence
    now_ms = time.time_ns() // 1_000_000
    if at is not None:
        at_ms = int(at.timestamp() * 1000)
        if at_ms < now_ms:
            return (max(at_ms, 0) << _SEQUENCE_BITS) | secrets.randbits(_SEQUENCE_BITS)
    with _lock:
        if now_ms > _last_ms or now_ms < _last_ms - _MAX_LEAD_MS:
            # The top bit stays free so that a burst within this millisecond has room to rise.
            _last_ms, _sequence = now_ms, secrets.randbits(_SEQUENCE_BITS - 1)
        else:
            _sequence += 1
            if _sequence > _SEQUENCE_MASK:
                _last_ms, _sequence = _last_ms + 1, 0
        return (_last_ms << _SEQUENCE_BITS) | _sequence


def id_at(moment: datetime) -> int:
    """Return the lowest id of that moment, for "older than" conditions on ids."""
    return int(moment.timestamp() * 1000) << _SEQUENCE_BITS


def time_of_id(value: int) -> datetime:
    """Return the UTC time that an id was made at (millisecond resolution)."""
    return datetime.fromtimestamp((value >> _SEQUENCE_BITS) / 1000, UTC)
