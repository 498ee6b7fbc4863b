"""HTTP signatures as the fediverse has them: draft-cavage-http-signatures-12 with RSA and SHA-256.

Source: draft-cavage-http-signatures-12 §2, §3; contract of the federation §2.1, §2.2.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from federation.signatures.digest import check_digest, render_digest
from federation.signatures.errors import SignatureInvalid
from federation.signatures.pem import PublicKey
from federation.signatures.request import SignedRequest
from federation.signatures.window import check_window, read_unix_time

_MAX_HEADER_LENGTH = 8192
_HS2019 = "hs2019"
_ALGORITHMS = frozenset({"rsa-sha256", _HS2019})
_PARAMETER = re.compile(r'[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))[ \t]*(,|$)')
_UNIX_TIME = re.compile(r"[0-9]{1,12}")
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4})"
    r" (\d\d):(\d\d):(\d\d) GMT"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class CavageSignature:
    """A parsed `Signature` header: what it covers and claims, nothing of it proven yet."""

    key_id: str
    algorithm: str
    covered: tuple[str, ...]
    created: datetime | None
    expires: datetime | None
    created_text: str
    expires_text: str
    signature: bytes


# Out


def sign_request(
    *,
    method: str,
    host: str,
    target: str,
    key_id: str,
    private_key: rsa.RSAPrivateKey,
    now: datetime,
    body: bytes | None = None,
    content_type: str = "",
) -> dict[str, str]:
    """Return the headers that sign a request: Host, Date, Signature, and with a body Digest and Content-Type.

    `target` is path and query exactly as sent. GET covers `(request-target) host date`, POST also
    `digest content-type`: what every server out there wants, and nothing that a proxy may change.
    """
    headers = {"Host": host, "Date": format_datetime(now.astimezone(UTC), usegmt=True)}
    if body is not None:
        headers |= {"Digest": render_digest(body), "Content-Type": content_type}
    lowered = {name.lower(): value for name, value in headers.items()}
    covered = ("(request-target)", *lowered)
    text = _signing_string(covered, method, target, lowered)
    signature = private_key.sign(text, PKCS1v15(), SHA256())
    headers["Signature"] = (
        f'keyId="{key_id}",algorithm="rsa-sha256",headers="{" ".join(covered)}",'
        f'signature="{base64.b64encode(signature).decode("ascii")}"'
    )
    return headers


# In


def parse_signature(header: str) -> CavageSignature:
    """Read a `Signature` header; raises SignatureInvalid.

    A leading `Signature ` is an old library's mistake and is dropped; a parameter given twice is an attack.
    """
    parameters = parse_parameters(header.strip().removeprefix("Signature "))
    if not parameters.get("keyId") or "signature" not in parameters:
        raise SignatureInvalid("missing_parameter")
    algorithm = parameters.get("algorithm", _HS2019).lower()
    if algorithm not in _ALGORITHMS:
        raise SignatureInvalid("algorithm_unsupported")
    default = "(created)" if algorithm == _HS2019 else "date"
    try:
        signature = base64.b64decode(parameters["signature"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureInvalid("bad_signature") from error
    return CavageSignature(
        key_id=parameters["keyId"],
        algorithm=algorithm,
        covered=tuple(parameters.get("headers", default).lower().split()),
        created=_unix_time(parameters.get("created")),
        expires=_unix_time(parameters.get("expires")),
        created_text=parameters.get("created", ""),
        expires_text=parameters.get("expires", ""),
        signature=signature,
    )


def check_claims(signature: CavageSignature, request: SignedRequest, now: datetime) -> None:
    """Check coverage, time window and body digest, all that needs no key; raises SignatureInvalid."""
    _check_coverage(signature, request)
    _check_time(signature, request, now)
    if request.body is not None:
        if "digest" not in request.headers:
            raise SignatureInvalid("digest_missing")
        check_digest(request.headers["digest"], request.body)
    for name in signature.covered:
        if not name.startswith("(") and name not in request.headers:
            raise SignatureInvalid("covered_header_missing")


def verify_signature(signature: CavageSignature, request: SignedRequest, public_key: PublicKey) -> None:
    """Verify the signature itself; raises SignatureInvalid. Call `check_claims` as well: this proves no
    freshness.

    Only RSA keys sign in this scheme. When the target with its query does not fit, the path alone is tried:
    old servers sign without the query.
    """
    if not isinstance(public_key, rsa.RSAPublicKey):
        raise SignatureInvalid("key_type_unsupported_for_scheme")
    for target in _spellings(request.targets):
        text = _signing_string(
            signature.covered,
            request.method,
            target,
            request.headers,
            created=signature.created_text,
            expires=signature.expires_text,
        )
        try:
            public_key.verify(signature.signature, text, PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return
    raise SignatureInvalid("bad_signature")


def parse_parameters(header: str) -> dict[str, str]:
    """Read `name="value", …`, each name once; raises SignatureInvalid."""
    if not header:
        raise SignatureInvalid("not_signed")
    if len(header) > _MAX_HEADER_LENGTH:
        raise SignatureInvalid("malformed_header")
    found: dict[str, str] = {}
    position = 0
    while position < len(header):
        match = _PARAMETER.match(header, position)
        if match is None:
            raise SignatureInvalid("malformed_header")
        if match[1] in found:
            raise SignatureInvalid("duplicate_parameter")
        found[match[1]] = match[2] if match[2] is not None else match[3]
        position = match.end()
    return found


def _unix_time(text: str | None) -> datetime | None:
    if text is None:
        return None
    if not _UNIX_TIME.fullmatch(text):
        raise SignatureInvalid("malformed_header")
    return read_unix_time(int(text))


def _check_coverage(signature: CavageSignature, request: SignedRequest) -> None:
    covered = frozenset(signature.covered)
    if "(created)" in covered or "(expires)" in covered:
        if signature.algorithm != _HS2019:
            raise SignatureInvalid("created_requires_hs2019")
        if "(created)" in covered and signature.created is None:
            raise SignatureInvalid("created_param_missing")
        if "(expires)" in covered and signature.expires is None:
            raise SignatureInvalid("expires_param_missing")
    if not covered & {"date", "(created)"}:
        raise SignatureInvalid("date_not_signed")
    if request.body is None and "(request-target)" not in covered:
        raise SignatureInvalid("request_target_not_signed")
    if request.body is not None and "digest" not in covered:
        raise SignatureInvalid("digest_not_signed")
    if "host" not in covered:
        raise SignatureInvalid("host_not_signed")


def _check_time(signature: CavageSignature, request: SignedRequest, now: datetime) -> None:
    """Only what is covered counts: an uncovered `created` could have been written by anyone."""
    created = signature.created if "(created)" in signature.covered else None
    if created is None:
        created = _http_date(request.headers.get("date", ""))
    expires = signature.expires if "(expires)" in signature.covered else None
    check_window(created, expires, now)


def _http_date(text: str) -> datetime:
    """Read an IMF-fixdate and nothing else: the library's parser takes far too much."""
    match = _DATE.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError(text)
        day, month, year, hour, minute, second = match.groups()
        month_number = _MONTHS.index(month) + 1
        return datetime(int(year), month_number, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError as error:
        raise SignatureInvalid("date_invalid") from error


def _spellings(targets: tuple[str, ...]) -> list[str]:
    without_query = [target.partition("?")[0] for target in targets if "?" in target]
    return list(dict.fromkeys((*targets, *without_query)))


def _signing_string(
    covered: tuple[str, ...],
    method: str,
    target: str,
    headers: Mapping[str, str],
    *,
    created: str = "",
    expires: str = "",
) -> bytes:
    special = {
        "(request-target)": f"{method.lower()} {target}",
        "(created)": created,
        "(expires)": expires,
    }
    lines = [f"{name}: {special.get(name) or headers.get(name, '')}" for name in covered]
    try:
        # WSGI hands header bytes on as latin-1.
        return "\n".join(lines).encode("latin-1")
    except UnicodeEncodeError as error:
        raise SignatureInvalid("malformed_header") from error
