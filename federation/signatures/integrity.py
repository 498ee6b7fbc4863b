"""Object integrity proofs (`eddsa-jcs-2022`): an author's Ed25519 signature over the whole JSON.

Pure; called by `federation/authorship.py`. Source: FEP-8b32; W3C Data Integrity EdDSA Cryptosuites §3.3.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation.signatures.errors import SignatureInvalid
from federation.signatures.multikey import decode_base58btc
from federation.signatures.pem import PublicKey
from federation.vocab import string_of, time_of

_OUTSIDE = frozenset({"proof", "signature"})


@dataclass(frozen=True, slots=True)
class IntegrityProof:
    """A parsed proof with the document that it is said to cover; nothing of it proven yet."""

    key_id: str
    signature: bytes
    signed: bytes
    document: Mapping[str, Any]


def read_proof(document: Mapping[str, Any], now: datetime) -> IntegrityProof:
    """Read the `proof` of a document and check all that needs no key; raises SignatureInvalid.

    A Linked Data signature beside it is not covered, and is left out.
    """
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise SignatureInvalid("malformed")
    if proof.get("type") != "DataIntegrityProof":
        raise SignatureInvalid("type_unsupported")
    if proof.get("cryptosuite") != "eddsa-jcs-2022":
        raise SignatureInvalid("cryptosuite_unsupported")
    if proof.get("proofPurpose") != "assertionMethod":
        raise SignatureInvalid("wrong_proof_purpose")
    if "expires" in proof:
        expires = time_of(proof, "expires")
        if expires is None or expires < now:
            raise SignatureInvalid("expired")
    key_id, value = string_of(proof, "verificationMethod"), string_of(proof, "proofValue")
    if not key_id or not value:
        raise SignatureInvalid("malformed")
    covered = _covered(document, proof)
    options = {name: item for name, item in proof.items() if name != "proofValue"}
    return IntegrityProof(key_id, decode_base58btc(value), _digest(options) + _digest(covered), covered)


def verify_proof(proof: IntegrityProof, public_key: PublicKey) -> None:
    """Verify a proof; raises SignatureInvalid. The caller checks that the key is the actor's."""
    if not isinstance(public_key, Ed25519PublicKey):
        raise SignatureInvalid("key_type_unsupported_for_scheme")
    try:
        public_key.verify(proof.signature, proof.signed)
    except InvalidSignature as error:
        raise SignatureInvalid("bad_signature") from error


def _covered(document: Mapping[str, Any], proof: Mapping[str, Any]) -> dict[str, Any]:
    covered = {name: value for name, value in document.items() if name not in _OUTSIDE}
    if "@context" in proof:
        own, told = _as_list(document.get("@context")), _as_list(proof["@context"])
        if own[: len(told)] != told:
            raise SignatureInvalid("context_mismatch")
        covered["@context"] = proof["@context"]
    return covered


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _digest(value: Mapping[str, Any]) -> bytes:
    try:
        return hashlib.sha256(rfc8785.dumps(dict(value))).digest()
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeEncodeError) as error:
        raise SignatureInvalid("malformed") from error
