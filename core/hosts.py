"""Host names and the hosts of URLs: one canonical form, so that two spellings cannot be two servers.

Called wherever domains are compared or stored: `core/http.py`, federation, handles in accounts.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import httpx
import idna

MAX_URL_BYTES = 2048

_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLAIN_HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_IPV6_LITERAL = re.compile(r"\[[0-9a-f:.]+\]")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_PLAIN_TARGET = re.compile(r"(?:[A-Za-z0-9/_.~!$&'()*+,;=:@?-]|%[0-9A-Fa-f]{2})*")
# What urllib, httpx and browsers read differently, or what no URL may hold.
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f\\<>\"\u0080-\u00a0\u2028\u2029\ufeff]")


class WireUrl(NamedTuple):
    """A URL as a request names it: `host` with a port unless it is the usual one, `target` path and query.

    `name` and `port` say where to connect to.
    """

    scheme: str
    host: str
    target: str
    name: str
    port: int


@lru_cache(maxsize=10_000)
def normalise_host(host: str) -> str:
    """Return `host[:port]` in lower case with IDNA ToASCII applied; raises ValueError when it is none.

    A given port stays, whatever it is: the scheme that could make it the default is not known here.
    Nothing is stripped silently: a trailing dot, `/`, `@`, blanks or control signs are errors.
    """
    name, separator, port = host.partition(":") if not host.startswith("[") else _split_ipv6(host)
    if separator and not (_PORT.fullmatch(port) and int(port) < 65536):
        raise ValueError(f"bad port in {host[:300]!r}")
    return f"{_normalise_name(name)}:{port}" if separator else _normalise_name(name)


def _split_ipv6(host: str) -> tuple[str, str, str]:
    literal, bracket, rest = host.partition("]")
    return (literal + bracket, rest[:1], rest[1:]) if rest[:1] in ("", ":") else (host, "", "")


def _normalise_name(name: str) -> str:
    lowered = name.lower()
    if len(lowered) > 253:
        raise ValueError("host name longer than 253 signs")
    if _PLAIN_HOST.fullmatch(lowered) or _IPV6_LITERAL.fullmatch(lowered):
        return lowered
    if lowered.isascii() or lowered.endswith((".", "\u3002", "\uff0e", "\uff61")):
        raise ValueError(f"bad host name {name[:300]!r}")
    try:
        encoded = idna.encode(lowered, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"bad host name {name[:300]!r}") from error
    if not _PLAIN_HOST.fullmatch(encoded):
        raise ValueError(f"bad host name {name[:300]!r}")
    return encoded


def split_url(url: str) -> SplitResult:
    """Return the parts of a clean http(s) URL with a canonical `netloc`; raises ValueError for any other.

    Refused: other schemes, credentials, control signs, blanks, backslashes, more than 2048 bytes.
    The default port of the scheme is dropped from `netloc`; path and query stay byte for byte.
    """
    if len(url.encode(errors="replace")) > MAX_URL_BYTES or _UNSAFE_IN_URL.search(url):
        raise ValueError("not a clean URL")
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or not parts.netloc:
        raise ValueError("not an http(s) URL with a host")
    netloc = normalise_host(parts.netloc)
    return parts._replace(netloc=netloc.removesuffix(f":{_DEFAULT_PORTS[parts.scheme]}"))


def host_of(url: str) -> str | None:
    """Return the canonical `host[:port]` of a clean http(s) URL, without a default port; else None."""
    try:
        return split_url(url).netloc
    except ValueError:
        return None


def same_host(first_url: str, second_url: str) -> bool:
    """Tell whether two http(s) URLs are on one host; ports are part of the comparison."""
    first = host_of(first_url)
    return first is not None and first == host_of(second_url)


def wire_url(url: str) -> WireUrl:
    """Return how a request names a URL; raises ValueError as `split_url`.

    What has to be escaped is left to httpx, which is slow and sends whatever is not sent here.
    """
    parts = split_url(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _PLAIN_TARGET.fullmatch(target) or "/." in target:
        try:
            target = httpx.URL(parts.geturl()).raw_path.decode("ascii")
        except httpx.InvalidURL as error:
            raise ValueError(str(error)) from error
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    return WireUrl(parts.scheme, parts.netloc, target, parts.hostname or "", port)
