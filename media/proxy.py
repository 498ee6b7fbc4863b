"""Addresses under which files of other servers are shown here: ``/media_proxy/<kind>/<rendition>/…``. Pure.

An address carries that of the file, signed, so that it can be made without a look at any table and nobody can
use us to fetch what they like. What people signed in are told carries a second key: only with it a file is
fetched that is not kept here yet. For all others `core.api.rendering` takes the key away.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from enum import StrEnum
from typing import Final

from django.conf import settings

READER_PARAMETER: Final = "reader"


class Kind(StrEnum):
    """What a file is shown as, which decides how it is kept."""

    PICTURE = "picture"
    RECORDING = "recording"
    AVATAR = "avatar"
    HEADER = "header"
    EMOJI = "emoji"
    CARD = "card"


def proxied_url(kind: Kind, url: str, *, small: bool = False) -> str:
    """Return where readers of ours find a file of another server, or its small or still rendition."""
    name = urlsafe_b64encode(url.encode()).decode().rstrip("=")
    path = f"{kind}/{'small' if small else 'original'}/{_sign(kind, url)}/{name}"
    return f"{settings.MEDIA_BASE_URL}/media_proxy/{path}?{READER_PARAMETER}={_sign('reader', url)}"


def read_address(kind: str, signature: str, name: str) -> str | None:
    """Return the address of the file that such an address of ours stands for, if we made it."""
    try:
        url = urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except (NoBase64, ValueError):
        return None
    return url if hmac.compare_digest(signature.encode(), _sign(kind, url).encode()) else None


def is_reader(url: str, key: str) -> bool:
    """Tell whether somebody was told this key while signed in."""
    return hmac.compare_digest(key.encode(), _sign("reader", url).encode())


def _sign(purpose: str, url: str) -> str:
    text = f"media_proxy {purpose} {url}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), text, "sha256").hex()[:16]
