"""Signing what we send: which of the two schemes, and what to do when the other side did not take it.

Called by `federation/keys.py` for everything that signs. Source: contract of the federation §2.1.
"""

from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import rsa

from core.hosts import wire_url
from federation.signatures import cavage, rfc9421

_NOT_TAKEN = frozenset({400, 401})


class Scheme(StrEnum):
    """The two ways to sign a request; values are stored with a peer."""

    CAVAGE = "cavage"
    RFC9421 = "rfc9421"

    def other(self) -> "Scheme":
        """Return the scheme for the second knock."""
        return Scheme.RFC9421 if self is Scheme.CAVAGE else Scheme.CAVAGE


def asks_for_second_knock(status: int) -> bool:
    """Tell whether an answer may mean that the other side reads only the other scheme."""
    return status in _NOT_TAKEN


def sign_request(
    scheme: Scheme,
    *,
    method: str,
    url: str,
    key_id: str,
    private_key: rsa.RSAPrivateKey,
    now: datetime,
    body: bytes | None = None,
    content_type: str = "",
) -> dict[str, str]:
    """Return the headers that sign one request; with a body its digest and content type are among them."""
    target = wire_url(url)
    if scheme is Scheme.RFC9421:
        return rfc9421.sign_request(
            method=method,
            target_uri=f"{target.scheme}://{target.host}{target.target}",
            key_id=key_id,
            private_key=private_key,
            now=now,
            body=body,
            content_type=content_type,
        )
    return cavage.sign_request(
        method=method,
        host=target.host,
        target=target.target,
        key_id=key_id,
        private_key=private_key,
        now=now,
        body=body,
        content_type=content_type,
    )
