"""POSTs: kept connections, answers of every shape, servers that hang up or hang."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from core import http, posting
from core.errors import RemoteUnreachable
from core.hosts import wire_url
from tests.loopback import LoopbackServer, Received, Talk, answer, serve_raw

Start = Callable[[Talk], LoopbackServer]


@pytest.fixture
def start(settings: Any, monkeypatch: Any) -> Iterator[Start]:
    """Start servers that may be reached; every test has a wire of its own, without kept connections."""
    wire = http.Wire(http.guarded_transport())
    monkeypatch.setattr(http, "current_wire", lambda: wire)
    with ExitStack() as stack:

        def run(talk: Talk) -> LoopbackServer:
            server = stack.enter_context(serve_raw(talk))
            settings.FEDERATION_PRIVATE_HOSTS = (f"peer.localhost:{server.port}",)
            return server

        yield run


def post(server: LoopbackServer, path: str = "/inbox") -> http.Answer:
    url = f"http://peer.localhost:{server.port}{path}"
    return http.current_wire().run(http.post(url, b"{}", {"Content-Type": "text/plain"}))


def replying(raw: bytes, ports: list[int] | None = None) -> Talk:
    def talk(connection: socket.socket, request: Received) -> None:
        if ports is not None:
            ports.append(connection.getpeername()[1])
        connection.sendall(raw)

    return talk


def test_what_is_sent(start: Start) -> None:
    server = start(replying(answer(b"thanks", status=202, Retry_After="3")))
    got = post(server, "/a/b%2f?c=d&e")
    assert (got.status, got.body, got.headers["retry-after"]) == (202, b"thanks", "3")
    [request] = server.received
    assert (request.method, request.target, request.body) == ("POST", "/a/b%2f?c=d&e", b"{}")
    assert request.headers["host"] == f"peer.localhost:{server.port}"
    assert request.headers["user-agent"].startswith("genosocial/")
    assert (request.headers["content-length"], request.headers["content-type"]) == ("2", "text/plain")


@pytest.mark.parametrize(
    ("raw", "status", "body", "is_kept"),
    [
        (answer(b"yes", status=202), 202, b"yes", True),
        (b"HTTP/1.1 204 Empty\r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 202 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n", 202, b"yes", True),
        (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + answer(b"yes"), 200, b"yes", True),
        (answer(b"no", status=500, Connection="close"), 500, b"no", False),
        (b"HTTP/1.1 400 X\r\nContent-Length: 9999\r\n\r\n" + b"x" * 5000, 400, b"x" * 4096, False),
    ],
)
def test_an_answer_of_any_shape(start: Start, raw: bytes, status: int, body: bytes, is_kept: bool) -> None:
    ports: list[int] = []
    server = start(replying(raw, ports))
    for _ in range(2):
        got = post(server)
        assert (got.status, got.body) == (status, body)
    assert (ports[0] == ports[1]) is is_kept


@pytest.mark.parametrize("goodbye", [b"", b"HTTP/1.1 408 Idle\r\nContent-Length: 0\r\n\r\n"])
def test_a_kept_connection_that_was_closed_is_replaced(start: Start, goodbye: bytes) -> None:
    def talk(connection: socket.socket, request: Received) -> None:
        connection.sendall(answer(status=202) + goodbye)
        connection.close()

    server = start(talk)
    assert [post(server).status for _ in range(3)] == [202, 202, 202]
    assert len(server.received) == 3


def test_only_so_many_connections_are_kept(start: Start, monkeypatch: Any) -> None:
    monkeypatch.setattr(posting, "MAX_KEPT", 0)
    ports: list[int] = []
    server = start(replying(answer(), ports))
    assert (post(server).status, post(server).status) == (200, 200)
    assert ports[0] != ports[1]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 20",
        b"HTTP/1.1 202 X\r\nContent-Length: 5\r\n\r\nab",
        b"220 mail.example ESMTP\r\n\r\n",
        b"HTTP/1.1 202 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 202 X\r\nX: " + b"a" * 200_000,
    ],
)
def test_an_answer_that_breaks_off_or_is_none(start: Start, raw: bytes) -> None:
    def talk(connection: socket.socket, request: Received) -> None:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)

    with pytest.raises(RemoteUnreachable):
        post(start(talk))


def test_who_takes_for_ever_is_left(start: Start, monkeypatch: Any) -> None:
    monkeypatch.setattr(posting, "ANSWER_SECONDS", 0.05)
    with pytest.raises(http.RemoteTimeout):
        post(start(replying(b"HTTP/1.1 202 Acc")))


@pytest.mark.parametrize(
    "url", ["http://peer.localhost:1/", "https://10.0.0.1/", "https://peer.example:444/"]
)
def test_where_nothing_is_sent(settings: Any, url: str) -> None:
    settings.FEDERATION_PRIVATE_HOSTS = ()
    with pytest.raises(http.AddressRefused):
        http.current_wire().run(http.post(url, b"{}", {}))


def test_nobody_there(settings: Any) -> None:
    settings.FEDERATION_PRIVATE_HOSTS = ("gone.localhost:9",)
    with pytest.raises(http.ConnectionFailed):
        http.current_wire().run(http.post("http://gone.localhost:9/", b"{}", {}))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/inbox",
        "/a//b;c=d?e=f&g=%2f",
        "/?author=1",
        "/at://did:plc:x/y",
        "/é",
        "/%zz",
        "/a/../b",
        "?x",
    ]
    + ["/a|b{c}`^"],
)
def test_a_url_is_named_as_httpx_would(path: str) -> None:
    url = f"https://Peer.example:443{path}"
    to = wire_url(url)
    assert (to.scheme, to.host, to.name, to.port) == ("https", "peer.example", "peer.example", 443)
    assert to.target == httpx.URL(url).raw_path.decode()
