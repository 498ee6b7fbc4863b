"""Linked Data signatures (`RsaSignature2017`): proof of an author inside a document that others pass on.

A signature covers an RDF graph, not the JSON that it came as: the same graph can be written as JSON that
means something else. Hence the rules: contexts that we know, no keyword that restructures, and only what
comes out of our own context is ever read. pyld is slow and can be driven into factorial time, so there are
caps, and one document at a time (its caches know no threads).

Called by `federation/authorship.py`. Source: contract of the federation §2.6.
"""

import base64
import binascii
import copy
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from federation.signatures.contexts import IDENTITY, READING_CONTEXT, defined_terms, load_context
from federation.signatures.errors import SignatureInvalid
from federation.signatures.pem import PublicKey
from federation.vocab import PUBLIC, SECURITY, is_public, string_of, time_of

LIFETIME = timedelta(days=2)
# Real activities have about 200 values and two or three contexts. pyld needs quadratic time for long lists,
# and tens of milliseconds for each place where contexts change.
MAX_VALUES = 1500
MAX_ITEMS = 250
MAX_CONTEXTS = 20
MAX_CONTEXT_PLACES = 6
MAX_BLANK_NODES = 200
MAX_HASHINGS = 400

_TYPE = "RsaSignature2017"
# They can turn a signed graph inside out (CVE-2026-46349, CVE-2026-42462).
_RESTRUCTURING = frozenset({"@graph", "@included", "@reverse"})
_NOT_SIGNED = frozenset({"type", "id", "signatureValue", "@context", "@id", "@type"})
_pyld_lock = threading.Lock()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LinkedDataSignature:
    """A parsed signature: who is said to have signed, nothing of it proven yet."""

    key_id: str
    signature: bytes
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """What a valid signature covers, in our own context; nothing else of the original may be read.

    `is_faithful` tells whether the original, read as plain JSON, says just the same: only then may it be
    forwarded to servers that read it so.
    """

    document: dict[str, Any]
    is_faithful: bool


# Out


def sign_document(
    document: Mapping[str, Any], *, key_id: str, private_key: rsa.RSAPrivateKey, now: datetime
) -> dict[str, Any]:
    """Return the document with a signature that anyone who passes it on can show; valid for two days."""
    contexts = document.get("@context", [])
    contexts = contexts if isinstance(contexts, list) else [contexts]
    if SECURITY not in contexts:
        contexts = [*contexts, SECURITY]
    signed = {**document, "@context": contexts}
    options = {
        "creator": key_id,
        "created": _timestamp(now),
        "expires": _timestamp(now + LIFETIME),
    }
    tbs = _signed_text(options, signed)
    signature = base64.b64encode(private_key.sign(tbs, PKCS1v15(), SHA256())).decode("ascii")
    return {**signed, "signature": {"type": _TYPE, **options, "signatureValue": signature}}


# In


def read_signature(document: Mapping[str, Any], now: datetime) -> LinkedDataSignature:
    """Read the `signature` of a document and check all that needs no key; raises SignatureInvalid."""
    signature = document.get("signature")
    if not isinstance(signature, dict):
        raise SignatureInvalid("malformed")
    if signature.get("type") != _TYPE:
        raise SignatureInvalid("type_unsupported")
    key_id, value = string_of(signature, "creator"), string_of(signature, "signatureValue")
    if not key_id or not value:
        raise SignatureInvalid("malformed")
    if "expires" in signature:
        expires = time_of(signature, "expires")
        if expires is None or expires < now:
            raise SignatureInvalid("expired")
    _check_shape(document)
    try:
        decoded = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureInvalid("bad_signature") from error
    options = {name: item for name, item in signature.items() if name not in _NOT_SIGNED}
    return LinkedDataSignature(key_id, decoded, options)


def verify_document(
    document: Mapping[str, Any], signature: LinkedDataSignature, public_key: PublicKey
) -> SignedDocument:
    """Verify a signature and return what it covers; raises SignatureInvalid.

    The caller has to check that the key belongs to the `actor` of what is returned.
    """
    if not isinstance(public_key, rsa.RSAPublicKey):
        raise SignatureInvalid("key_type_unsupported_for_scheme")
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    try:
        public_key.verify(
            signature.signature, _signed_text(signature.options, unsigned), PKCS1v15(), SHA256()
        )
    except InvalidSignature as error:
        raise SignatureInvalid("bad_signature") from error
    compacted = _compacted(unsigned)
    return SignedDocument(compacted, _plain(unsigned) == _plain(compacted))


def _check_shape(document: Any) -> None:
    """Refuse what restructures, and what would take too long."""
    values = places = 0
    for key, value, in_context in _walk(document):
        values += 1
        places += key == "@context"
        if isinstance(value, list) and len(value) > (MAX_CONTEXTS if in_context else MAX_ITEMS):
            raise SignatureInvalid("too_complex")
        if key in _RESTRUCTURING or (in_context and isinstance(value, str) and value in _RESTRUCTURING):
            raise SignatureInvalid("forbidden_jsonld_keyword")
    if values > MAX_VALUES or places > MAX_CONTEXT_PLACES:
        raise SignatureInvalid("too_complex")


def _walk(
    value: Any, key: str | None = None, in_context: bool = False
) -> Iterator[tuple[str | None, Any, bool]]:
    """Yield everything in a document, with its key and whether it is part of a context."""
    yield key, value, in_context
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(item, name, in_context or name == "@context")
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, None, in_context)


def _signed_text(options: Mapping[str, Any], document: Mapping[str, Any]) -> bytes:
    parts = ({**options, "@context": IDENTITY}, document)
    return "".join(hashlib.sha256(_canonical(part)).hexdigest() for part in parts).encode("ascii")


def _canonical(document: Mapping[str, Any]) -> bytes:
    """Return the N-Quads of a document in their one canonical order (URDNA2015)."""

    def canonise() -> str:
        from pyld import jsonld

        dataset = jsonld.to_rdf(copy.deepcopy(document), {"documentLoader": load_context})
        return _canonise(dataset)

    return _with_pyld(canonise).encode()


def _compacted(document: Mapping[str, Any]) -> dict[str, Any]:
    def compact() -> Any:
        from pyld import jsonld

        return jsonld.compact(
            copy.deepcopy(document), copy.deepcopy(READING_CONTEXT), {"documentLoader": load_context}
        )

    found = _with_pyld(compact)
    if any(key in _RESTRUCTURING for key, _value, in_context in _walk(found) if not in_context):
        raise SignatureInvalid("forbidden_jsonld_keyword")
    return {"@context": READING_CONTEXT, **_only_defined(found)}


def _with_pyld(work: Callable[[], T]) -> T:
    """Run what uses pyld, which answers hostile documents with errors of any kind."""
    with _pyld_lock:
        try:
            return work()
        except SignatureInvalid:
            raise
        except Exception as error:
            cause: BaseException | None = error
            while cause is not None:
                if isinstance(cause, SignatureInvalid):
                    raise cause from error
                cause = cause.__cause__ or cause.__context__
            raise SignatureInvalid("not_processable") from error


def _canonise(dataset: dict[str, Any]) -> str:
    from pyld.canon import URDNA2015

    class Capped(URDNA2015):
        """Gives up where alike blank nodes would make it try every order."""

        hashings = 0

        def hash_n_degree_quads(self, id_: str, issuer: Any) -> Any:
            self.hashings += 1
            if self.hashings > MAX_HASHINGS:
                raise SignatureInvalid("too_complex")
            return super().hash_n_degree_quads(id_, issuer)

    nodes = {
        part["value"]
        for quads in dataset.values()
        for quad in quads
        for part in quad.values()
        if part["type"] == "blank node"
    }
    if len(nodes) > MAX_BLANK_NODES:
        raise SignatureInvalid("too_complex")
    canonical: str = Capped().main(dataset, {"format": "application/n-quads"})
    return canonical


def _only_defined(value: Any) -> Any:
    """Drop what our context does not define: it survives compaction, but no signature covers it."""
    if isinstance(value, list):
        return [_only_defined(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "@value" in value:
        return value
    terms = defined_terms()
    return {
        name: item if name.endswith("Map") else _only_defined(item)
        for name, item in value.items()
        if name in terms
    }


def _plain(value: Any) -> Any:
    """Return a document in the one form that all spellings of the same JSON share for those who read it."""
    if isinstance(value, list):
        items = [_plain(item) for item in value if item is not None]
        return items[0] if len(items) == 1 else items
    if isinstance(value, dict):
        plain = {name: _plain(item) for name, item in value.items() if name not in ("@context", "signature")}
        return {name: item for name, item in plain.items() if item not in (None, [])}
    return PUBLIC if is_public(value) else value


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
