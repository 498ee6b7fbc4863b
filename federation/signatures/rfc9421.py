"""HTTP Message Signatures in the profile of the fediverse: one signature, RSA or Ed25519 by the key's type.

Source: RFC 9421 §2, §3; contract of the federation §2.1, §2.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from federation.signatures.digest import check_content_digest, render_content_digest
from federation.signatures.errors import SignatureInvalid
from federation.signatures.pem import PublicKey
from federation.signatures.request import SignedRequest
from federation.signatures.structured import (
    BareItem,
    FieldMalformed,
    InnerList,
    Item,
    parse_dictionary,
    render_inner_list,
    render_item,
)
from federation.signatures.window import check_window, read_unix_time

_LABEL = "sig1"
_DERIVED = frozenset(
    {"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"}
)
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, slots=True)
class MessageSignature:
    """A parsed pair of `Signature-Input` and `Signature`: what it covers and claims, nothing proven yet."""

    key_id: str
    algorithm: str | None
    covered: tuple[str, ...]
    created: datetime
    expires: datetime | None
    signed_parameters: str
    signature: bytes


# Out


def sign_request(
    *,
    method: str,
    target_uri: str,
    key_id: str,
    private_key: rsa.RSAPrivateKey,
    now: datetime,
    body: bytes | None = None,
    content_type: str = "",
) -> dict[str, str]:
    """Return the headers that sign a request: Signature-Input, Signature, and with a body Content-Digest and
    Content-Type.

    GET covers `@method` and `@target-uri`, POST also `content-digest`.
    """
    headers: dict[str, str] = {}
    covered = ["@method", "@target-uri"]
    values = {"@method": method, "@target-uri": target_uri}
    if body is not None:
        headers = {"Content-Digest": render_content_digest(body), "Content-Type": content_type}
        covered.append("content-digest")
        values["content-digest"] = headers["Content-Digest"]
    parameters: dict[str, BareItem] = {"created": int(now.timestamp()), "keyid": key_id}
    signed_parameters = render_inner_list(InnerList(tuple(map(Item, covered)), parameters))
    base = _signature_base(covered, values, signed_parameters)
    signature = private_key.sign(base, PKCS1v15(), SHA256())
    headers["Signature-Input"] = f"{_LABEL}={signed_parameters}"
    headers["Signature"] = f"{_LABEL}={render_item(Item(signature))}"
    return headers


# In


def parse_signature(headers: Mapping[str, str]) -> MessageSignature:
    """Read `Signature-Input` and `Signature`; raises SignatureInvalid unless they hold one and the same
    label.
    """
    label, inner = _only_member(headers.get("signature-input", ""))
    signature_label, signature = _only_member(headers.get("signature", ""))
    if not isinstance(inner, InnerList) or not isinstance(signature, Item):
        raise SignatureInvalid("malformed_header")
    if label != signature_label:
        raise SignatureInvalid("label_mismatch")
    if not isinstance(signature.value, bytes):
        raise SignatureInvalid("malformed_header")
    created = _time(inner.parameters, "created")
    if created is None:
        raise SignatureInvalid("created_missing")
    key_id = _text(inner.parameters, "keyid")
    if not key_id:
        raise SignatureInvalid("keyid_missing")
    return MessageSignature(
        key_id=key_id,
        algorithm=_text(inner.parameters, "alg"),
        covered=_components(inner),
        created=created,
        expires=_time(inner.parameters, "expires"),
        signed_parameters=render_inner_list(inner),
        signature=signature.value,
    )


def check_claims(signature: MessageSignature, request: SignedRequest, now: datetime) -> None:
    """Check coverage, time window and body digest, all that needs no key; raises SignatureInvalid."""
    covered = frozenset(signature.covered)
    if "@method" not in covered:
        raise SignatureInvalid("method_not_covered")
    if not _covers_target(covered, request):
        raise SignatureInvalid("target_not_covered")
    check_window(signature.created, signature.expires, now)
    if request.body is not None:
        if "content-digest" not in covered:
            raise SignatureInvalid("digest_not_signed")
        if "content-digest" not in request.headers:
            raise SignatureInvalid("digest_missing")
        check_content_digest(request.headers["content-digest"], request.body)
    if any(name not in request.headers for name in covered - _DERIVED):
        raise SignatureInvalid("covered_header_missing")


def verify_signature(signature: MessageSignature, request: SignedRequest, public_key: PublicKey) -> None:
    """Verify the signature itself; raises SignatureInvalid. Call `check_claims` as well: this proves no
    freshness.

    The algorithm follows from the key; an `alg` that says something else is refused, never obeyed.
    """
    wanted = "rsa-v1_5-sha256" if isinstance(public_key, rsa.RSAPublicKey) else "ed25519"
    if signature.algorithm not in (None, wanted):
        raise SignatureInvalid("algorithm_mismatch")
    for target in request.targets:
        values = {**request.headers, **_derived_values(request, target)}
        base = _signature_base(signature.covered, values, signature.signed_parameters)
        if _fits(public_key, signature.signature, base):
            return
    raise SignatureInvalid("bad_signature")


def _only_member(header: str) -> tuple[str, Item | InnerList]:
    try:
        members = parse_dictionary(header)
    except FieldMalformed as error:
        raise SignatureInvalid("malformed_header") from error
    if not members:
        raise SignatureInvalid("not_signed")
    if len(members) > 1:
        raise SignatureInvalid("multiple_signatures")
    [(label, member)] = members.items()
    return label, member


def _components(inner: InnerList) -> tuple[str, ...]:
    """Return what is covered; parameters would change what a name means, and we know none of them."""
    names: list[str] = []
    for item in inner.items:
        name = item.value
        if type(name) is not str or item.parameters or name != name.lower():
            raise SignatureInvalid("unknown_component")
        if name.startswith("@") and name not in _DERIVED:
            raise SignatureInvalid("unknown_component")
        names.append(name)
    if len(set(names)) < len(names):
        raise SignatureInvalid("duplicate_component")
    return tuple(names)


def _time(parameters: Mapping[str, BareItem], name: str) -> datetime | None:
    value = parameters.get(name)
    if value is None:
        return None
    if type(value) is not int:
        raise SignatureInvalid("malformed_header")
    return read_unix_time(value)


def _text(parameters: Mapping[str, BareItem], name: str) -> str | None:
    value = parameters.get(name)
    if value is not None and type(value) is not str:
        raise SignatureInvalid("malformed_header")
    return value


def _covers_target(covered: frozenset[str], request: SignedRequest) -> bool:
    if "@target-uri" in covered:
        return True
    if "@authority" not in covered:
        return False
    has_query = any("?" in target for target in request.targets)
    return "@request-target" in covered or ("@path" in covered and ("@query" in covered or not has_query))


def _derived_values(request: SignedRequest, target: str) -> dict[str, str]:
    host = request.headers.get("host", "").strip().lower()
    authority = host.removesuffix(_DEFAULT_PORTS.get(request.scheme, ""))
    path, _separator, query = target.partition("?")
    return {
        "@method": request.method,
        "@target-uri": f"{request.scheme}://{authority}{target}",
        "@authority": authority,
        "@scheme": request.scheme,
        "@request-target": target,
        "@path": path,
        "@query": f"?{query}",
    }


def _signature_base(
    covered: tuple[str, ...] | list[str], values: Mapping[str, str], parameters: str
) -> bytes:
    lines = [f'"{name}": {values.get(name, "").strip()}' for name in covered]
    lines.append(f'"@signature-params": {parameters}')
    try:
        # WSGI hands header bytes on as latin-1.
        return "\n".join(lines).encode("latin-1")
    except UnicodeEncodeError as error:
        raise SignatureInvalid("malformed_header") from error


def _fits(public_key: PublicKey, signature: bytes, base: bytes) -> bool:
    try:
        if isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, base, PKCS1v15(), SHA256())
        else:
            public_key.verify(signature, base)
    except InvalidSignature:
        return False
    return True
