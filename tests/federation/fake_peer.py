"""Another server, on loopback: actors with keys, documents, an inbox, and requests signed as by others."""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from django.http import HttpResponse
from django.test import Client

from federation.signatures.pem import generate_key_pair, load_own_key
from tests.loopback import LoopbackServer, Received, answer, serve

Reply = bytes | Callable[[Received], bytes]


@cache
def key_pair(name: str) -> tuple[str, str]:
    """Return the key pair of that name, the same in all tests: making one is slow."""
    return generate_key_pair()


class FakePeer:
    """What is registered is served; what comes in is kept. `host` is how the rest of the world names it."""

    def __init__(self, server: LoopbackServer, name: str) -> None:
        self.server = server
        self.host = f"{name}.localhost:{server.port}"
        self.base = f"http://{self.host}"
        self.replies: dict[str, Reply] = {}

    def add(self, path: str, reply: Reply | Mapping[str, Any]) -> str:
        """Serve a document or a ready answer at a path; return its URL."""
        self.replies[path] = answer(reply) if isinstance(reply, Mapping) else reply
        return f"{self.base}{path}"

    def add_actor(self, name: str, *, key: str = "", **changes: Any) -> str:
        """Serve an actor and its WebFinger answer; return its uri. `key` names another key pair."""
        uri = f"{self.base}/users/{name}"
        document = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": uri,
            "type": "Person",
            "preferredUsername": name,
            "inbox": f"{uri}/inbox",
            "publicKey": {
                "id": f"{uri}#main-key",
                "owner": uri,
                "publicKeyPem": key_pair(key or name)[1],
            },
            **changes,
        }
        self.add(f"/users/{name}", document)
        self.add_handle(name, uri)
        return uri

    def add_handle(self, name: str, uri: str, subject: str = "") -> None:
        """Serve a WebFinger answer."""
        link = {"rel": "self", "type": "application/activity+json", "href": uri}
        document = {"subject": f"acct:{subject or f'{name}@{self.host}'}", "links": [link]}
        self.add(f"/.well-known/webfinger?resource=acct:{name}@{self.host}", document)

    def respond(self, request: Received) -> bytes:
        """Answer one request: the exact target first, then its path."""
        target = unquote(request.target)
        reply = self.replies.get(target) or self.replies.get(target.partition("?")[0])
        if reply is None:
            return answer(status=404)
        return reply if isinstance(reply, bytes) else reply(request)

    def targets(self) -> list[str]:
        """Return what was asked for, in order."""
        return [unquote(request.target) for request in self.server.received]


@contextmanager
def running_peer(settings: Any, name: str) -> Iterator[FakePeer]:
    """Run a peer and let the development setting reach it."""
    peers: list[FakePeer] = []
    with serve(lambda request: peers[0].respond(request)) as server:
        peer = FakePeer(server, name)
        peers.append(peer)
        settings.FEDERATION_PRIVATE_HOSTS = (*settings.FEDERATION_PRIVATE_HOSTS, peer.host)
        yield peer


def send(
    client: Client,
    activity: Mapping[str, Any] | bytes,
    *,
    signer: str,
    key: str = "",
    path: str = "/inbox",
    method: str = "POST",
    at: datetime | None = None,
    changed: Mapping[str, str | None] | None = None,
    sent_body: bytes | None = None,
    content_type: str = "application/activity+json",
) -> HttpResponse:
    """Send a request to us, signed as `signer`'s server would; `changed` replaces headers after signing."""
    body = activity if isinstance(activity, bytes) else orjson.dumps(activity)
    headers = {
        "Host": "social.example",
        "Date": format_datetime((at or datetime.now(UTC)).astimezone(UTC), usegmt=True),
    }
    if method == "POST":
        headers["Digest"] = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
    covered = ["(request-target)", *(name.lower() for name in headers)]
    lines = [f"(request-target): {method.lower()} {path}", *(f"{n.lower()}: {v}" for n, v in headers.items())]
    private_key = load_own_key(key_pair(key or signer.rpartition("/")[2])[0])
    signature = private_key.sign("\n".join(lines).encode(), padding.PKCS1v15(), hashes.SHA256())
    headers["Signature"] = (
        f'keyId="{signer}#main-key",algorithm="rsa-sha256",headers="{" ".join(covered)}",'
        f'signature="{base64.b64encode(signature).decode()}"'
    )
    final = {name: value for name, value in {**headers, **(changed or {})}.items() if value is not None}
    sent = body if sent_body is None else sent_body
    return client.generic(method, path, sent if method == "POST" else b"", content_type, headers=final)
