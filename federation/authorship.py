"""Who wrote an activity that somebody else passed on: by the proofs inside it.

Called by the inbox when the signer of a request is not the actor, and before an activity of others is
forwarded. Source: contract of the federation §2.5, §2.6, §2.7.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog

from core.errors import Forbidden, Unauthenticated
from federation.remote_keys import verify_with_key
from federation.signatures import SignatureInvalid, integrity, linked_data
from federation.vocab import id_of

T = TypeVar("T")
logger = structlog.get_logger(__name__)


def is_signed_inside(document: Mapping[str, Any]) -> bool:
    """Tell whether a document carries anything that could prove its author."""
    return isinstance(document.get("signature"), dict) or isinstance(document.get("proof"), dict)


def get_proven(document: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return what the `actor` of a document provably said; nothing else of it may be used.

    A Linked Data signature is tried first, then an integrity proof. Raises Forbidden when neither proves it,
    and Unavailable when the actor's server has to be asked for the key and cannot be reached right now; may
    use the network.
    """
    signed = _tried(_by_linked_data, document, now)
    if signed is not None:
        return signed.document
    covered = _tried(_by_integrity_proof, document, now)
    if covered is None:
        raise Forbidden(cause="sent by somebody else than its actor, and nothing in it proves the author")
    return covered


def is_forwardable(document: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether others can check the author of a document by itself, and read just what was signed."""
    proven = _tried(_by_linked_data, document, now)
    return proven is not None and proven.is_faithful


def _tried(
    prove: Callable[[Mapping[str, Any], datetime], T], document: Mapping[str, Any], now: datetime
) -> T | None:
    try:
        return prove(document, now)
    except (SignatureInvalid, Unauthenticated) as error:
        logger.info("author_not_proven", way=prove.__name__, reason=str(error)[:300])
        return None


def _by_linked_data(document: Mapping[str, Any], now: datetime) -> linked_data.SignedDocument:
    signature = linked_data.read_signature(document, now)
    verify = partial(linked_data.verify_document, document, signature)
    key, signed = verify_with_key(signature.key_id, verify)
    if id_of(signed.document.get("actor")) != key.actor_uri:
        raise SignatureInvalid("creator_actor_mismatch")
    return signed


def _by_integrity_proof(document: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    proof = integrity.read_proof(document, now)
    key, _nothing = verify_with_key(proof.key_id, partial(integrity.verify_proof, proof))
    if id_of(proof.document.get("actor")) != key.actor_uri:
        raise SignatureInvalid("key_owner_mismatch")
    return dict(proof.document)
