"""The secret in an invitation link: 130 bits as 26 signs of Crockford's base32.

Only its SHA-256 is stored. People copy links by hand and mail programs break them, so reading is forgiving.
Pure; called by `invites/links.py` and the sign-up page.
"""

import hashlib
import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26
_WELL_FORMED = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
_LONGEST_SPELLING = 4 * LENGTH
_LOOK_ALIKES = str.maketrans("OIL", "011")
_BETWEEN = re.compile(r"[\s-]+")
_AFTERWARDS = ".,;:!?>)]}'\""


def new_token() -> str:
    """Return a fresh secret from the operating system's generator."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normalise_token(spelling: str) -> str | None:
    """Return the one spelling of a token, or None for what cannot be one.

    Case, spaces and hyphens do not matter, O is 0, I and L are 1, punctuation that followed the link is
    dropped.
    """
    if len(spelling) > _LONGEST_SPELLING:
        return None
    token = _BETWEEN.sub("", spelling.rstrip(_AFTERWARDS)).upper().translate(_LOOK_ALIKES)
    return token if _WELL_FORMED.fullmatch(token) else None


def hash_token(token: str) -> str:
    """Return what is stored of a normalised token."""
    return hashlib.sha256(token.encode()).hexdigest()
