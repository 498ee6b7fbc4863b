"""The only opener of sockets to other servers: ActivityPub, WebFinger, media, link previews all go through
here.

Every process has one `Wire`: an event loop on a thread of its own with pooled connections. Plain functions
(`fetch`, `download`) hand their work to it and wait; the delivery job keeps many posts in flight on the same
loop (`core/posting.py`).

The rules stand in one place each: which URLs (`_checked`), which addresses (`core/addresses.py`, resolved
once, the vetted address is dialled, TLS name and Host unchanged), redirects by hand through the same checks,
decompressed bytes counted while they stream, and one deadline over everything (a server that drips is cut
off). Whatever goes wrong is a RemoteUnreachable: its text is safe to show, its `cause` and the log say why.
"""

import asyncio
import os
import ssl
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urljoin

import certifi
import h11
import httpcore
import httpx
import structlog
from django.conf import settings

from core import addresses
from core.addresses import AddressRefused, is_private_host
from core.errors import RemoteUnreachable
from core.hosts import split_url, wire_url
from core.posting import Place, Poster

JSON_LIMIT_BYTES = 1_048_576
TOTAL_SECONDS = 30.0
CONNECT_SECONDS = 5.0
IDLE_SECONDS = 10.0
MAX_REDIRECTS = 3
# The pool is never the queue: waiting inside httpx's pool costs more than the request (httpx issue of old).
MAX_CONNECTIONS = 128
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A name server that does not answer holds a thread for many seconds.
_RESOLVING_THREADS = 64

Sign = Callable[[str, str], Mapping[str, str]]
T = TypeVar("T")
_network_barred: ContextVar[bool] = ContextVar("network_barred", default=False)
# Collects answers for `watched`; a request on the loop belongs to the thread that waits for it.
_seen: ContextVar["list[Answer] | None"] = ContextVar("seen", default=None)
logger = structlog.get_logger(__name__)


class NetworkNeeded(Exception):
    """Somebody wanted to ask another server where nobody may wait for one."""


class RemoteTimeout(RemoteUnreachable):
    """The server took too long to connect, to go on, or altogether."""


class ConnectionFailed(RemoteUnreachable):
    """The connection was refused or broke, or TLS did not come about."""


class AnswerTooLarge(RemoteUnreachable):
    """More bytes than we read, counted after decompression."""


class BadAnswer(RemoteUnreachable):
    """The answer breaks HTTP, or redirects where we do not follow."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; any status is an answer. `url` is the last one after redirects."""

    status: int
    url: str
    headers: httpx.Headers
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def fetch(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    limit_bytes: int = JSON_LIMIT_BYTES,
    total_seconds: float = TOTAL_SECONDS,
    sign: Sign | None = None,
) -> Answer:
    """GET a URL and return the answer, following at most three redirects.

    `sign(method, url)` gives the extra headers of one request and is called anew for every hop.
    Raises RemoteUnreachable (AddressRefused, RemoteTimeout, ConnectionFailed, AnswerTooLarge, BadAnswer), and
    NetworkNeeded within `without_network`.
    """
    _require_network()
    return current_wire().run(_get(url, headers or {}, limit_bytes, total_seconds, sign, bytearray()))


def download(
    url: str,
    target: BinaryIO,
    *,
    limit_bytes: int,
    headers: Mapping[str, str] | None = None,
    total_seconds: float = TOTAL_SECONDS,
) -> Answer:
    """GET a URL into an open file, the answer's body stays empty; raises as `fetch`."""
    _require_network()
    sink = _FileSink(target)
    return current_wire().run(_get(url, headers or {}, limit_bytes, total_seconds, None, sink))


@contextmanager
def without_network() -> Iterator[None]:
    """Let `fetch` and `download` of this thread raise NetworkNeeded instead of waiting for another server.

    For work that is tried within a transaction first, and anew outside of one when it does need the network.
    """
    barred = _network_barred.set(True)
    try:
        yield
    finally:
        _network_barred.reset(barred)


@contextmanager
def watched() -> Iterator[list[Answer]]:
    """Give a list that takes up every answer to `fetch` of this thread, redirects too, bodies left out."""
    seen: list[Answer] = []
    watching = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(watching)


def _require_network() -> None:
    if _network_barred.get():
        raise NetworkNeeded


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """POST bytes, without redirects; to be awaited on the wire's loop (`current_wire().submit`).

    Only the first 4 KiB of the answer are read, as they are: nobody needs more, and some send it. How many
    are in flight at once is the caller's to bound.
    """
    with _explained(url):
        try:
            to = wire_url(url)
        except ValueError as error:
            raise AddressRefused(cause=f"{url[:300]!r} is refused: {error}") from error
        _require_port(url, to.name, to.port)
        sent = {"Host": to.host, "User-Agent": user_agent(), **headers}
        place = Place(to.scheme == "https", to.name, to.port)
        answer = await current_wire().poster.post(place, to.target, sent, body)
        return Answer(answer.status, url, httpx.Headers(answer.headers), answer.body)


class _FileSink:
    """Lets a file be written to as if it were a bytearray."""

    def __init__(self, target: BinaryIO) -> None:
        self.extend = target.write


async def _get(
    url: str,
    headers: Mapping[str, str],
    limit_bytes: int,
    total_seconds: float,
    sign: Sign | None,
    sink: Any,
) -> Answer:
    with _explained(url):
        async with asyncio.timeout(total_seconds):
            for _hop in range(MAX_REDIRECTS + 1):
                checked = _checked(url)
                extra = sign("GET", str(checked)) if sign else {}
                request = httpx.Request("GET", checked, headers=_with_defaults({**headers, **extra}))
                answer = await _exchange(request, sink, limit_bytes)
                if (seen := _seen.get()) is not None:
                    seen.append(answer)
                target = answer.headers.get("location", "")
                if answer.status not in _REDIRECTS or not target:
                    return replace(answer, body=bytes(sink)) if isinstance(sink, bytearray) else answer
                url = _redirect_target(url, target)
            raise BadAnswer(cause=f"more than {MAX_REDIRECTS} redirects")


def _redirect_target(url: str, location: str) -> str:
    target = urljoin(url, location)
    if url.startswith("https:") and not target.startswith("https:"):
        raise BadAnswer(cause=f"redirect from https to {target[:300]!r}")
    return target


def _checked(url: str) -> httpx.URL:
    """Return the URL if we may speak to it at all; raises AddressRefused. Dialling checks the address."""
    try:
        parts = split_url(url)
        checked = httpx.URL(parts.geturl())
    except (ValueError, httpx.InvalidURL) as error:
        raise AddressRefused(cause=f"{url[:300]!r} is refused: {error}") from error
    _require_port(url, checked.host, checked.port or _PORTS[checked.scheme])
    return checked


def _require_port(url: str, host: str, port: int) -> None:
    if port not in _PORTS.values() and not is_private_host(host, port):
        raise AddressRefused(cause=f"{url[:300]!r} is refused: port {port}")


def _with_defaults(headers: Mapping[str, str]) -> dict[str, str]:
    return {"User-Agent": user_agent(), "Accept-Encoding": "gzip", **headers}


@cache
def user_agent() -> str:
    """Return how we name ourselves to other servers."""
    return f"genosocial/{settings.VERSION} (+{settings.BASE_URL}/)"


async def _exchange(request: httpx.Request, sink: Any, limit_bytes: int) -> Answer:
    """Send one request and stream the body of a final answer into the sink."""
    request.extensions["timeout"] = {
        "connect": CONNECT_SECONDS,
        "read": IDLE_SECONDS,
        "write": IDLE_SECONDS,
        "pool": IDLE_SECONDS,
    }
    wire = current_wire()
    async with wire.slots:
        response = await wire.transport.handle_async_request(request)
        try:
            answer = Answer(response.status_code, str(request.url), response.headers, b"")
            if answer.status not in _REDIRECTS:
                await _read_body(response, sink, limit_bytes)
            return answer
        finally:
            await response.aclose()


async def _read_body(response: httpx.Response, sink: Any, limit_bytes: int) -> None:
    declared = response.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit_bytes:
        raise AnswerTooLarge(cause=f"announces {declared[:20]} bytes, limit {limit_bytes}")
    remaining = limit_bytes
    async for chunk in _decoded(response, limit_bytes):
        if len(chunk) > remaining:
            raise AnswerTooLarge(cause=f"more than {limit_bytes} bytes")
        sink.extend(chunk)
        remaining -= len(chunk)


async def _decoded(response: httpx.Response, limit_bytes: int) -> AsyncIterator[bytes]:
    """Yield the body decompressed in pieces of at most 64 KiB: a gzip bomb never unfolds in memory."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        async for raw in response.aiter_raw():
            yield raw
        return
    if encoding not in ("gzip", "x-gzip"):
        raise BadAnswer(cause=f"content encoding {encoding[:50]!r} was not asked for")
    read = 0
    inflater = zlib.decompressobj(wbits=31)
    async for raw in response.aiter_raw():
        read += len(raw)
        if read > limit_bytes:
            raise AnswerTooLarge(cause=f"more than {limit_bytes} compressed bytes")
        for piece in _inflated(inflater, raw):
            yield piece
    if not inflater.eof:
        raise BadAnswer(cause="the gzip stream is cut off")


def _inflated(inflater: Any, raw: bytes) -> Iterable[bytes]:
    try:
        while raw and not inflater.eof:
            yield inflater.decompress(raw, 65_536)
            raw = inflater.unconsumed_tail
    except zlib.error as error:
        raise BadAnswer(cause=f"bad gzip stream: {error}") from error


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turn every failure inside into a RemoteUnreachable and log why."""
    try:
        yield
    except Exception as error:
        told = _as_unreachable(error)
        if told is None:
            raise
        logger.info("remote_unreachable", url=url[:300], kind=type(told).__name__, cause=told.cause[:500])
        if told is error:
            raise
        raise told from error


def _as_unreachable(error: Exception) -> RemoteUnreachable | None:
    if isinstance(error, RemoteUnreachable):
        return error
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return RemoteTimeout(cause=f"took too long ({type(error).__name__})")
    if isinstance(error, (httpx.NetworkError, ConnectionError, ssl.SSLError)):
        return ConnectionFailed(cause=str(error) or type(error).__name__)
    if isinstance(error, (httpx.TransportError, h11.ProtocolError)):
        return BadAnswer(cause=str(error) or type(error).__name__)
    return None


class _VettingBackend(httpcore.AsyncNetworkBackend):
    """Dials the vetted address of a name; the pool above still speaks TLS and HTTP to the name."""

    def __init__(self) -> None:
        self._dialler = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        async with asyncio.timeout(timeout):
            address = await _find_address(host, port)
        return await self._dialler.connect_tcp(
            address,
            port,
            timeout=timeout,
            local_address=local_address,
            socket_options=socket_options,
        )

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _find_address(host: str, port: int) -> str:
    """Return the one vetted address to dial; raises AddressRefused or NameUnknown."""
    return await asyncio.get_running_loop().run_in_executor(
        current_wire().resolving, addresses.vetted_address, host, port, addresses.system_resolver
    )


def guarded_transport() -> httpx.AsyncBaseTransport:
    """Return the transport that every real request goes through."""
    transport = httpx.AsyncHTTPTransport(verify=_tls_context(), trust_env=False)
    # httpx's pool takes a network backend, its transport does not: hence the pool is built here.
    transport._pool = httpcore.AsyncConnectionPool(
        ssl_context=_tls_context(),
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=32,
        # Shorter than servers keep an idle connection: one that they just closed would fail a request.
        keepalive_expiry=4.0,
        network_backend=_VettingBackend(),
    )
    return transport


@cache
def _tls_context() -> ssl.SSLContext:
    """Public authorities from certifi and the system; OpenSSL adds those of SSL_CERT_FILE by itself."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_default_verify_paths()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Wire:
    """One process's event loop for talking to other servers, on a thread of its own."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport = transport
        self.slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self.poster = Poster(_find_address, _tls_context)
        self.resolving = ThreadPoolExecutor(_RESOLVING_THREADS, thread_name_prefix="resolve")
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="wire", daemon=True).start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop and return its future at once."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for what it gives or raises."""
        return self.submit(work).result()


_wires: dict[int, Wire] = {}
_wires_lock = threading.Lock()


def current_wire() -> Wire:
    """Return this process's wire; a forked worker gets its own."""
    process = os.getpid()
    if process not in _wires:
        with _wires_lock:
            if process not in _wires:
                _wires[process] = Wire(guarded_transport())
    return _wires[process]
