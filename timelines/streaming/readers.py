"""Who reads the shared streams, public ones and those of hashtags, right now: known to jobs through Redis.

What goes to a shared channel names the readers whom it is shown to. That is asked of the database once for
all of them, where the rules are, and never in the streaming process. A reader whom the job did not know of
gets nothing, for a moment: to show too little is the lesser fault.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core import pubsub

# How long a process that is gone counts as listening.
KEPT_SECONDS = 60
# So often a process says again who listens.
TOLD_SECONDS = 20
_SHARED = ("timeline:public", "timeline:hashtag:")


def is_shared(channel: str) -> bool:
    """Tell whether the same messages go to whoever follows this channel."""
    return channel.startswith(_SHARED)


def note_readers(client: Any, readers: Mapping[str, Iterable[int]]) -> Any:
    """Return the pipeline that says, by channel, which accounts listen; the caller executes it."""
    until = time.time() + KEPT_SECONDS
    pipe = client.pipeline(transaction=False)
    for channel, account_ids in readers.items():
        pipe.zadd(_key(channel), dict.fromkeys(account_ids, until))
        pipe.expire(_key(channel), KEPT_SECONDS)
    return pipe


def find_readers(channels: Sequence[str]) -> dict[str, list[int]]:
    """Return the accounts that listen to these channels, by channel; those without any are left out."""
    pipe = pubsub.connection().pipeline(transaction=False)
    for channel in channels:
        pipe.zrangebyscore(_key(channel), time.time(), "+inf")
    found = zip(channels, pipe.execute(), strict=True)
    return {channel: [int(member) for member in members] for channel, members in found if members}


def _key(channel: str) -> str:
    return f"streaming:readers:{channel}"
