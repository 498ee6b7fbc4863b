"""Fixed-window rate limits in Redis.

Source: API behaviours section 5: windows are aligned to multiples of the period since the epoch.
"""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from redis.commands.core import Script
from redis.exceptions import RedisError

from core.pubsub import connection

log = logging.getLogger(__name__)

_COUNT = """
local counts = {}
for i = 1, #KEYS do
  counts[i] = redis.call('INCR', KEYS[i])
  if counts[i] == 1 then redis.call('EXPIRE', KEYS[i], ARGV[i]) end
end
return counts
"""


@dataclass(frozen=True)
class Limit:
    """So many per period (seconds) under a name."""

    name: str
    count: int
    period_seconds: int


@dataclass(frozen=True)
class Usage:
    """How much of a limit is left after this call."""

    limit: int
    remaining: int
    reset_at: datetime
    exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        """The X-RateLimit headers of Mastodon; the reset time has six fractional digits."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": self.reset_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }


def consume(limits: list[tuple[Limit, str]]) -> Usage:
    """Count one call against each (limit, subject) and return the usage closest to exhaustion.

    One round trip; ``limits`` is not empty. A rejected call counts too. While Redis is out of reach nothing
    is counted: a server that answers too much is better than one that answers nobody.
    """
    now = time.time()
    keys = [
        f"ratelimit:{limit.name}:{subject}:{int(now // limit.period_seconds)}" for limit, subject in limits
    ]
    kept = [limit.period_seconds + 60 for limit, _ in limits]
    try:
        counts = _script()(keys=keys, args=kept, client=connection())
    except RedisError as error:
        log.warning("limits_not_counted", extra={"cause": str(error)})
        counts = [0] * len(limits)
    usages = [_usage(limit, count, now) for (limit, _), count in zip(limits, counts, strict=True)]
    return min(usages, key=lambda usage: (not usage.exceeded, usage.remaining / usage.limit))


@cache
def _script() -> Script:
    return connection().register_script(_COUNT)


def _usage(limit: Limit, count: int, now: float) -> Usage:
    reset = (int(now // limit.period_seconds) + 1) * limit.period_seconds
    return Usage(
        limit=limit.count,
        remaining=max(limit.count - count, 0),
        reset_at=datetime.fromtimestamp(reset, UTC),
        exceeded=count > limit.count,
    )
