"""Handles as people read them. Pure; the Account model and the doors that take a handle call this."""

import unicodedata
from functools import lru_cache

import idna

# Scripts that are written together in one word.
_TOGETHER = {"CJK", "HIRAGANA", "KATAKANA"}


@lru_cache(maxsize=10_000)
def readable_host(host: str) -> str:
    """Return an IDNA host (``host[:port]``) in Unicode, or as it is when that could deceive the eye.

    Source: federation contract, homographs: Unicode only when one script is used.
    """
    if "xn--" not in host:
        return host
    name, separator, port = host.partition(":")
    try:
        readable = idna.decode(name)
    except idna.IDNAError:
        return host
    return f"{readable}{separator}{port}" if _is_one_script(readable) else host


def _is_one_script(name: str) -> bool:
    letters = (sign for sign in name if sign.isalpha() and not sign.isascii())
    scripts = {unicodedata.name(sign, "?").partition(" ")[0] for sign in letters}
    # The top-level domain is often Latin beside a name in another script.
    if any(sign.isascii() and sign.isalpha() for sign in name.rpartition(".")[0]):
        scripts.add("LATIN")
    return len(scripts) <= 1 or scripts <= _TOGETHER
