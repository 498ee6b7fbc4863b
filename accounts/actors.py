"""Actor documents of other servers → plain values, checked, cleaned and cut to our limits. Pure.

Called by accounts/remote.py. Source: contract of the federation 5.2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from core.addresses import is_denied, is_private_host
from core.errors import BadRequest
from core.hosts import host_of, normalise_host, same_host
from core.text import clean_line, sanitise_html
from federation.vocab import (
    ACTOR_TYPES,
    first_of,
    id_of,
    ids_of,
    lang_string,
    link_href,
    list_of,
    string_of,
    time_of,
    type_of,
    types_of,
)
from media.documents import RemoteEmoji, parse_emojis

USERNAME = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*", re.IGNORECASE)
MAX_NAME = 2048
MAX_NOTE = 20 * 1024
MAX_FIELDS = 50
MAX_FIELD_TEXT = 2047
MAX_ALIASES = 256
MAX_ATTRIBUTION_DOMAINS = 256
_MAX_DOMAIN = 260


class BadActor(BadRequest):
    """The document is no actor that we can store."""


@dataclass(frozen=True, slots=True)
class ActorValues:
    """What we keep of a remote actor, checked, cleaned and cut to our limits. HTML is sanitised."""

    uri: str
    actor_type: str
    username: str
    webfinger: str
    display_name: str
    note: str
    url: str
    fields: list[dict[str, Any]]
    avatar_remote_url: str
    avatar_description: str
    header_remote_url: str
    header_description: str
    locked: bool
    discoverable: bool
    indexable: bool
    memorial: bool
    suspended: bool
    also_known_as: list[str]
    moved_to_uri: str
    attribution_domains: list[str]
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    inbox_url: str
    shared_inbox_url: str
    outbox_url: str
    followers_url: str
    following_url: str
    featured_url: str
    featured_tags_url: str
    created_at: datetime
    emojis: list[RemoteEmoji]


def read_actor(document: Mapping[str, Any]) -> ActorValues:
    """Read an actor document; raises BadActor without id, type, name or inbox, all else may be missing."""
    uri = string_of(document, "id") or ""
    actor_type = next((kind for kind in types_of(document) if kind in ACTOR_TYPES), None)
    if actor_type is None or host_of(uri) is None:
        raise BadActor(cause=f"no actor: {type_of(document)}")
    username = _username(document)
    inbox = _inbox(document)
    if not inbox or not username:
        raise BadActor(cause="an actor needs an inbox and a name")
    avatar, avatar_description = _read_image(document.get("icon"))
    header, header_description = _read_image(document.get("image"))
    return ActorValues(
        uri=uri,
        actor_type=actor_type,
        username=username,
        webfinger=_declared_handle(document),
        display_name=clean_line(_text(document, "name"))[:MAX_NAME],
        note=sanitise_html(_text(document, "summary")[:MAX_NOTE]),
        url=_page_url(document, uri),
        fields=_read_fields(document),
        avatar_remote_url=avatar,
        avatar_description=avatar_description,
        header_remote_url=header,
        header_description=header_description,
        locked=document.get("manuallyApprovesFollowers") is True,
        discoverable=document.get("discoverable") is True,
        indexable=document.get("indexable") is True,
        memorial=document.get("memorial") is True,
        suspended=document.get("suspended") is True,
        also_known_as=[iri for iri in ids_of(document.get("alsoKnownAs")) if host_of(iri)][:MAX_ALIASES],
        moved_to_uri=_address(document.get("movedTo")),
        attribution_domains=_read_domains(document),
        show_media=document.get("showMedia") is not False,
        show_media_replies=document.get("showRepliesInMedia") is not False,
        show_featured=document.get("showFeatured") is not False,
        inbox_url=inbox,
        shared_inbox_url=_shared_inbox(document, inbox),
        outbox_url=_collection(document, "outbox", uri),
        followers_url=_collection(document, "followers", uri),
        following_url=_collection(document, "following", uri),
        featured_url=_collection(document, "featured", uri),
        featured_tags_url=_collection(document, "featuredTags", uri),
        created_at=_creation(document),
        emojis=parse_emojis(document.get("tag")),
    )


def _username(document: Mapping[str, Any]) -> str:
    name = string_of(document, "preferredUsername") or _declared_handle(document).partition("@")[0]
    return name if len(name) <= MAX_NAME and USERNAME.fullmatch(name) else ""


def _declared_handle(document: Mapping[str, Any]) -> str:
    """Return the handle that the actor names itself (FEP-2c59), with or without the scheme."""
    return (string_of(document, "webfinger") or "").removeprefix("acct:").removeprefix("@")


def _text(document: Mapping[str, Any], key: str) -> str:
    found = lang_string(document, key)
    return found.text if found else ""


def _address(value: Any) -> str:
    address = id_of(value) or ""
    return address if host_of(address) else ""


def _inbox(document: Mapping[str, Any]) -> str:
    """Return the inbox, unless it names an address that nobody outside can mean (core/http.py asks again)."""
    address = _address(document.get("inbox"))
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    try:
        denied = is_denied(ip_address(host)) and not is_private_host(host, port)
    except ValueError:
        return address
    return "" if denied else address


def _collection(document: Mapping[str, Any], key: str, uri: str) -> str:
    """A collection elsewhere could claim the followers of others, so only those on the actor's host count."""
    address = _address(document.get(key))
    return address if same_host(address, uri) else ""


def _shared_inbox(document: Mapping[str, Any], inbox: str) -> str:
    endpoints = first_of(document.get("endpoints"))
    address = _address(endpoints.get("sharedInbox")) if isinstance(endpoints, dict) else ""
    return address if same_host(address, inbox) else ""


def _page_url(document: Mapping[str, Any], uri: str) -> str:
    found = link_href(document.get("url"))
    return found if found and same_host(found, uri) else uri


def _read_image(value: Any) -> tuple[str, str]:
    """Return address and description of an Image, a Link, a bare string or the first of a list."""
    image = first_of(value)
    address = (
        link_href(image.get("url") or image.get("href")) if isinstance(image, dict) else link_href(image)
    )
    if not address:
        return "", ""
    described = (string_of(image, "summary") or string_of(image, "name")) if isinstance(image, dict) else None
    return address, clean_line(described or "")[:MAX_NAME]


def _read_fields(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for item in list_of(document.get("attachment")):
        if not isinstance(item, dict) or type_of(item) != "PropertyValue":
            continue
        name, value = string_of(item, "name"), string_of(item, "value")
        if name is not None and value is not None:
            found.append(
                {
                    "name": clean_line(name)[:MAX_FIELD_TEXT],
                    "value": sanitise_html(value[:MAX_FIELD_TEXT]),
                    "verified_at": None,
                }
            )
    return found[:MAX_FIELDS]


def _read_domains(document: Mapping[str, Any]) -> list[str]:
    """Return the sites whose articles may name the account, in their canonical form."""
    found = []
    for name in list_of(document.get("attributionDomains"))[:MAX_ATTRIBUTION_DOMAINS]:
        try:
            found.append(normalise_host(name.removeprefix("*.")) if isinstance(name, str) else "")
        except ValueError:
            continue
    return [name for name in dict.fromkeys(found) if name and len(name) <= _MAX_DOMAIN]


def _creation(document: Mapping[str, Any]) -> datetime:
    now = timezone.now()
    return min(time_of(document, "published") or now, now)
