"""A whole server between many others while its processes are killed: what it must know afterwards.

`tests/drills/test_fediverse.py` runs it small. At full size, on a machine that is otherwise quiet:
``python -m tests.drills.fediverse_drill --hosts 300 --activities 5000 --deliveries 5000``.

Every host sends follows, replies, edits, deletions, favourites, reblogs and their withdrawal; some twice, all
of them out of order, each again until it is answered 202, as servers do. Meanwhile a tenth of the hosts hang
and one in twenty answers 500 to what we deliver, until the end, when all of them are well again.
"""

import argparse
import http.client
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from mastodon.errors import MastodonNetworkError, MastodonServerError

from genosocial.local_stack import free_port
from tests.fediverse import PUBLIC, Document, Fediverse, Host, Mood, running_fediverse, signed_activity
from tests.people import Person, join
from tests.running_server import RunningServer, eventually

SENDERS = 4
KILLED = ("worker", "ingest", "web", "postgres")
TWICE = 0.1
# What a hanging request takes, the longest claim, and a server that comes back on two busy cores.
PATIENCE_SECONDS = 300


@dataclass
class Expected:
    """What is to be known in the end, as (uri, content) or uri."""

    replies: set[tuple[str, str]] = field(default_factory=set)
    favourites: set[str] = field(default_factory=set)
    reblogs: set[str] = field(default_factory=set)


class Drill:
    """One run against a running server."""

    def __init__(self, server: RunningServer, world: Fediverse, seed: int) -> None:
        self.server, self.world, self.random = server, world, random.Random(seed)
        self.expected = Expected()
        self.sent = 0
        self.reader: Person = join(server, "leserin", language="de")
        self.account = f"{server.base_url}/users/leserin"
        self.targets: list[str] = []

    def run(self, activities: int, deliveries: int) -> None:
        """Go through all of it."""
        started, pairs = time.monotonic(), activities // len(self.world.hosts) // 7 + 1
        self.targets = [self._post(f"Ziel {number}") for number in range(2 * pairs)]
        self.introduce()
        self._say(started, f"{len(self.world.hosts)} hosts follow")
        self._spoil_hosts()
        posts = max(1, deliveries // len(self.world.hosts))
        with ThreadPoolExecutor(SENDERS + 1) as pool:
            plan = self._plan(activities)
            shares = [plan[number::SENDERS] for number in range(SENDERS)]
            jobs = [pool.submit(self._send_all, share) for share in shares]
            posting = pool.submit(lambda: [self._post(f"Beitrag {number}") for number in range(posts)])
            for number, name in enumerate(KILLED, start=1):
                share = number * len(plan) // (len(KILLED) + 1)
                self._wait_until_sent(share, jobs)
                self._kill(name)
                self._say(started, f"killed {name} after {self.sent} of {len(plan)} activities")
            for job in jobs:
                job.result()
            wanted = {f"{uri}/activity" for uri in posting.result()}
        self._say(started, "all is sent")
        self.world.heal()
        self._settle()
        self._say(started, "all is settled")
        self.check(wanted)

    def _wait_until_sent(self, share: int, jobs: Sequence[Future[None]]) -> None:
        def is_sent() -> bool:
            for job in jobs:
                if job.done():
                    job.result()  # raises what went wrong
            return self.sent >= share

        eventually(is_sent, seconds=PATIENCE_SECONDS, what=f"sending {share} activities")

    def introduce(self) -> None:
        """Let two actors of each host follow the reader, and wait until they do and know it."""
        follows = [
            host.activity("Follow", name, self.account, "follow")
            for host in self.world.hosts
            for name in ("ann", "ben")
        ]
        self._in_parallel(follows)
        count = "SELECT count(*) FROM accounts_follow WHERE accepted_at IS NOT NULL"
        eventually(
            lambda: self._ask(count)[0][0] == len(follows), seconds=PATIENCE_SECONDS, what="the follows"
        )
        eventually(
            lambda: all(len(set(host.received)) == 2 for host in self.world.hosts),
            seconds=PATIENCE_SECONDS,
            what="the answers to the follows",
        )

    def check(self, wanted: set[str]) -> None:
        """Compare what is known here and there with what is expected: all of it, once."""
        alive = "timelines_status s WHERE deleted_at IS NULL"
        replies = self._ask(f"SELECT uri, content FROM {alive} AND NOT is_local AND reblog_of_id IS NULL")
        _same(replies, self.expected.replies)
        mentions = "SELECT status_id FROM timelines_notification WHERE type = 'mention'"
        told = self._ask(f"SELECT uri FROM ({mentions}) mention CROSS JOIN {alive} AND s.id = status_id")
        _same(told, {(uri,) for uri, _ in self.expected.replies})
        _same(self._ask("SELECT uri FROM timelines_favourite"), {(uri,) for uri in self.expected.favourites})
        reblogs = self._ask(f"SELECT uri FROM {alive} AND reblog_of_id IS NOT NULL")
        _same(reblogs, {(uri,) for uri in self.expected.reblogs})
        for table in ("inboxitem", "delivery"):
            left = f"SELECT state, last_error FROM federation_{table} WHERE state NOT IN ('done', 'dropped')"
            _same(self._ask(left), set())
        for host in self.world.hosts:
            assert wanted <= set(host.received), (host.domain, len(wanted - set(host.received)))

    # What is sent

    def _plan(self, size: int) -> list[Document]:
        """Return so many activities of all hosts, mixed; what they come to is noted in ``expected``."""
        plan: list[Document] = []
        hosts = list(self.world.hosts)
        for turn in range(size):
            host = hosts[turn % len(hosts)]
            if len(plan) >= size:
                break
            chosen = self._unit(host, turn // len(hosts))
            plan += chosen
            plan += [activity for activity in chosen if self.random.random() < TWICE]
        # Mixed as networks mix, not as a year would: what belongs together comes within a short while.
        mixed = sorted(enumerate(plan), key=lambda each: each[0] + self.random.random() * 60)
        return [activity for _, activity in mixed]

    def _unit(self, host: Host, turn: int) -> list[Document]:
        """Return a few activities of one host that belong together."""
        cycle, kind = divmod(turn, 7)
        if kind < 3:
            return self._reply(host, turn, self.targets[0], is_edited=kind == 1, is_deleted=kind == 2)
        # One of each pair is liked or reblogged by the host, the other not any more.
        is_undone = kind in (4, 6)
        target = self.targets[2 * cycle + is_undone]
        name = "Like" if kind < 5 else "Announce"
        activity = host.activity(name, "ben", target, f"{name}-{turn}", to=[PUBLIC], cc=[self.account])
        if is_undone:
            return [activity, host.activity("Undo", "ben", activity, f"undo-{turn}")]
        (self.expected.favourites if name == "Like" else self.expected.reblogs).add(activity["id"])
        return [activity]

    def _reply(
        self, host: Host, turn: int, target: str, *, is_edited: bool, is_deleted: bool
    ) -> list[Document]:
        mention = {"type": "Mention", "href": self.account, "name": f"@leserin@{self.server.domain}"}
        more = {"inReplyTo": target, "tag": [mention], "cc": [self.account], "published": _stamp(60)}
        create = host.create("ann", turn, **more)
        note = create["object"]
        if is_deleted:
            return [
                create,
                host.activity("Delete", "ann", {"id": note["id"], "type": "Tombstone"}, f"d{turn}"),
            ]
        if not is_edited:
            self.expected.replies.add((note["id"], note["content"]))
            return [create]
        edited = {**note, "updated": _stamp(0), "content": f"<p>{turn} neu</p>"}
        self.expected.replies.add((note["id"], edited["content"]))
        return [create, host.activity("Update", "ann", edited, f"u{turn}", to=note["to"], cc=note["cc"])]

    def _spoil_hosts(self) -> None:
        hosts = self.random.sample(self.world.hosts, len(self.world.hosts))
        hanging, failing = max(1, len(hosts) // 10), max(1, len(hosts) // 20)
        for host in hosts[:hanging]:
            host.mood = Mood.HANGING
        for host in hosts[hanging : hanging + failing]:
            host.mood = Mood.FAILING

    # Sending

    def _in_parallel(self, activities: Sequence[Document]) -> None:
        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(self._send_all, [activities[number::SENDERS] for number in range(SENDERS)]))

    def _send_all(self, activities: Sequence[Document]) -> None:
        """Send signed activities one after another, each again until it is taken in."""
        url = f"{self.server.base_url}/inbox"
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)
        for activity in activities:
            while True:
                body, headers = signed_activity(url, activity)
                try:
                    connection.request("POST", "/inbox", body, headers)
                    answer = connection.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):
                    connection.close()
                else:
                    if answer.status == http.client.ACCEPTED:
                        break
                    assert answer.status >= 500, f"{answer.status} for {activity['id']}"
                time.sleep(0.2)
            self.sent += 1
        connection.close()

    def _post(self, text: str) -> str:
        """Let the reader post, as apps do: with a key that makes it safe to try again."""
        key = f"{text} {id(self)}"
        while True:
            try:
                return str(self.reader.app.status_post(text, idempotency_key=key).uri)
            except (MastodonNetworkError, MastodonServerError):
                time.sleep(0.5)

    # Killing, and waiting

    def _kill(self, name: str) -> None:
        self.server.kill(name)
        # What it had claimed would be taken up when the claim runs out; the clock is put forward instead.
        if name != "postgres":
            self._run_out(("inboxitem",) if name == "ingest" else ("inboxitem", "delivery"))

    def _run_out(self, tables: Sequence[str]) -> None:
        for table in tables:
            changed = "SET claimed_until = now() WHERE claimed_until > now()"
            self._ask(f"UPDATE federation_{table} {changed} RETURNING id")

    def _settle(self) -> None:
        """Wait until nothing is left to do; the clock is put forward for what is put off or claimed.

        A delivery that is on its way then may go out again: receivers know it by its id.
        """

        def has_run_out() -> bool:
            self._run_out(("inboxitem", "delivery"))
            return True

        eventually(has_run_out, what="PostgreSQL, killed a moment ago")

        def is_settled() -> bool:
            left = 0
            for table in ("inboxitem", "delivery"):
                rows = self._ask(
                    f"UPDATE federation_{table} SET next_attempt_at = least(next_attempt_at, now())"
                    " WHERE state = 'queued' RETURNING id"
                )
                left += len(rows)
            self._ask("UPDATE federation_peer SET paused_until = NULL RETURNING 1")
            return left == 0

        eventually(is_settled, seconds=PATIENCE_SECONDS, what="all of it")

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement beside the server; while its PostgreSQL is away this is an AssertionError."""
        try:
            with psycopg.connect(self.server.settings()["DATABASE_URL"]) as connection:
                return connection.execute(sql).fetchall()
        except psycopg.OperationalError as error:
            raise AssertionError(f"no PostgreSQL: {error}") from error

    def _say(self, started: float, text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - started:6.1f} s  {text}\n")
        sys.stdout.flush()


def _same(found: Sequence[Any], expected: Collection[Any]) -> None:
    """Compare rows: none missing, none too many, none twice."""
    missing, surplus = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    assert not missing and not surplus, f"missing {missing}, too much {surplus}"


def _stamp(seconds_ago: int) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def drill(hosts: int, *, seed: int = 1) -> Iterator[Drill]:
    """Start a server between so many hosts; gives what puts it to the test.

    Its folder is not below one that is closed to PostgreSQL's own user.
    """
    with running_fediverse(hosts) as world, tempfile.TemporaryDirectory(prefix="fediverse-") as folder:
        server = RunningServer("localhost", free_port(), Path(folder) / "data", world.private_hosts)
        try:
            server.start()
            yield Drill(server, world, seed)
        except BaseException:
            sys.stdout.write(server.log() + "\n")
            raise
        finally:
            server.stop()


def main() -> None:
    """Run it at any size from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=300)
    parser.add_argument("--activities", type=int, default=5000)
    parser.add_argument("--deliveries", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with drill(options.hosts, seed=options.seed) as one:
        one.run(options.activities, options.deliveries)


if __name__ == "__main__":
    main()
