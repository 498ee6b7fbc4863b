"""The `Digest` header (RFC 3230): the bridge from the signature to the body."""

import base64
import binascii
import hashlib
import hmac

from federation.signatures.errors import SignatureInvalid

_ALGORITHM = "sha-256"


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


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip().lower(), value.strip()
