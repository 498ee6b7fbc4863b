"""Encryption for push services, against the example of the specification and read back as apps do."""

import base64

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from core.webpush import encrypt, encrypt_as_drafted, sign_claims
from tests.push_service import decoded, decrypt, decrypt_as_drafted, point_of

_CURVE = ec.SECP256R1()


def test_the_example_of_the_specification() -> None:
    """RFC 8291 section 5 and appendix A."""
    ours = int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    receiver = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        decoded(receiver),
        decoded("BTBZMqHH6r4Tts7J_aSIgg"),
        new_key=lambda: ec.derive_private_key(ours, _CURVE),
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert body == decoded(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.mark.parametrize("message", [b"", "Grüße".encode(), b"x" * 3900])
def test_an_app_reads_what_was_sent(message: bytes) -> None:
    key, secret = ec.generate_private_key(_CURVE), b"0123456789abcdef"
    assert decrypt(encrypt(message, point_of(key), secret), key, secret) == message
    body, salt, sender = encrypt_as_drafted(message, point_of(key), secret)
    assert decrypt_as_drafted(body, salt, sender, key, secret) == message


def test_no_two_messages_are_alike() -> None:
    key = ec.generate_private_key(_CURVE)
    assert encrypt(b"a", point_of(key), b"0" * 16) != encrypt(b"a", point_of(key), b"0" * 16)


def test_the_sender_proves_itself() -> None:
    key = ec.generate_private_key(_CURVE)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    token = sign_claims(pem, "https://push.example", "mailto:admin@social.example", 1_800_000_000)
    signed, _, signature = token.rpartition(".")
    head, claims = (orjson.loads(decoded(part)) for part in signed.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    assert claims == {
        "aud": "https://push.example",
        "exp": 1_800_000_000,
        "sub": "mailto:admin@social.example",
    }
    numbers = base64.urlsafe_b64decode(signature + "==")
    r, s = int.from_bytes(numbers[:32], "big"), int.from_bytes(numbers[32:], "big")
    key.public_key().verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256()))
