"""`Digest` (RFC 3230) and `Content-Digest` (RFC 9530), the bridge from the signature to the body, and the
digest of a set of followers (FEP-8fcf).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from federation.signatures.errors import SignatureInvalid
from federation.signatures.structured import FieldMalformed, Item, parse_dictionary

_ALGORITHM = "sha-256"
_CONTENT_DIGESTS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def render_digest(body: bytes) -> str:
    """Return the `Digest` header value of a body."""
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")


def check_digest(header: str, body: bytes) -> None:
    """Compare a `Digest` header with the raw body; raises SignatureInvalid.

    Exactly one SHA-256 value must be there; other algorithms beside it are ignored.
    """
    values = [value for name, value in map(_pair, header.split(",")) if name == _ALGORITHM]
    if not values:
        raise SignatureInvalid("digest_algorithm_unsupported")
    if len(values) > 1:
        raise SignatureInvalid("digest_duplicate")
    try:
        told = base64.b64decode(values[0], validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureInvalid("digest_malformed") from error
    if len(told) != hashlib.sha256().digest_size:
        raise SignatureInvalid("digest_malformed")
    if not hmac.compare_digest(told, hashlib.sha256(body).digest()):
        raise SignatureInvalid("digest_mismatch")


def render_content_digest(body: bytes) -> str:
    """Return the `Content-Digest` header value of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"


def check_content_digest(header: str, body: bytes) -> None:
    """Compare a `Content-Digest` header with the raw body; raises SignatureInvalid.

    Every SHA-256 and SHA-512 value in it must fit, and one of them must be there.
    """
    try:
        members = parse_dictionary(header)
    except FieldMalformed as error:
        raise SignatureInvalid("malformed_content_digest") from error
    told = {name: member for name, member in members.items() if name in _CONTENT_DIGESTS}
    if not told:
        raise SignatureInvalid("digest_algorithm_unsupported")
    for name, member in told.items():
        if not isinstance(member, Item) or not isinstance(member.value, bytes):
            raise SignatureInvalid("malformed_content_digest")
        if not hmac.compare_digest(member.value, _CONTENT_DIGESTS[name](body).digest()):
            raise SignatureInvalid("digest_mismatch")


def followers_digest(follower_ids: Iterable[str]) -> str:
    """Return the digest of a set of followers in hex: the order of their ids does not matter.

    Source: FEP-8fcf; contract of the federation §3.10.
    """
    total = 0
    for follower_id in follower_ids:
        total ^= int.from_bytes(hashlib.sha256(follower_id.encode()).digest())
    return f"{total:064x}"


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip().lower(), value.strip()
