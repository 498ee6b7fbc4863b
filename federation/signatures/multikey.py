"""Public keys as Multikey: multibase base58btc of a multicodec prefix and the key.

Pure; called by `federation/keys.py`. Source: FEP-521a; W3C Controlled Identifiers 1.0 §2.2.2.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from federation.signatures.errors import SignatureInvalid
from federation.signatures.pem import PublicKey, check_key

MAX_LENGTH = 2048

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {sign: value for value, sign in enumerate(_ALPHABET)}
_ED25519 = b"\xed\x01"
_RSA = b"\x85\x24"


def load_multikey(multibase: str) -> PublicKey:
    """Load an Ed25519 or RSA public key; raises SignatureInvalid."""
    data = decode_base58btc(multibase)
    prefix, key = data[:2], data[2:]
    try:
        if prefix == _ED25519:
            return Ed25519PublicKey.from_public_bytes(key)
        if prefix == _RSA:
            return check_key(load_der_public_key(key))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureInvalid("key_malformed") from error
    raise SignatureInvalid("key_type_unsupported")


def decode_base58btc(multibase: str) -> bytes:
    """Return the bytes behind a `z…` text; raises SignatureInvalid."""
    if not multibase.startswith("z") or len(multibase) > MAX_LENGTH:
        raise SignatureInvalid("malformed")
    text = multibase[1:]
    number = 0
    for sign in text:
        if sign not in _DIGITS:
            raise SignatureInvalid("malformed")
        number = number * 58 + _DIGITS[sign]
    leading_zeros = len(text) - len(text.lstrip("1"))
    return b"\x00" * leading_zeros + number.to_bytes((number.bit_length() + 7) // 8)
