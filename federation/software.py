"""What software another server runs, as it says itself.

Called by `federation/explain.py`. Source: NodeInfo 1.0-2.1; contract of the federation 1.3.
"""

import re
from dataclasses import dataclass
from typing import Any

from core import http
from core.errors import RemoteUnreachable
from core.hosts import host_of
from federation.vocab import MalformedDocument, list_of, parse_document, string_of

# The newest first.
_VERSIONS = ("2.2", "2.1", "2.0", "1.1", "1.0")
_SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"
_NAME = re.compile(r"[a-z0-9-]{1,100}")
_MAX_VERSION = 100


class SoftwareUnknown(RemoteUnreachable):
    """The server does not say what it runs, or says it somewhere else or in no known way."""

    permanent = True


@dataclass(frozen=True, slots=True)
class Software:
    """Name, such as "mastodon", and version."""

    name: str
    version: str


def fetch_software(base_url: str) -> Software:
    """Return what the server at an address without a path runs. Raises RemoteUnreachable.

    Its document must be on the same host or below it: what another server says is not about this one.
    """
    links = _fetch(f"{base_url}/.well-known/nodeinfo")
    url = _newest(links, host_of(base_url) or "")
    software = _fetch(url).get("software")
    name = (string_of(software, "name") or "").strip().lower() if isinstance(software, dict) else ""
    if not isinstance(software, dict) or not _NAME.fullmatch(name):
        raise SoftwareUnknown(cause=f"{url[:300]} names no software")
    return Software(name, (string_of(software, "version") or "")[:_MAX_VERSION])


def _newest(document: dict[str, Any], host: str) -> str:
    found: dict[str, str] = {}
    for link in (entry for entry in list_of(document.get("links")) if isinstance(entry, dict)):
        rel, href = string_of(link, "rel") or "", string_of(link, "href") or ""
        there = host_of(href) or ""
        if there == host or there.endswith(f".{host}"):
            found.setdefault(rel.removeprefix(_SCHEMA), href)
    for version in _VERSIONS:
        if version in found:
            return found[version]
    raise SoftwareUnknown(cause=f"{host} links to no NodeInfo of its own")


def _fetch(url: str) -> dict[str, Any]:
    answer = http.fetch(url, headers={"Accept": "application/json"})
    if answer.status != 200:
        raise SoftwareUnknown(cause=f"{url[:300]} answered {answer.status}")
    try:
        return parse_document(answer.body)
    except MalformedDocument as error:
        raise SoftwareUnknown(cause=f"{url[:300]}: {error.cause}") from error
