"""Web Push as bytes: how a message is encrypted for one app, and how a push service knows its sender.

Pure functions over bytes; called by timelines/pushing.py.
Source: RFC 8291 (encryption), its fourth draft (``aesgcm``), RFC 8188 (record), RFC 8292 (VAPID).
"""

import base64
import os
from collections.abc import Callable

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

_CURVE = ec.SECP256R1()
_SALT_BYTES = 16
_RECORD_BYTES = 4096

NewKey = Callable[[], ec.EllipticCurvePrivateKey]


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(_CURVE)


def encrypt(
    message: bytes, receiver: bytes, secret: bytes, *, new_key: NewKey = _new_key, salt: bytes = b""
) -> bytes:
    """Return a message as the body of an ``aes128gcm`` push.

    ``receiver`` is the 65-byte point ``p256dh``, ``secret`` the 16 bytes ``auth`` of the subscription; a new
    key and salt are drawn unless given. Source: RFC 8291 section 3.4.
    """
    sender, shared, salt = _agree(receiver, new_key, salt)
    seed = _derive(secret, shared, b"WebPush: info\x00" + receiver + sender, 32)
    key = _derive(salt, seed, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(salt, seed, b"Content-Encoding: nonce\x00", 12)
    head = salt + _RECORD_BYTES.to_bytes(4, "big") + len(sender).to_bytes(1, "big") + sender
    return head + AESGCM(key).encrypt(nonce, message + b"\x02", None)


def encrypt_as_drafted(
    message: bytes, receiver: bytes, secret: bytes, *, new_key: NewKey = _new_key, salt: bytes = b""
) -> tuple[bytes, bytes, bytes]:
    """Return body, salt and public key of an ``aesgcm`` push; the last two go into headers.

    Source: draft-ietf-webpush-encryption-04 section 3.
    """
    sender, shared, salt = _agree(receiver, new_key, salt)
    seed = _derive(secret, shared, b"Content-Encoding: auth\x00", 32)
    context = b"P-256\x00" + b"".join(len(point).to_bytes(2, "big") + point for point in (receiver, sender))
    key = _derive(salt, seed, b"Content-Encoding: aesgcm\x00" + context, 16)
    nonce = _derive(salt, seed, b"Content-Encoding: nonce\x00" + context, 12)
    return AESGCM(key).encrypt(nonce, b"\x00\x00" + message, None), salt, sender


def _agree(receiver: bytes, new_key: NewKey, salt: bytes) -> tuple[bytes, bytes, bytes]:
    """Return our public point, the secret shared with the receiver, and the salt."""
    private = new_key()
    shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, receiver))
    sender = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return sender, shared, salt or os.urandom(_SALT_BYTES)


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def sign_claims(private_key_pem: str, audience: str, contact: str, expires_at: int) -> str:
    """Return the token by which the push service at ``audience`` (an origin) knows this server.

    ``contact`` is a ``mailto:`` URI, ``expires_at`` seconds since the epoch, at most a day ahead.
    Source: RFC 8292 section 2.
    """
    key = load_pem_private_key(private_key_pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    claims = {"aud": audience, "exp": expires_at, "sub": contact}
    parts = [base64url(orjson.dumps(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims)]
    signed = ".".join(parts)
    numbers = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{base64url(b''.join(number.to_bytes(32, 'big') for number in numbers))}"


def base64url(data: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
