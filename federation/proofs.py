"""Puts into activities of ours the proof of who wrote them, for those who get them from somebody else.

Called by federation/delivery.py for the first delivery of an activity that wants one: canonicalising takes
tens of milliseconds, which nobody who posts should wait for. Source: contract of the federation 2.6.
"""

from datetime import datetime

import orjson
import structlog

from core.errors import NotFound
from federation.keys import signer_for
from federation.models import OutboundActivity
from federation.signatures import SignatureInvalid
from federation.signatures.linked_data import sign_document
from federation.signatures.pem import load_own_key

logger = structlog.get_logger(__name__)


def add_proof(activity: OutboundActivity, now: datetime) -> None:
    """Sign the document of an activity, once; without a key or when it cannot be signed it goes as it is."""
    try:
        signer = signer_for(activity.sender_uri)
        document = sign_document(
            orjson.loads(activity.body),
            key_id=signer.key_id,
            private_key=load_own_key(signer.private_key_pem),
            now=now,
        )
    except (NotFound, SignatureInvalid) as error:
        logger.warning("activity_without_proof", activity_id=activity.activity_id, cause=str(error))
    else:
        activity.body = orjson.dumps(document)
    activity.proof_owed = False
    activity.save(update_fields=["body", "proof_owed"])
