"""Measures how long a new post takes to be in a follower's home, as the follower's app sees it over HTTP."""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.load import Call, Sender, middle_and_worst

_DEADLINE_SECONDS = 60
_PAUSE_SECONDS = 0.005


@dataclass(frozen=True)
class Visible:
    """Seconds until it was seen, counted from the answer to the post and from the request."""

    posts: int
    p50: float
    p99: float
    p50_from_request: float
    p99_from_request: float


def measure_visible(
    base_url: str, author_token: str, follower_tokens: Sequence[str], *, posts: int, per_second: float
) -> Visible:
    """Post at most ``per_second`` times a second; ask a random follower's home until each post is in it.

    How closely it can be seen is bound by how long a home page takes.
    """
    author, follower, chance = Sender(base_url), Sender(base_url), random.Random(7)
    post = Call("post", "/api/v1/statuses", author_token, "status=Sichtbar+{n}&visibility=public")
    homes = [Call("home", "/api/v1/timelines/home?limit=1", token) for token in follower_tokens]
    for home in homes:
        follower.send(home)
    from_answer, from_request = [], []
    for turn in range(posts):
        home, asked_at = chance.choice(homes), time.perf_counter()
        status_id = json.loads(author.send(post, str(turn)))["id"]
        answered_at = time.perf_counter()
        _wait_for(follower, home, status_id)
        seen_at = time.perf_counter()
        from_answer.append(seen_at - answered_at)
        from_request.append(seen_at - asked_at)
        time.sleep(max(0.0, asked_at + 1 / per_second - seen_at))
    return Visible(posts, *middle_and_worst(from_answer), *middle_and_worst(from_request))


def _wait_for(follower: Sender, home: Call, status_id: str) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while status_id not in [status["id"] for status in json.loads(follower.send(home))]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{status_id} is not in a follower's home after {_DEADLINE_SECONDS} s")
        time.sleep(_PAUSE_SECONDS)
