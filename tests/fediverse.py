"""Many small servers on loopback in one process, a port each: healthy, hanging or failing ones.

Used by tests/drills and by benchmarks/: every host serves its actors, takes activities at its inbox, keeps
their ids in the order in which they came, and signs what its actors send. `python -m tests.fediverse 300`
runs it as a process of its own: it prints its hosts as one line of JSON and, for each line that it reads, a
report: for every host how much it took, how much of that was new to it, and how much it refused.
"""

import asyncio
import base64
import hashlib
import json
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
ACTIVITY_JSON = "application/activity+json"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TLS_HANDSHAKE = b"\x16"

Document = dict[str, Any]


class Mood(Enum):
    """How a host treats every request."""

    HEALTHY = "healthy"
    HANGING = "hanging"  # takes it and never answers
    FAILING = "failing"  # answers 500


@dataclass
class Host:
    """One server; ``received`` holds the ids of the activities that it answered 202, repeats included."""

    name: str
    port: int
    mood: Mood = Mood.HEALTHY
    received: list[str] = field(default_factory=list)
    refused: int = 0
    hung: list[asyncio.Transport] = field(default_factory=list)

    @property
    def domain(self) -> str:
        """What the rest of the world calls it."""
        return f"{self.name}:{self.port}"

    def actor(self, name: str) -> str:
        """The uri of an actor; every name is one."""
        return f"http://{self.domain}/users/{name}"

    def activity(self, kind: str, name: str, thing: Any, number: int | str, **more: Any) -> Document:
        """Return an activity of the actor ``name``, whose id ends in ``number``."""
        uri = self.actor(name)
        return {
            "@context": AS2,
            "id": f"{uri}/activities/{number}",
            "type": kind,
            "actor": uri,
            "object": thing,
            **more,
        }

    def note(self, name: str, number: int | str, **more: Any) -> Document:
        """Return a public note of the actor ``name``, whose id ends in ``number``."""
        uri = self.actor(name)
        return {
            "id": f"{uri}/notes/{number}",
            "type": "Note",
            "attributedTo": uri,
            "content": f"<p>{number}</p>",
            "published": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "to": [PUBLIC],
            "cc": [f"{uri}/followers"],
            **more,
        }

    def create(self, name: str, number: int | str, **more: Any) -> Document:
        """Return the Create of such a note."""
        note = self.note(name, number, **more)
        return self.activity("Create", name, note, f"create-{number}", to=note["to"], cc=note["cc"])

    def answer(self, method: bytes, target: str, body: bytes) -> bytes | None:
        """Return the answer to a request; None for none at all."""
        if self.mood is Mood.HANGING:
            self.refused += 1
            return None
        if self.mood is Mood.FAILING:
            self.refused += 1
            return _answer(500)
        if method == b"POST":
            self.received.append(orjson.loads(body)["id"])
            return _answer(202)
        path = urlsplit(target).path
        if path == "/.well-known/webfinger":
            return _answer(200, self._handle(target), "application/jrd+json")
        if path.startswith("/users/") and path.count("/") == 2:
            return _answer(200, self._actor_document(path.rpartition("/")[2]))
        return _answer(404)

    def _actor_document(self, name: str) -> Document:
        uri = self.actor(name)
        return {
            "@context": [AS2, "https://w3id.org/security/v1"],
            "id": uri,
            "type": "Person",
            "preferredUsername": name,
            "inbox": f"{uri}/inbox",
            "outbox": f"{uri}/outbox",
            "followers": f"{uri}/followers",
            "following": f"{uri}/following",
            "endpoints": {"sharedInbox": f"http://{self.domain}/inbox"},
            "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": _public_pem()},
        }

    def _handle(self, target: str) -> Document:
        name = target.partition("resource=")[2].replace("%3A", ":").removeprefix("acct:").partition("@")[0]
        name = name.partition("%40")[0]
        link = {"rel": "self", "type": ACTIVITY_JSON, "href": self.actor(name)}
        return {"subject": f"acct:{name}@{self.domain}", "links": [link]}


class Fediverse:
    """Hosts h0.localhost, h1.localhost …, all of them served by one event loop on a thread of its own."""

    def __init__(self, size: int) -> None:
        _key()  # before threads could make one each
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fediverse", daemon=True)
        self._thread.start()
        opening = asyncio.run_coroutine_threadsafe(self._open(size), self._loop)
        self.hosts, self._servers = opening.result(60)

    @property
    def private_hosts(self) -> list[str]:
        """What the setting of that name must hold for these hosts to be spoken to."""
        return [host.domain for host in self.hosts]

    def heal(self) -> None:
        """Make all hosts healthy; those that hung hang up."""
        for host in self.hosts:
            host.mood = Mood.HEALTHY
            while host.hung:
                self._loop.call_soon_threadsafe(host.hung.pop().close)

    def close(self) -> None:
        """Stop listening."""
        for server in self._servers:
            self._loop.call_soon_threadsafe(server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _open(self, size: int) -> tuple[list[Host], list[asyncio.Server]]:
        hosts, servers = [], []
        for number in range(size):
            host = Host(f"h{number}.localhost", 0)
            server = await self._loop.create_server(lambda host=host: _Connection(host), "127.0.0.1", 0)
            host.port = server.sockets[0].getsockname()[1]
            hosts.append(host)
            servers.append(server)
        return hosts, servers


@contextmanager
def running_fediverse(size: int) -> Iterator[Fediverse]:
    """Run so many hosts within this process."""
    fediverse = Fediverse(size)
    try:
        yield fediverse
    finally:
        fediverse.close()


class _Connection(asyncio.Protocol):
    """One kept-alive connection; a hanging host leaves the rest of what it is sent unread."""

    def __init__(self, host: Host) -> None:
        self._host, self._buffer = host, b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._buffer += data
        if self._buffer.startswith(_TLS_HANDSHAKE):
            self._transport.close()  # we speak plain HTTP; to wait for a line end would take for ever
            return
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._buffer, 0, end + 2)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            request, self._buffer = self._buffer[:whole], self._buffer[whole:]
            method, target, _ = request.split(b" ", 2)
            answer = self._host.answer(method, target.decode("ascii"), request[end + 4 :])
            if answer is None:
                self._host.hung.append(self._transport)
            else:
                self._transport.write(answer)


def _answer(status: int, document: Document | None = None, content_type: str = ACTIVITY_JSON) -> bytes:
    body = b"" if document is None else orjson.dumps(document)
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


# Signing


def signed_headers(url: str, body: bytes, key_id: str, *, at: datetime | None = None) -> dict[str, str]:
    """Return the headers of a POST signed by draft-cavage, as most servers send it."""
    parts = urlsplit(url)
    headers = {
        "Host": parts.netloc,
        "Date": format_datetime((at or datetime.now(UTC)).astimezone(UTC), usegmt=True),
        "Digest": "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode(),
        "Content-Type": ACTIVITY_JSON,
    }
    lines = [
        f"(request-target): post {parts.path}",
        *(f"{name.lower()}: {headers[name]}" for name in headers),
    ]
    signature = _key().sign("\n".join(lines).encode(), padding.PKCS1v15(), hashes.SHA256())
    covered = " ".join(["(request-target)", *(name.lower() for name in headers)])
    headers["Signature"] = (
        f'keyId="{key_id}",algorithm="rsa-sha256",headers="{covered}",'
        f'signature="{base64.b64encode(signature).decode()}"'
    )
    return headers


def signed_activity(url: str, activity: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of an activity, signed by its actor."""
    body = orjson.dumps(activity)
    return body, signed_headers(url, body, f"{activity['actor']}#main-key")


@cache
def _key() -> rsa.RSAPrivateKey:
    """All actors share one key: making one takes long, and nobody compares them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _public_pem() -> str:
    encoding, shape = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return _key().public_key().public_bytes(encoding, shape).decode()


def main() -> None:
    """Run as a process of its own until its input ends; the line ``3 hanging`` changes a host's mood."""
    with running_fediverse(int(sys.argv[1])) as fediverse:
        _print_line(fediverse.private_hosts)
        for line in sys.stdin:
            if line.strip():
                number, mood = line.split()
                fediverse.hosts[int(number)].mood = Mood(mood)
            _print_line(
                [[len(host.received), len(set(host.received)), host.refused] for host in fediverse.hosts]
            )


def _print_line(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
