"""Measures one streaming process with many listeners: ``python -m benchmarks.streaming``. Linux only.

Starts a server of its own and opens WebSockets that follow the public stream, as many as said, of as many
accounts as the seed gives tokens for. Prints Markdown: the memory of the streaming process for each of them
beyond what it takes without; how soon a public post is with all of them, counted from the request; and the
same when all of them drop and come back at once.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.api import seed_server
from benchmarks.load import Call, Sender, middle_and_worst
from benchmarks.processes import MEBIBYTE, Processes
from genosocial.local_stack import free_port
from tests.running_server import RunningServer

_KIBIBYTE = 1024
_OPENED_AT_ONCE = 50
_DEADLINE_SECONDS = 60
_SPARE_FILES = 200
_SUBSCRIBE = json.dumps({"type": "subscribe", "stream": "public"})
# Commands are obeyed in their order: when this one is refused, the one before it has taken effect.
_REFUSED = json.dumps({"type": "subscribe", "stream": "none"})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=2_000)
    parser.add_argument("--posts", type=int, default=20)
    options = parser.parse_args()
    _allow_files(options.connections + _SPARE_FILES)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-"))
        server = RunningServer("localhost", free_port(), Path(folder) / "data", [])
        stack.callback(server.stop)
        server.start()
        seeded = seed_server(server, 100, 500)
        sender = Sender(server.base_url)
        urls = json.loads(sender.send(Call("instance", "/api/v2/instance")))["configuration"]["urls"]
        crowd = Crowd(urls["streaming"], seeded["follower_tokens"], options.connections)
        streaming = Processes({"streaming": server.pids()["streaming"]})
        author = Call("post", "/api/v1/statuses", seeded["herald_token"], "status=Da+{n}&visibility=public")
        asyncio.run(_measure(crowd, streaming, sender, author, options.posts))


def _allow_files(count: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(count, hard), hard))


async def _measure(crowd: "Crowd", streaming: Processes, sender: Sender, post: Call, posts: int) -> None:
    before = streaming.memory()["streaming"][1]
    opening = await crowd.open()
    grown = (streaming.memory()["streaming"][1] - before) * MEBIBYTE / _KIBIBYTE
    quiet = await crowd.hear(sender, post, range(posts))
    await crowd.close()
    reopening = await crowd.open()
    stormy = await crowd.hear(sender, post, range(posts, 2 * posts))
    after = streaming.memory()["streaming"][1]
    await crowd.close()
    rows = [
        f"| {name} | {seconds:.1f} | {middle * 1000:.0f} | {worst * 1000:.0f} |"
        for name, seconds, (middle, worst) in (
            ("opened", opening, quiet),
            ("dropped and back", reopening, stormy),
        )
    ]
    sys.stdout.write(
        f"{crowd.size} connections, {posts} posts each time; {before:.0f} MiB without any, "
        f"{grown / crowd.size:.1f} KiB for each, {after:.0f} MiB after the storm\n\n"
        "| | seconds to open all | p50 ms until a post is with all | p99 ms |\n| --- | ---: | ---: | ---: |\n"
        + "\n".join(rows)
        + "\n"
    )


@dataclass
class Crowd:
    """Listeners, all in this process."""

    url: str
    tokens: Sequence[str]
    size: int
    _sockets: list[ClientConnection] = field(default_factory=list)

    async def open(self) -> float:
        """Open all connections and subscribe; returns the seconds that took."""
        started, gate = time.perf_counter(), asyncio.Semaphore(_OPENED_AT_ONCE)

        async def open_one(number: int) -> ClientConnection:
            async with gate:
                headers = {"Authorization": f"Bearer {self.tokens[number % len(self.tokens)]}"}
                opened = await connect(
                    f"{self.url}/api/v1/streaming",
                    additional_headers=headers,
                    proxy=None,
                    open_timeout=_DEADLINE_SECONDS,
                )
                await opened.send(_SUBSCRIBE)
                await opened.send(_REFUSED)
                await opened.recv()
                return opened

        self._sockets = await asyncio.gather(*(open_one(number) for number in range(self.size)))
        return time.perf_counter() - started

    async def hear(self, sender: Sender, post: Call, numbers: range) -> tuple[float, float]:
        """Post one by one; return the median and p99 of the seconds until each connection had each post."""
        waited: list[float] = []
        for number in numbers:
            asked_at = time.perf_counter()
            posting = asyncio.to_thread(sender.send, post, str(number))
            heard = asyncio.gather(*(self._hear_one(opened, asked_at) for opened in self._sockets))
            _, seconds = await asyncio.gather(posting, asyncio.wait_for(heard, _DEADLINE_SECONDS))
            waited += seconds
        return middle_and_worst(waited)

    async def _hear_one(self, opened: ClientConnection, asked_at: float) -> float:
        await opened.recv()
        return time.perf_counter() - asked_at

    async def close(self) -> None:
        """Hang up, all at once."""
        for opened in self._sockets:
            opened.transport.abort()
        await asyncio.gather(*(opened.wait_closed() for opened in self._sockets))


if __name__ == "__main__":
    main()
