"""Reading what others sign: which of the two schemes a request uses, and whether it holds.

Called by `federation/verify.py`. Source: contract of the federation §2.2, §2.3.
"""

from datetime import datetime

from federation.signatures import cavage, rfc9421
from federation.signatures.pem import PublicKey
from federation.signatures.request import SignedRequest

RequestSignature = cavage.CavageSignature | rfc9421.MessageSignature


def read_signature(request: SignedRequest, now: datetime) -> RequestSignature:
    """Return what a request claims about its signer, with all checked that needs no key; raises
    SignatureInvalid.

    `Signature-Input` makes it RFC 9421 and nothing else: falling back would let a sender choose the weaker
    rule.
    """
    if "signature-input" in request.headers:
        message = rfc9421.parse_signature(request.headers)
        rfc9421.check_claims(message, request, now)
        return message
    signature = cavage.parse_signature(request.headers.get("signature", ""))
    cavage.check_claims(signature, request, now)
    return signature


def verify_signature(signature: RequestSignature, request: SignedRequest, public_key: PublicKey) -> None:
    """Verify a signature that `read_signature` returned; raises SignatureInvalid."""
    if isinstance(signature, rfc9421.MessageSignature):
        rfc9421.verify_signature(signature, request, public_key)
    else:
        cavage.verify_signature(signature, request, public_key)
