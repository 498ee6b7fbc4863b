"""Signatures over HTTP requests: pure functions over values, no network and no rows.

Called by `federation/verify.py` (in) and by `federation/keys.py`, `fetch.py` and `delivery.py` (out).
"""

from federation.signatures.errors import SignatureInvalid
from federation.signatures.request import SignedRequest

__all__ = ["SignatureInvalid", "SignedRequest"]
