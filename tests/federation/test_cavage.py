"""Draft-cavage signatures: what we make is what others verify, and what must not pass does not."""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from federation.signatures import SignatureInvalid, SignedRequest, cavage
from federation.signatures.digest import check_digest, render_digest
from federation.signatures.pem import generate_key_pair, load_own_key, load_public_key

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
KEY_ID = "https://dora.example/users/dora#main-key"
BODY = b'{"type":"Like"}'
POST_COVERED = "(request-target) host date digest content-type"
GET_COVERED = "(request-target) host date"


@cache
def dora() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def spki(key: Any) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def build(
    *,
    method: str = "POST",
    target: str = "/inbox",
    covered: str | None = None,
    signed_target: str | None = None,
    algorithm: str = "rsa-sha256",
    extra: str = "",
    body: bytes = BODY,
    special: Mapping[str, str] | None = None,
    **changes: str | None,
) -> SignedRequest:
    """Sign a request by hand, as another server would, with every part replaceable."""
    headers = {
        "host": "social.example",
        "date": format_datetime(NOW, usegmt=True),
        "content-type": "application/activity+json",
        "digest": "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode(),
    }
    for name, value in changes.items():
        if value is None:
            headers.pop(name.replace("_", "-"))
        else:
            headers[name.replace("_", "-")] = value
    covered = covered if covered is not None else (POST_COVERED if method == "POST" else GET_COVERED)
    values = {"(request-target)": f"{method.lower()} {signed_target or target}", **headers, **(special or {})}
    text = "\n".join(f"{name.lower()}: {values.get(name.lower(), '')}" for name in covered.split())
    signature = base64.b64encode(dora().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    headers["signature"] = (
        f'keyId="{KEY_ID}",algorithm="{algorithm}",headers="{covered}"{extra},signature="{signature}"'
    )
    return SignedRequest(method, (target,), headers, body if method == "POST" else None)


def verify(request: SignedRequest, *, now: datetime = NOW, key: Any = None) -> None:
    signature = cavage.parse_signature(request.headers["signature"])
    cavage.check_claims(signature, request, now)
    cavage.verify_signature(signature, request, load_public_key(spki(key or dora())))


def reason_of(request: SignedRequest, **options: Any) -> str:
    with pytest.raises(SignatureInvalid) as caught:
        verify(request, **options)
    return caught.value.reason


# What passes


def test_what_we_sign_others_can_verify() -> None:
    private_pem, public_pem = generate_key_pair()
    headers = cavage.sign_request(
        method="POST",
        host="dora.example",
        target="/inbox?x=1",
        key_id="https://social.example/users/anna#main-key",
        private_key=load_own_key(private_pem),
        now=NOW,
        body=BODY,
        content_type="application/activity+json",
    )
    assert 'headers="(request-target) host date digest content-type"' in headers["Signature"]
    assert headers["Date"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    text = (
        "(request-target): post /inbox?x=1\nhost: dora.example\ndate: Sun, 01 Mar 2026 12:00:00 GMT\n"
        f"digest: {render_digest(BODY)}\ncontent-type: application/activity+json"
    )
    signature = base64.b64decode(headers["Signature"].rpartition('signature="')[2].rstrip('"'))
    load_public_key(public_pem).verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    "request_parts",
    [
        {},
        {"method": "GET", "target": "/users/anna"},
        {"method": "GET", "target": "/users/anna?page=1", "signed_target": "/users/anna"},
        {"method": "GET", "target": "/tags/%e3%81%82?x=a%2fb+c"},
        {"covered": "host date digest (request-target)"},
        {"covered": "(Request-Target) Host Date Digest"},
        {"covered": "host date digest"},
        {"algorithm": "hs2019"},
        {"digest": "sha-512=AAAA,sha-256=" + base64.b64encode(hashlib.sha256(BODY).digest()).decode()},
        {"body": b""},
        {"body": '{"content":"grüß"}'.encode()},
        {
            "algorithm": "hs2019",
            "covered": "(request-target) (created) (expires) host digest",
            "extra": f",created={int(NOW.timestamp())},expires={int(NOW.timestamp()) + 60}",
            "special": {"(created)": str(int(NOW.timestamp())), "(expires)": str(int(NOW.timestamp()) + 60)},
            "date": None,
        },
    ],
)
def test_accepted(request_parts: dict[str, Any]) -> None:
    verify(build(**request_parts))


@pytest.mark.parametrize("minutes", [-59, 59, 64])
def test_clocks_may_differ_by_an_hour(minutes: int) -> None:
    verify(build(), now=NOW + timedelta(minutes=minutes))


def test_the_header_may_be_untidy() -> None:
    request = build()
    header = "Signature " + request.headers["signature"].replace('",', '" ,  ')
    verify(SignedRequest("POST", request.targets, {**request.headers, "signature": header}, BODY))


def test_a_path_that_the_server_decoded_is_tried_in_each_spelling() -> None:
    request = build(method="GET", target="/tags/%e3%81%82")
    verify(SignedRequest("GET", ("/tags/%E3%81%82", "/tags/%e3%81%82"), request.headers, None))


# What does not


@pytest.mark.parametrize(
    ("request_parts", "reason"),
    [
        ({"digest": "SHA-256=" + "A" * 43 + "="}, "digest_mismatch"),
        ({"digest": "SHA-256=zzzz"}, "digest_malformed"),
        ({"digest": "SHA-256=" + hashlib.sha256(BODY).hexdigest()}, "digest_malformed"),
        ({"digest": "sha-512=AAAA"}, "digest_algorithm_unsupported"),
        ({"digest": render_digest(BODY) + "," + render_digest(BODY)}, "digest_duplicate"),
        ({"digest": None}, "digest_missing"),
        ({"covered": "(request-target) host date"}, "digest_not_signed"),
        ({"covered": "(request-target) date digest"}, "host_not_signed"),
        ({"covered": "(request-target) host digest"}, "date_not_signed"),
        ({"covered": ""}, "date_not_signed"),
        ({"covered": POST_COVERED + " x-missing"}, "covered_header_missing"),
        ({"method": "GET", "covered": "host date"}, "request_target_not_signed"),
        ({"method": "GET", "covered": "(request-target) date"}, "host_not_signed"),
        ({"date": "2026-03-01T12:00:00Z"}, "date_invalid"),
        ({"date": "Sun, 01 Mar 2026 12:00:00 +0000"}, "date_invalid"),
        ({"date": "Sun, 31 Feb 2026 12:00:00 GMT"}, "date_invalid"),
        ({"algorithm": "hmac-sha256"}, "algorithm_unsupported"),
        ({"algorithm": "rsa-sha512"}, "algorithm_unsupported"),
        ({"covered": "(request-target) (created) host digest"}, "created_requires_hs2019"),
        ({"covered": "(created) host digest", "algorithm": "hs2019"}, "created_param_missing"),
        ({"signed_target": "/users/anna/inbox"}, "bad_signature"),
        ({"method": "GET", "target": "/o?page=1", "signed_target": "/o?page=2"}, "bad_signature"),
        ({"extra": ',keyId="https://evil.example/key"'}, "duplicate_parameter"),
        ({"extra": ",created=tomorrow"}, "malformed_header"),
    ],
)
def test_refused(request_parts: dict[str, Any], reason: str) -> None:
    assert reason_of(build(**request_parts)) == reason


def test_a_tampered_body_is_refused() -> None:
    request = build()
    tampered = SignedRequest("POST", request.targets, request.headers, BODY + b" ")
    assert reason_of(tampered) == "digest_mismatch"


def test_another_host_is_refused() -> None:
    request = build()
    moved = SignedRequest("POST", request.targets, {**request.headers, "host": "evil.example"}, BODY)
    assert reason_of(moved) == "bad_signature"


@pytest.mark.parametrize("hours", [-1.1, 1.2, 13])
def test_stale_and_early_requests_are_refused(hours: float) -> None:
    assert reason_of(build(), now=NOW + timedelta(hours=hours)) == "outside_time_window"


def test_a_far_expiry_does_not_keep_a_request_alive() -> None:
    created, expires = int(NOW.timestamp()), int((NOW + timedelta(days=300)).timestamp())
    request = build(
        algorithm="hs2019",
        covered="(request-target) (created) (expires) host digest",
        extra=f",created={created},expires={expires}",
        special={"(created)": str(created), "(expires)": str(expires)},
    )
    verify(request, now=NOW + timedelta(hours=12))
    assert reason_of(request, now=NOW + timedelta(hours=13, seconds=1)) == "outside_time_window"


def test_an_expiry_that_is_not_covered_does_not_count() -> None:
    request = build(algorithm="hs2019", extra=f",expires={int((NOW + timedelta(hours=9)).timestamp())}")
    assert reason_of(request, now=NOW + timedelta(hours=2)) == "outside_time_window"


def test_the_wrong_key_is_refused() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert reason_of(build(), key=other) == "bad_signature"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "not_signed"),
        ("   ", "not_signed"),
        ("garbage", "malformed_header"),
        ('keyId="a"', "missing_parameter"),
        ('signature="AAAA"', "missing_parameter"),
        ('keyId="a",signature="***"', "bad_signature"),
        ('keyId="' + "a" * 9000 + '",signature="AAAA"', "malformed_header"),
    ],
)
def test_headers_that_say_nothing(header: str, reason: str) -> None:
    with pytest.raises(SignatureInvalid) as caught:
        cavage.parse_signature(header)
    assert caught.value.reason == reason


@given(st.text(max_size=300) | st.from_regex(r'([a-z]+="?[^"]*"?,?){1,5}', fullmatch=True))
def test_any_header_is_read_or_refused(header: str) -> None:
    try:
        cavage.parse_signature(header)
    except SignatureInvalid:
        return


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        ("Fri, 31 Dec 9999 23:59:59 GMT", "outside_time_window"),
        ("Mon, 01 Jan 0001 00:00:00 GMT", "outside_time_window"),
        ("Mon, 01 Jan 0000 00:00:00 GMT", "date_invalid"),
    ],
)
def test_the_ends_of_the_calendar(date: str, reason: str) -> None:
    assert reason_of(build(date=date)) == reason


@given(
    st.sampled_from(["rsa-sha256", "hs2019", "x"]),
    st.lists(st.sampled_from([*POST_COVERED.split(), "(created)", "(expires)", "x"]), max_size=8),
    st.integers(),
    st.text(max_size=40),
    st.text(max_size=40),
)
def test_any_request_is_verified_or_refused(
    algorithm: str, covered: list[str], seconds: int, date: str, digest: str
) -> None:
    request = build(
        algorithm=algorithm,
        covered=" ".join(covered),
        extra=f",created={seconds},expires={seconds}",
        date=date,
        digest=digest,
    )
    with suppress(SignatureInvalid):
        verify(request)


@given(st.text(max_size=200))
def test_any_digest_is_compared_or_refused(header: str) -> None:
    try:
        check_digest(header, BODY)
    except SignatureInvalid:
        return


# Keys


def test_keys_come_in_many_shapes() -> None:
    public = dora().public_key()
    pkcs1 = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode()
    untidy = "\r\n  " + spki(dora()).replace("\n", " \r\n") + "\r\n"
    numbers = public.public_numbers()
    assert load_public_key(pkcs1).public_numbers() == numbers
    assert load_public_key(untidy).public_numbers() == numbers


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        ("", "key_malformed"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "key_malformed"),
        ("A" * 10_000, "key_malformed"),
        (spki(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "key_too_small"),
        (spki(ec.generate_private_key(ec.SECP256R1())), "key_type_unsupported"),
    ],
)
def test_keys_that_are_refused(pem: str, reason: str) -> None:
    with pytest.raises(SignatureInvalid) as caught:
        load_public_key(pem)
    assert caught.value.reason == reason
