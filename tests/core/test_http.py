"""What the one outgoing client does with hostile and with ordinary servers."""

import gzip
import io
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import addresses, http
from core.addresses import AddressRefused, NameUnknown
from core.errors import RemoteUnreachable
from tests.loopback import LoopbackServer, Received, Respond, Talk, answer, serve, serve_raw

Start = Callable[..., LoopbackServer]


@pytest.fixture
def start(settings: Any) -> Iterator[Start]:
    """Start servers that the development setting lets us reach as `peer.localhost:port`."""
    with ExitStack() as stack:

        def run(respond: Respond | None = None, *, talk: Talk | None = None) -> LoopbackServer:
            server = stack.enter_context(serve_raw(talk) if talk else serve(respond or (lambda _: answer())))
            settings.FEDERATION_PRIVATE_HOSTS = (
                *settings.FEDERATION_PRIVATE_HOSTS,
                f"peer.localhost:{server.port}",
            )
            return server

        yield run


def url_of(server: LoopbackServer, path: str = "/") -> str:
    return f"http://peer.localhost:{server.port}{path}"


# Ordinary servers


def test_an_answer_comes_back_whole(start: Start) -> None:
    server = start(lambda _: answer(b"hello", status=418, content_type="Text/Plain; charset=utf-8"))
    got = http.fetch(url_of(server, "/a//b?c=%2f"), headers={"Accept": "text/plain"})
    assert (got.status, got.body, got.content_type) == (418, b"hello", "text/plain")
    [request] = server.received
    assert request.target == "/a//b?c=%2f"
    assert request.headers["host"] == f"peer.localhost:{server.port}"
    assert request.headers["user-agent"].startswith("genosocial/")


def test_gzip_is_unpacked_also_in_many_parts(start: Start) -> None:
    text = b"abc" * 100_000
    server = start(lambda _: answer(gzip.compress(text, mtime=0), Content_Encoding="gzip"))
    assert http.fetch(url_of(server)).body == text


def test_a_download_goes_to_the_file(start: Start) -> None:
    server = start(lambda _: answer(b"x" * 200_000))
    target = io.BytesIO()
    assert http.download(url_of(server), target, limit_bytes=200_000).body == b""
    assert target.getvalue() == b"x" * 200_000


def test_cookies_are_not_kept(start: Start) -> None:
    server = start(lambda _: answer(Set_Cookie="who=me; Path=/"))
    http.fetch(url_of(server))
    http.fetch(url_of(server))
    assert "cookie" not in server.received[1].headers


# Redirects


def test_three_redirects_are_followed_and_each_is_signed_anew(start: Start) -> None:
    def respond(request: Received) -> bytes:
        step = int(request.target[1:])
        return answer(b"end") if step == 3 else answer(status=302, Location=f"/{step + 1}")

    server = start(respond)
    got = http.fetch(url_of(server, "/0"), sign=lambda method, url: {"X-Signed": f"{method} {url}"})
    assert (got.body, got.url) == (b"end", url_of(server, "/3"))
    assert [request.headers["x-signed"] for request in server.received] == [
        f"GET {url_of(server, f'/{step}')}" for step in range(4)
    ]


def test_a_loop_of_redirects_ends(start: Start) -> None:
    server = start(lambda _: answer(status=301, Location="/again"))
    with pytest.raises(http.BadAnswer):
        http.fetch(url_of(server))
    assert len(server.received) == 4


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/secret",
        "http://127.0.0.1:{port}/secret",
        "http://[::1]/secret",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
        "http://10.0.0.1/",
        "ftp://peer.localhost/",
        "file:///etc/passwd",
        "http://user:word@peer.localhost:{port}/",
    ],
)
def test_a_redirect_to_a_private_place_is_refused(start: Start, target: str) -> None:
    inner = start(lambda _: answer(b"secret"))
    server = start(lambda _: answer(status=302, Location=target.format(port=inner.port)))
    with pytest.raises(RemoteUnreachable):
        http.fetch(url_of(server))
    assert inner.received == []


def test_a_redirect_from_https_to_http_is_refused() -> None:
    with pytest.raises(http.BadAnswer):
        http._redirect_target("https://a.example/x", "http://a.example/x")


def test_a_post_follows_no_redirect(start: Start) -> None:
    server = start(lambda _: answer(status=307, Location="/other"))
    wire = http.current_wire()
    assert wire.run(http.post(url_of(server), b"{}", {})).status == 307
    assert len(server.received) == 1


# Addresses


@pytest.mark.parametrize(
    "url",
    [
        "ftp://peer.example/",
        "javascript:alert(1)",
        "https://user@peer.example/",
        "https://peer.example:8443/",
        "https://peer.example\\@127.0.0.1/",
        "https://peer.example/\r\nX: y",
        "https://",
        "https://peer.example./",
        "https://hidden.onion/",
        "https://127.0.0.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "https://a" + "b" * 3000 + ".example/",
    ],
)
def test_urls_we_never_open(url: str) -> None:
    with pytest.raises((AddressRefused, NameUnknown)):
        http.fetch(url)


@pytest.mark.parametrize("found", [["10.1.2.3"], ["93.184.216.34", "192.168.0.1"], ["fe80::1%eth0"]])
def test_a_name_with_any_private_address_is_refused(monkeypatch: Any, found: list[str]) -> None:
    monkeypatch.setattr(addresses, "system_resolver", lambda host: found)
    with pytest.raises(AddressRefused) as caught:
        http.fetch("https://rebinding.example/")
    assert caught.value.message == RemoteUnreachable.default_message
    assert "rebinding.example resolves to" in caught.value.cause


def test_a_name_is_resolved_once_and_the_vetted_address_is_dialled(start: Start, monkeypatch: Any) -> None:
    server = start()
    asked: list[str] = []
    monkeypatch.setattr(addresses, "system_resolver", lambda host: asked.append(host) or ["127.0.0.1"])
    assert http.fetch(url_of(server)).status == 200
    assert asked == ["peer.localhost"]


def test_a_private_host_is_private_only_on_the_named_port(settings: Any) -> None:
    settings.FEDERATION_PRIVATE_HOSTS = ("peer.localhost:8001",)
    with pytest.raises(AddressRefused):
        http.fetch("http://peer.localhost:8002/")
    with pytest.raises(AddressRefused):
        http.fetch("http://peer.localhost/")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.2",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "3fff::1",
    ],
)
def test_denied_addresses(address: str) -> None:
    assert addresses.is_denied(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "172.32.0.1", "::ffff:1.1.1.1", "2606:4700::1111"]
)
def test_public_addresses(address: str) -> None:
    assert not addresses.is_denied(ip_address(address))


# Servers that do not end, or do not begin


def test_a_server_that_never_answers(start: Start, monkeypatch: Any) -> None:
    monkeypatch.setattr(http, "IDLE_SECONDS", 0.1)
    server = start(talk=lambda connection, _: _until_closed(connection))
    with pytest.raises(http.RemoteTimeout):
        http.fetch(url_of(server))


@pytest.mark.parametrize(
    ("head", "drop"), [(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), (b"HTTP/1.1 200 OK\r\n\r\n", b"x")]
)
def test_a_server_that_drips(start: Start, head: bytes, drop: bytes) -> None:
    def talk(connection: socket.socket, request: Received) -> None:
        connection.sendall(head)
        while True:
            time.sleep(0.02)
            connection.sendall(drop)

    with pytest.raises(http.RemoteTimeout):
        http.fetch(url_of(start(talk=talk)), total_seconds=0.3)


def test_nobody_listens(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings.FEDERATION_PRIVATE_HOSTS = (f"peer.localhost:{port}",)
    with pytest.raises(http.ConnectionFailed) as caught:
        http.fetch(f"http://peer.localhost:{port}/")
    assert caught.value.message == RemoteUnreachable.default_message


def test_three_gigabytes_are_not_read(start: Start) -> None:
    sent = 0

    def talk(connection: socket.socket, request: Received) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/activity+json\r\n\r\n")
        while sent < 3_000_000_000:
            sent += connection.send(b" " * 65_536)

    with pytest.raises(http.AnswerTooLarge):
        http.fetch(url_of(start(talk=talk)))
    assert sent < 20_000_000


def test_an_announced_length_over_the_limit_is_not_even_begun(start: Start) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000000\r\n\r\n"
    with pytest.raises(http.AnswerTooLarge):
        http.fetch(url_of(start(lambda _: head)))


def test_a_gzip_bomb_does_not_unfold(start: Start) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000, mtime=0)
    assert len(bomb) < http.JSON_LIMIT_BYTES
    with pytest.raises(http.AnswerTooLarge):
        http.fetch(url_of(start(lambda _: answer(bomb, Content_Encoding="gzip"))))


def test_a_bomb_is_unpacked_piece_by_piece() -> None:
    bomb = gzip.compress(b"\0" * 5_000_000, mtime=0)
    pieces = [len(piece) for piece in http._inflated(zlib.decompressobj(wbits=31), bomb)]
    assert (max(pieces), sum(pieces)) == (65_536, 5_000_000)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"plain", "gzip"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-9], "gzip"),
        (b"x", "br"),
        (b"x", "gzip, gzip"),
    ],
)
def test_encodings_that_are_broken_or_were_not_asked_for(start: Start, body: bytes, encoding: str) -> None:
    with pytest.raises(http.BadAnswer):
        http.fetch(url_of(start(lambda _: answer(body, Content_Encoding=encoding))))


def test_endless_headers(start: Start) -> None:
    with pytest.raises(http.BadAnswer):
        http.fetch(url_of(start(lambda _: answer(X_Long="a" * 200_000))))


def test_what_is_no_http(start: Start) -> None:
    with pytest.raises(http.BadAnswer):
        http.fetch(url_of(start(lambda _: b"220 mail.example ESMTP\r\n\r\n")))


def test_a_long_answer_to_a_post_is_cut_off(start: Start) -> None:
    server = start(lambda _: answer(b"x" * 1_000_000, status=202))
    got = http.current_wire().run(http.post(url_of(server), b"{}", {"Content-Type": "text/plain"}))
    assert (got.status, len(got.body)) == (202, 4096)


# TLS


def test_a_private_authority_comes_in_by_ssl_cert_file(
    settings: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    authority, chain = _certificates(tmp_path, "tls.localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    names: list[str] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def talk(connection: socket.socket, context: ssl.SSLContext = context) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65_536)
            secure.sendall(answer(b"secret"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        settings.FEDERATION_PRIVATE_HOSTS = (f"tls.localhost:{port}",)
        with pytest.raises(http.ConnectionFailed):
            _fetch_once(f"https://tls.localhost:{port}/", listener, talk)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        http._tls_context.cache_clear()
        wire = http.Wire(http.guarded_transport())
        monkeypatch.setattr(http, "current_wire", lambda: wire)
        got = _fetch_once(f"https://tls.localhost:{port}/", listener, talk)
    http._tls_context.cache_clear()
    assert got.body == b"secret"
    assert names == ["tls.localhost", "tls.localhost"]


def _fetch_once(url: str, listener: socket.socket, talk: Callable[[socket.socket], None]) -> http.Answer:
    import threading

    def accept() -> None:
        connection, _address = listener.accept()
        with connection:
            try:
                talk(connection)
            except OSError:
                return  # the client did not trust us

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        return http.fetch(url)
    finally:
        thread.join(5)


def _certificates(folder: Path, name: str) -> tuple[Path, Path]:
    """Make an authority and a certificate of it for a name; return the files of both."""
    now = datetime.now(UTC)

    def build(
        subject: str, key: Any, issuer: str, issuer_key: Any, *, is_authority: bool
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
        )
        return builder.sign(issuer_key, hashes.SHA256())

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = build("root.example", root_key, "root.example", root_key, is_authority=True)
    leaf = build(name, key, "root.example", root_key, is_authority=False)
    pem = serialization.Encoding.PEM
    authority, chain = folder / "authority.pem", folder / "chain.pem"
    authority.write_bytes(root.public_bytes(pem))
    chain.write_bytes(
        leaf.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return authority, chain


def _until_closed(connection: socket.socket) -> None:
    while connection.recv(1024):
        pass
