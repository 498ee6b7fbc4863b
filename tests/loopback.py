"""Servers on loopback that behave, or misbehave, as a test wants: each connection goes to a function.

Used by tests/core/test_http.py and by the fake peers of tests/federation.
"""

import io
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import orjson


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


_TLS_HANDSHAKE = b"\x16"
Talk = Callable[[socket.socket, Received], None]
Respond = Callable[[Received], bytes]


class LoopbackServer:
    """One listening socket; every request is kept in `received`."""

    def __init__(self, talk: Talk) -> None:
        self.received: list[Received] = []
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Stop listening and end all connections and threads."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            _hang_up(connection)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while (request := _read_request(stream)) is not None:
                    self.received.append(request)
                    self._talk(connection, request)
        except (OSError, ValueError):
            pass  # the client hung up, which is what some tests are about
        finally:
            self._open.discard(connection)


@contextmanager
def serve_raw(talk: Talk) -> Iterator[LoopbackServer]:
    """Run a server whose every request is answered by writing to the socket oneself."""
    server = LoopbackServer(talk)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def serve(respond: Respond) -> Iterator[LoopbackServer]:
    """Run a server that answers every request with the bytes that a function returns."""
    with serve_raw(lambda connection, request: connection.sendall(respond(request))) as server:
        yield server


def answer(
    body: bytes | str | Mapping[str, object] = b"",
    *,
    status: int = 200,
    content_type: str = "application/activity+json",
    **headers: str,
) -> bytes:
    """Return the bytes of a whole HTTP answer; a mapping becomes JSON."""
    if isinstance(body, Mapping):
        body = orjson.dumps(body)
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {content_type}", f"Content-Length: {len(raw)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + raw


def _read_request(stream: io.BufferedReader) -> Received | None:
    if stream.peek(1)[:1] == _TLS_HANDSHAKE:
        return None  # we speak plain HTTP; waiting for a line end would take for ever
    line = stream.readline().decode("latin-1").rstrip("\r\n")
    if not line:
        return None
    method, target, _version = line.split(" ", 2)
    headers: dict[str, str] = {}
    while header := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body: bytes = stream.read(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # already gone
