"""Fetching documents of other servers: which answers count as a document, and as whose.

Called wherever an actor, a status or a key is needed that we do not have. Source: contract of the federation
§3.3.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import urljoin

from core import http
from core.errors import RemoteUnreachable
from core.hosts import host_of, same_host
from federation import budgets, peers
from federation.keys import Signer, instance_signer, signer_for
from federation.local import is_local_uri
from federation.signatures.outgoing import Scheme, asks_for_second_knock
from federation.vocab import ACCEPT, ACTIVITY_JSON, AS2, MalformedDocument, parse_document, string_of, type_of

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_HTML_READ_LENGTH = 262_144
_LINK_TAG = re.compile(r"<link\s([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_LINK_HEADER_PART = re.compile(r"<([^<>]{1,2048})>([^<]{0,500})")


class DocumentGone(RemoteUnreachable):
    """The server says that it does not exist (any more): 404, 410 or a Tombstone."""

    permanent = True


class DocumentDeleted(DocumentGone):
    """The server says that it was there and never will be again: 410."""


class DocumentRefused(RemoteUnreachable):
    """The server does not let us see it: 401 or 403."""

    permanent = True


class BadDocument(RemoteUnreachable):
    """The answer is no document that we may believe: wrong content type, broken JSON, somebody else's id."""

    permanent = True


def fetch_document(
    uri: str, *, signed_by: str | None = None, total_seconds: float = http.TOTAL_SECONDS
) -> dict[str, Any]:
    """Return the document whose `id` is exactly `uri`, fetched from its own host.

    `signed_by` is an actor of ours, by default the instance actor. When the answer names another id, that id
    is fetched once and must then name itself. Raises DocumentGone, DocumentRefused, BadDocument, or
    RemoteUnreachable for what may succeed later. Uris of this server are never fetched (BadDocument).
    """
    signer = signer_for(signed_by) if signed_by else instance_signer()
    document = fetch_unchecked(uri, signer, total_seconds)
    if document.get("id") == uri:
        return document
    return _fetch_named(document, uri, signer, total_seconds)


def fetch_pasted(url: str) -> dict[str, Any]:
    """Return the document that a URL pasted by a person stands for, fetched from its own host.

    Beside the document itself the page about it will do: one hop through `rel=alternate` in the Link header
    or in the HTML head. Raises as `fetch_document`.
    """
    signer = instance_signer()
    answer = _get(url, signer)
    if answer.content_type in _HTML_TYPES:
        return fetch_document(_alternate(answer))
    document = _read(answer)
    if document.get("id") == url and same_host(answer.url, url):
        return document
    return _fetch_named(document, url, signer)


def fetch_unchecked(url: str, signer: Signer, total_seconds: float = http.TOTAL_SECONDS) -> dict[str, Any]:
    """Return the document found at a URL; its id may be anything on the host that answered last.

    Only for callers that check the id themselves. A document that claims an id of another host than the one
    that answered has its claim checked by `fetch_document`, never here.
    """
    answer = _get(url, signer, total_seconds)
    document = _read(answer)
    if document.get("id") == url and not same_host(answer.url, url):
        raise BadDocument(cause=f"{url[:300]} was answered by {answer.url[:300]}")
    return document


def _fetch_named(
    document: Mapping[str, Any], asked: str, signer: Signer, total_seconds: float = http.TOTAL_SECONDS
) -> dict[str, Any]:
    named = string_of(document, "id")
    if not named:
        raise BadDocument(cause=f"{asked[:300]} has no id")
    found = fetch_unchecked(named, signer, total_seconds)
    if found.get("id") != named:
        raise BadDocument(
            cause=f"{asked[:300]} names {named[:300]}, which names {str(found.get('id'))[:300]}"
        )
    return found


def _get(url: str, signer: Signer, total_seconds: float = http.TOTAL_SECONDS) -> http.Answer:
    if is_local_uri(url):
        raise BadDocument(cause=f"{url[:300]} is ours")
    budgets.spend_fetch(host_of(url) or "")
    answer = _knock(url, signer, total_seconds)
    if answer.status == 200:
        return answer
    cause = f"{url[:300]} answered {answer.status}"
    if answer.status == 410:
        raise DocumentDeleted(cause=cause)
    if answer.status == 404:
        raise DocumentGone(cause=cause)
    if answer.status in (401, 403):
        raise DocumentRefused(cause=cause)
    if answer.status >= 500 or answer.status in (408, 429):
        raise RemoteUnreachable(cause=cause)
    raise BadDocument(cause=cause)


def _knock(url: str, signer: Signer, total_seconds: float) -> http.Answer:
    """Ask in the scheme that the host is known to take; when it refuses, once more in the other.

    Source: contract of the federation §2.1 (double-knock).
    """
    host, now = host_of(url) or "", datetime.now(UTC)
    scheme = peers.schemes_for([host], now)[host]
    answer = _ask(url, signer, scheme, total_seconds)
    if not asks_for_second_knock(answer.status):
        return answer
    second = _ask(url, signer, scheme.other(), total_seconds)
    if asks_for_second_knock(second.status):
        return answer
    peers.note_scheme(host, scheme.other(), now)
    return second


def _ask(url: str, signer: Signer, scheme: Scheme, total_seconds: float) -> http.Answer:
    sign = partial(signer.sign_get, scheme=scheme)
    return http.fetch(url, headers={"Accept": ACCEPT}, sign=sign, total_seconds=total_seconds)


def _read(answer: http.Answer) -> dict[str, Any]:
    if not _is_activity_type(answer):
        raise BadDocument(cause=f"{answer.url[:300]} is {answer.headers.get('content-type', '')[:100]!r}")
    try:
        document = parse_document(answer.body)
    except MalformedDocument as error:
        raise BadDocument(cause=f"{answer.url[:300]}: {error.cause}") from error
    if type_of(document) == "Tombstone":
        raise DocumentGone(cause=f"{answer.url[:300]} is a Tombstone")
    budgets.spend_document(document)
    return document


def _is_activity_type(answer: http.Answer) -> bool:
    """Only these two: anything else may be a file that somebody uploaded (CVE-2024-25623)."""
    if answer.content_type == ACTIVITY_JSON:
        return True
    parameters = answer.headers.get("content-type", "").partition(";")[2]
    profile = parameters.replace(" ", "").replace("'", '"')
    return answer.content_type == "application/ld+json" and f'profile="{AS2}"' in profile


def _alternate(answer: http.Answer) -> str:
    for href, parameters in _LINK_HEADER_PART.findall(answer.headers.get("link", "")[:8192]):
        if ACTIVITY_JSON in parameters and "alternate" in parameters:
            return urljoin(answer.url, href)
    page = answer.body[:_HTML_READ_LENGTH].decode("utf-8", errors="replace")
    for match in _LINK_TAG.finditer(page):
        attributes = {
            name.lower(): unescape(double or single or bare)
            for name, double, single, bare in _ATTRIBUTE.findall(match[1])
        }
        if (
            attributes.get("type") == ACTIVITY_JSON
            and "alternate" in attributes.get("rel", "").lower().split()
        ):
            return urljoin(answer.url, attributes.get("href", ""))
    raise BadDocument(cause=f"{answer.url[:300]} is a page without a document")
