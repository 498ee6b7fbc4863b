"""The other end of Web Push, as an app reads it. Written from RFC 8291 and its fourth draft."""

import base64

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_CURVE = ec.SECP256R1()


def decoded(text: str) -> bytes:
    """Return bytes of base64url, with or without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public point of a key."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def decrypt(body: bytes, key: ec.EllipticCurvePrivateKey, secret: bytes) -> bytes:
    """Return the message of an ``aes128gcm`` body of one record."""
    salt, length = body[:16], body[20]
    sender, sealed = body[21 : 21 + length], body[21 + length :]
    assert int.from_bytes(body[16:20], "big") >= len(sealed)
    seed = _derive(secret, _shared(key, sender), b"WebPush: info\0" + point_of(key) + sender, 32)
    opened = _open(salt, seed, b"aes128gcm", b"", sealed)
    message, mark = opened.rstrip(b"\0")[:-1], opened.rstrip(b"\0")[-1:]
    assert mark == b"\x02", "not marked as the last record"
    return message


def decrypt_as_drafted(
    body: bytes, salt: bytes, sender: bytes, key: ec.EllipticCurvePrivateKey, secret: bytes
) -> bytes:
    """Return the message of an ``aesgcm`` body."""
    seed = _derive(secret, _shared(key, sender), b"Content-Encoding: auth\0", 32)
    points = b"".join(b"\0" + bytes([len(point)]) + point for point in (point_of(key), sender))
    opened = _open(salt, seed, b"aesgcm", b"P-256\0" + points, body)
    return opened[2 + int.from_bytes(opened[:2], "big") :]


def _shared(key: ec.EllipticCurvePrivateKey, sender: bytes) -> bytes:
    return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, sender))


def _open(salt: bytes, seed: bytes, coding: bytes, context: bytes, sealed: bytes) -> bytes:
    key = _derive(salt, seed, b"Content-Encoding: " + coding + b"\0" + context, 16)
    nonce = _derive(salt, seed, b"Content-Encoding: nonce\0" + context, 12)
    return AESGCM(key).decrypt(nonce, sealed, None)


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
