"""The parts of a request that a signature is made over."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as its signer saw it.

    `targets` are the spellings that the raw request target (path and query) may have had on the wire,
    likeliest first: not every server hands the raw bytes on. `headers` have lower-case names. `body` is None
    for GET. `scheme` is the one that the outside world speaks to us, never what a proxy speaks.
    """

    method: str
    targets: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes | None
    scheme: str = "https"
