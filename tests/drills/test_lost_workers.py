"""Workers die and Redis forgets everything in the middle of the work: nothing is lost or done twice."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.people import Person, join
from tests.running_server import RunningServer, eventually, two_servers

POSTS = 200
# Claimed rows of a dead worker are taken up a minute later, and the sweep looks every few seconds.
RECOVERY_SECONDS = 240


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two running servers that may reach each other."""
    with two_servers() as both:
        yield both


def _home_texts(person: Person) -> Counter[str]:
    texts: Counter[str] = Counter()
    page = person.app.timeline_home(limit=40)
    while page:
        texts.update(status.content for status in page)
        page = person.app.fetch_next(page)
    return texts


def test_every_activity_takes_effect_exactly_once(servers: tuple[RunningServer, RunningServer]) -> None:
    here, there = servers
    reader, writer = join(here, "leserin", language="de"), join(there, "schreiber", language="en")
    target = reader.app.search(writer.handle, resolve=True).accounts[0]
    reader.app.account_follow(target.id)
    eventually(lambda: reader.app.account_relationships(target.id)[0].following, what="the follow")

    with ThreadPoolExecutor(4) as pool:
        posting = [pool.submit(writer.app.status_post, f"Nummer {n} von vielen") for n in range(POSTS)]
        eventually(
            lambda: reader.app.account(target.id).statuses_count >= POSTS // 20,
            what="the first deliveries",
        )
        there.kill("worker")
        here.kill("ingest")
        redis.Redis.from_url(there.settings()["REDIS_URL"]).flushall()
        redis.Redis.from_url(here.settings()["REDIS_URL"]).flushall()
        posted = {job.result().content for job in posting}
    assert len(posted) == POSTS
    assert sum(_home_texts(reader).values()) < POSTS

    eventually(
        lambda: reader.app.account(target.id).statuses_count >= POSTS,
        seconds=RECOVERY_SECONDS,
        what="all 200",
    )
    expected = Counter(posted)
    eventually(lambda: _home_texts(reader) == expected, what="each post once at home")
