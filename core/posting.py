"""POSTs as deliveries need them: to thousands of servers at once, over connections kept for a moment.

Called by `core/http.py` only, which checks the URL, says which address to dial and explains what went wrong.
It is here because one POST through httpx takes the processor longer than the RSA signature on it; answers
are read by h11, as they are below httpx. Source: RFC 9112 §9.3 (a kept connection may be closed at any
time), contract of the federation §4.6.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import h11

CONNECT_SECONDS = 5.0
# For all of the answer: nobody needs longer for a status and a few bytes, and who drips is cut off.
ANSWER_SECONDS = 10.0
KEPT_ANSWER_BYTES = 4096
# Shorter than servers keep an idle connection: one that they just closed costs a second try.
KEEP_SECONDS = 4.0
MAX_KEPT = 64
_MAX_HEAD_BYTES = 65_536

# What h11 has to know of a request to read its answer: checking each of ours anew costs as much as reading.
_ANY_POST = h11.Request(method="POST", target="/", headers=[("Host", "any"), ("Content-Length", "0")])

FindAddress = Callable[[str, int], Awaitable[str]]
Headers = Sequence[tuple[bytes, bytes]]


class Place(NamedTuple):
    """Where a connection leads: `host` is a name (for TLS too) or an address."""

    is_tls: bool
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """What came back: `body` holds the first 4 KiB."""

    status: int
    headers: Headers
    body: bytes


class ClosedUnanswered(ConnectionError):
    """The connection ended before anything of the answer had come."""


class Poster:
    """The connections of one event loop; all its methods belong to that loop."""

    def __init__(self, find_address: FindAddress, tls: Callable[[], ssl.SSLContext]) -> None:
        self._find_address = find_address
        self._tls = tls
        self._kept: list[_Connection] = []

    async def post(self, place: Place, target: str, headers: Mapping[str, str], body: bytes) -> PostAnswer:
        """Send one POST; `headers` hold Host, and nothing that others have written.

        Raises TimeoutError, ConnectionError or h11.ProtocolError.
        On a kept connection that turns out to be closed it is sent again on a new one.
        """
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        request = head.encode("ascii") + body
        kept = self._take(place)
        if kept is not None:
            try:
                return await self._exchange(kept, request)
            except ClosedUnanswered:
                pass
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await self._connect(place)
        return await self._exchange(connection, request)

    async def _connect(self, place: Place) -> "_Connection":
        address = await self._find_address(place.host, place.port)
        try:
            _transport, connection = await asyncio.get_running_loop().create_connection(
                lambda: _Connection(place),
                address,
                place.port,
                ssl=self._tls() if place.is_tls else None,
                server_hostname=place.host if place.is_tls else None,
            )
        except OSError as error:
            raise ConnectionError(str(error)) from error
        return connection

    async def _exchange(self, connection: "_Connection", request: bytes) -> PostAnswer:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await connection.exchange(request)
        except BaseException:
            connection.close()
            raise
        if connection.make_ready():
            self._keep(connection)
        else:
            connection.close()
        return answer

    def _keep(self, connection: "_Connection") -> None:
        connection.kept_since = asyncio.get_running_loop().time()
        self._kept.append(connection)
        if len(self._kept) > MAX_KEPT:
            self._kept.pop(0).close()

    def _take(self, place: Place) -> "_Connection | None":
        oldest = asyncio.get_running_loop().time() - KEEP_SECONDS
        while self._kept and self._kept[0].kept_since < oldest:
            self._kept.pop(0).close()
        for position, connection in enumerate(self._kept):
            if connection.place == place:
                return self._kept.pop(position)
        return None


class _Connection(asyncio.Protocol):
    """One connection, for one exchange after the other."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.kept_since = 0.0
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[PostAnswer] | None = None
        self._response: h11.Response | None = None
        self._body = bytearray()

    async def exchange(self, request: bytes) -> PostAnswer:
        """Send a whole request and wait for the answer."""
        if self._transport is None or self._transport.is_closing():
            raise ClosedUnanswered("closed while it was kept")
        self._answer = asyncio.get_running_loop().create_future()
        self._response = None
        self._body.clear()
        self._http.send(_ANY_POST)
        self._http.send(h11.EndOfMessage())
        self._transport.write(request)
        return await self._answer

    def make_ready(self) -> bool:
        """Prepare for the next exchange; False when the connection cannot have one."""
        states = (self._http.our_state, self._http.their_state)
        if states != (h11.DONE, h11.DONE) or self._http.trailing_data[0]:
            return False
        self._http.start_next_cycle()
        return True

    def close(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    # What the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # nothing was asked: an answer to come must not be taken for another
        else:
            self._read(data)

    def eof_received(self) -> None:
        self._read(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        reason = str(exc or "the connection was closed")
        self._fail(ConnectionError(reason) if self._response else ClosedUnanswered(reason))

    def _read(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            while isinstance(event := self._http.next_event(), h11.Event):
                if isinstance(event, h11.ConnectionClosed):
                    return
                self._take_in(event)
        except h11.RemoteProtocolError as error:
            self._fail(error if data else ClosedUnanswered("closed without a whole answer"))
            self.close()

    def _take_in(self, event: h11.Event) -> None:
        if isinstance(event, h11.Response):
            self._response = event
        elif isinstance(event, h11.Data):
            self._body += event.data[: KEPT_ANSWER_BYTES - len(self._body)]
        is_over = isinstance(event, h11.EndOfMessage) or len(self._body) >= KEPT_ANSWER_BYTES
        if is_over and self._response and self._answer and not self._answer.done():
            status, headers = self._response.status_code, self._response.headers
            self._answer.set_result(PostAnswer(status, headers, bytes(self._body)))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
