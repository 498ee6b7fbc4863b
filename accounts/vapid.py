"""The key pair by which push services know this server.

Called by the instance document, by app registration and by push subscriptions.
Source: RFC 8292 (VAPID); API behaviours section 14.
"""

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from accounts.models import VapidKey

_ONLY = 1


def public_key() -> str:
    """Return the public key in base64url without padding, made with the first call and kept for good."""
    return key_pair().public_key


def key_pair() -> VapidKey:
    """Return the pair, made with the first call and kept for good."""
    return VapidKey.objects.filter(pk=_ONLY).first() or _make()


def _make() -> VapidKey:
    """Make the pair; of two processes that start at once the second takes what the first has written."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    made = {
        "public_key": base64.urlsafe_b64encode(point).decode().rstrip("="),
        "private_key_pem": private.decode(),
    }
    return VapidKey.objects.get_or_create(pk=_ONLY, defaults=made)[0]
