"""WebFinger: from a handle to an actor and back, asking others (client) and answering them (server).

The client half is called by `accounts/resolve.py`, the server half by the WebFinger door in
`accounts/views.py`.
Source: RFC 7033; contract of the federation §1.1, §1.2.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from core import http
from core.addresses import is_private_host
from core.errors import AppError, BadRequest, NotFound, RemoteUnreachable
from core.hosts import host_of, normalise_host
from federation.keys import instance_actor_uri
from federation.local import local_hosts
from federation.responses import error_response, json_response
from federation.vocab import (
    ACTIVITY_JSON,
    AS2,
    MalformedDocument,
    list_of,
    parse_document,
    string_of,
)

MAX_USERNAME_LENGTH = 2048
KEPT_SECONDS = 259_200
KEPT_ERROR_SECONDS = 180

_USERNAME = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*", re.IGNORECASE)
_ACCEPT = "application/jrd+json, application/json"
_SELF_TYPES = frozenset({ACTIVITY_JSON, f'application/ld+json;profile="{AS2}"'})
_XRD = "{http://docs.oasis-open.org/ns/xri/xrd-1.0}"


class HandleUnknown(RemoteUnreachable):
    """The server of the handle says there is no such account."""

    permanent = True
    default_message = _("There is no such account")


class HandleGone(HandleUnknown):
    """The server of the handle says the account is deleted for good."""


class HandleUnconfirmed(RemoteUnreachable):
    """Handle and actor do not name each other, so neither may be believed."""

    permanent = True


@dataclass(frozen=True, slots=True)
class WebfingerAnswer:
    """A handle as its own server writes it, and the actor that it stands for."""

    username: str
    host: str
    actor_uri: str


# Client


def lookup(username: str, host: str) -> WebfingerAnswer:
    """Ask a server whom a handle stands for.

    When the answer names another subject, that subject's own server is asked once more and must name itself.
    Raises HandleUnknown, HandleGone, HandleUnconfirmed, or RemoteUnreachable. The actor is not fetched here:
    its document must still be confirmed by `confirm_handle`.
    """
    asked = _handle(username, host)
    subject, actor_uri = _ask(*asked)
    if _same(subject, asked):
        return WebfingerAnswer(*subject, actor_uri)
    second, actor_uri = _ask(*subject)
    if not _same(second, subject):
        raise HandleUnconfirmed(cause=f"{'@'.join(subject)} names {'@'.join(second)} as its subject")
    return WebfingerAnswer(*second, actor_uri)


def confirm_handle(actor_document: Mapping[str, Any]) -> WebfingerAnswer:
    """Return the handle that an actor may carry: the one whose WebFinger answer names exactly this actor.

    The candidate is the actor's `webfinger` (FEP-2c59), else `preferredUsername` at the host of its id.
    Raises HandleUnconfirmed or what `lookup` raises.
    """
    actor_uri = string_of(actor_document, "id") or ""
    answer = lookup(*_candidate(actor_document, actor_uri))
    if answer.actor_uri != actor_uri:
        raise HandleUnconfirmed(
            cause=f"{answer.username}@{answer.host} is {answer.actor_uri}, not {actor_uri}"
        )
    return answer


def _candidate(actor_document: Mapping[str, Any], actor_uri: str) -> tuple[str, str]:
    declared = (string_of(actor_document, "webfinger") or "").removeprefix("acct:").removeprefix("@")
    username, separator, host = declared.partition("@")
    if separator and _USERNAME.fullmatch(username) and _is_host(host):
        return username, host
    return string_of(actor_document, "preferredUsername") or "", host_of(actor_uri) or ""


def _handle(username: str, host: str) -> tuple[str, str]:
    if len(username) > MAX_USERNAME_LENGTH or not _USERNAME.fullmatch(username):
        raise HandleUnknown(cause=f"{username[:300]!r} is no username")
    try:
        return username, normalise_host(host)
    except ValueError as error:
        raise HandleUnknown(cause=str(error)) from error


def _same(first: tuple[str, str], second: tuple[str, str]) -> bool:
    return first[0].lower() == second[0].lower() and first[1] == second[1]


def _ask(username: str, host: str) -> tuple[tuple[str, str], str]:
    """Return the subject and the self link that a server gives for a handle."""
    resource = quote(f"acct:{username}@{host}", safe="")
    answer = _get(host, f"/.well-known/webfinger?resource={resource}")
    if answer.status == 404:
        template = _host_meta_template(host)
        answer = http.fetch(template.replace("{uri}", resource), headers={"Accept": _ACCEPT})
    if answer.status == 410:
        raise HandleGone(cause=f"{username}@{host} answered 410")
    if answer.status in (400, 404):
        raise HandleUnknown(cause=f"{username}@{host} answered {answer.status}")
    if answer.status != 200:
        raise RemoteUnreachable(cause=f"{username}@{host} answered {answer.status}")
    return _read_jrd(answer)


def _get(host: str, path: str) -> http.Answer:
    """GET from the host by https; a private host of a development server may also speak plain http."""
    parts = urlsplit(f"//{host}")
    if not is_private_host(parts.hostname or "", parts.port or 443):
        return http.fetch(f"https://{host}{path}", headers={"Accept": _ACCEPT})
    first, second = ("http", "https") if settings.WEB_SCHEME == "http" else ("https", "http")
    try:
        return http.fetch(f"{first}://{host}{path}", headers={"Accept": _ACCEPT})
    except (http.ConnectionFailed, http.BadAnswer):
        return http.fetch(f"{second}://{host}{path}", headers={"Accept": _ACCEPT})


def _host_meta_template(host: str) -> str:
    answer = _get(host, "/.well-known/host-meta")
    if answer.status != 200:
        raise HandleUnknown(cause=f"{host} has neither the account nor host-meta ({answer.status})")
    # Without a document type there are no entities, and without entities no bombs.
    if b"<!" in answer.body:
        raise HandleUnknown(cause=f"{host}: host-meta has declarations")
    try:
        root = ElementTree.fromstring(answer.body.decode("utf-8-sig"))
    except (ElementTree.ParseError, UnicodeDecodeError, ValueError) as error:
        raise HandleUnknown(cause=f"{host}: host-meta cannot be read") from error
    for link in root.iter(f"{_XRD}Link"):
        template = link.get("template", "")
        if link.get("rel") == "lrdd" and "{uri}" in template:
            return template
    raise HandleUnknown(cause=f"{host}: host-meta names no lrdd template")


def _read_jrd(answer: http.Answer) -> tuple[tuple[str, str], str]:
    try:
        document = parse_document(answer.body)
    except MalformedDocument as error:
        raise HandleUnconfirmed(cause=f"{answer.url[:300]}: {error.cause}") from error
    username, separator, host = (string_of(document, "subject") or "").removeprefix("acct:").partition("@")
    actor_uri = next(filter(None, map(_self_link, list_of(document.get("links")))), None)
    if not separator or actor_uri is None:
        raise HandleUnconfirmed(cause=f"{answer.url[:300]}: no subject or no self link")
    return _handle(username, host), actor_uri


def _self_link(link: Any) -> str | None:
    if not isinstance(link, dict) or link.get("rel") != "self":
        return None
    media_type = (string_of(link, "type") or "").replace(" ", "").lower()
    return string_of(link, "href") if media_type in _SELF_TYPES else None


def _is_host(text: str) -> bool:
    try:
        normalise_host(text)
    except ValueError:
        return False
    return True


# Server


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSubject:
    """One of our accounts, as WebFinger describes it; `username` in its stored case."""

    username: str
    actor_uri: str
    profile_url: str
    avatar_url: str = ""
    avatar_type: str = ""


def answer_webfinger(request: HttpRequest, find_subject: Callable[[str], LocalSubject]) -> HttpResponse:
    """Answer `GET /.well-known/webfinger`; `find_subject(username)` (any case) raises NotFound or Gone.

    The instance actor is answered here. Errors become 400, 404 and 410 that caches keep for three minutes.
    """
    try:
        username = requested_username(request)
        subject = find_subject(username) if username else _instance_subject()
    except AppError as error:
        return _shared(error_response(error), KEPT_ERROR_SECONDS)
    response = json_response(render_jrd(subject), content_type="application/jrd+json; charset=utf-8")
    return _shared(response, KEPT_SECONDS)


def requested_username(request: HttpRequest) -> str:
    """Return the user part of the asked-for resource, "" for the instance actor.

    Takes `acct:user@host`, `user@host` and the addresses of our profiles and actors. Raises BadRequest when
    the parameter is missing or nonsense, NotFound when it is about another server.
    """
    resource = _resource(str(request.META.get("QUERY_STRING", "")))
    if resource.startswith(("https://", "http://")):
        return _username_of_url(resource)
    username, separator, host = resource.removeprefix("acct:").removeprefix("@").rpartition("@")
    if not separator:
        raise BadRequest(cause=f"resource {resource[:300]!r}")
    if not _is_host(host) or normalise_host(host) not in local_hosts():
        raise NotFound(cause=f"resource {resource[:300]!r} is not ours")
    return "" if username.lower() in local_hosts() else _known_form(username)


def render_jrd(subject: LocalSubject) -> dict[str, Any]:
    """Return the WebFinger document of one of our accounts."""
    base = settings.BASE_URL
    links: list[dict[str, str]] = [
        {
            "rel": "http://webfinger.net/rel/profile-page",
            "type": "text/html",
            "href": subject.profile_url,
        },
        {"rel": "self", "type": ACTIVITY_JSON, "href": subject.actor_uri},
        {
            "rel": "http://ostatus.org/schema/1.0/subscribe",
            "template": f"{base}/authorize_interaction?uri={{uri}}",
        },
        # What a person of ours can be sent to do here. Source: FEP-3b86.
        {"rel": "https://w3id.org/fep/3b86/Create", "template": f"{base}/share?text={{content}}"},
        {
            "rel": "https://w3id.org/fep/3b86/Object",
            "template": f"{base}/authorize_interaction?uri={{object}}",
        },
    ]
    if subject.avatar_url:
        links.append(
            {
                "rel": "http://webfinger.net/rel/avatar",
                "type": subject.avatar_type,
                "href": subject.avatar_url,
            }
        )
    return {
        "subject": f"acct:{subject.username}@{settings.LOCAL_DOMAIN}",
        "aliases": list(dict.fromkeys((subject.profile_url, subject.actor_uri))),
        "links": links,
    }


def _instance_subject() -> LocalSubject:
    uri = instance_actor_uri()
    return LocalSubject(username=settings.LOCAL_DOMAIN, actor_uri=uri, profile_url=uri)


def _resource(query: str) -> str:
    """Read the parameter by hand: form decoding would make a blank of a plus."""
    for pair in query.split("&"):
        name, _separator, value = pair.partition("=")
        if name == "resource" and value:
            return unquote(value)
    raise BadRequest(cause="no resource parameter")


def _username_of_url(url: str) -> str:
    if host_of(url) not in local_hosts():
        raise NotFound(cause=f"resource {url[:300]!r} is not ours")
    path = urlsplit(url).path
    if path in ("", "/", "/actor"):
        return ""
    for prefix in ("/users/", "/@"):
        if path.startswith(prefix):
            return _known_form(path.removeprefix(prefix))
    _not_ours(url)


def _known_form(username: str) -> str:
    if len(username) > MAX_USERNAME_LENGTH or not _USERNAME.fullmatch(username):
        _not_ours(username)
    return username


def _not_ours(resource: str) -> NoReturn:
    raise NotFound(cause=f"resource {resource[:300]!r} is no account")


def _shared(response: HttpResponse, seconds: int) -> HttpResponse:
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = f"max-age={seconds}, public"
    return response
