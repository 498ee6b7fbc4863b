"""ActivityPub JSON of actors and of what they are to each other ↔ plain values.

Rendering is called by accounts/outbox.py and accounts/views.py, reading by accounts/remote.py. Pure, save for
`load_actor`, which gathers what the document of an actor of ours needs.
Source: contract of the federation 1.4, 4.4, 5.2.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import Account, Block, Follow
from core.api.rendering import iso
from core.errors import BadRequest
from core.hosts import host_of, same_host
from core.text import clean_line, find_shortcodes, render_field, render_plain, sanitise_html
from federation.keys import public_key_document
from federation.vocab import (
    ACTOR_TYPES,
    AS2,
    CONTEXT,
    PUBLIC,
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
from media.documents import RemoteEmoji, mime_type_of, parse_emojis, render_emoji_tag
from media.emojis import load_emojis
from media.files import file_url
from media.models import CustomEmoji

Document = dict[str, Any]

USERNAME = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*", re.IGNORECASE)
MAX_NAME = 2048
MAX_NOTE = 20 * 1024
MAX_FIELDS = 50
MAX_FIELD_TEXT = 2047
MAX_ALIASES = 256


# Out


def load_actor(account: Account) -> Document:
    """Return the actor document of a local account, with its key and the custom emoji of its texts."""
    texts = [account.display_name, account.note]
    texts += [text for field in account.fields for text in (field["name"], field["value"])]
    shortcodes = {code for text in texts for code in find_shortcodes(text)}
    emojis = load_emojis((code, None) for code in shortcodes)
    return render_actor(account, public_key_document(account.uri), list(emojis.values()))


def render_actor(
    account: Account, public_key: Mapping[str, str], emojis: Sequence[CustomEmoji] = ()
) -> Document:
    """Render the actor document of a local account; a suspended one is blanked."""
    suspended = account.suspended_at is not None
    document: Document = {
        "@context": CONTEXT,
        "id": account.uri,
        "webfinger": account.handle,
        "type": account.actor_type,
        "following": f"{account.uri}/following",
        "followers": f"{account.uri}/followers",
        "inbox": f"{account.uri}/inbox",
        "outbox": f"{account.uri}/outbox",
        "featured": f"{account.uri}/collections/featured",
        "featuredTags": f"{account.uri}/collections/tags",
        "preferredUsername": account.username,
        "name": account.username if suspended else account.display_name or account.username,
        "summary": "" if suspended else note_html(account),
        "url": account.url,
        "manuallyApprovesFollowers": account.locked,
        "discoverable": account.discoverable and not suspended,
        "indexable": account.indexable and not suspended,
        "published": f"{account.created_at:%Y-%m-%d}T00:00:00Z",
        "memorial": account.memorial,
        "publicKey": dict(public_key),
        "tag": [] if suspended else [render_emoji_tag(emoji) for emoji in emojis],
        "attachment": [] if suspended else _render_fields(account),
        "endpoints": {"sharedInbox": f"{settings.BASE_URL}/inbox"},
    }
    if suspended:
        return document | {"suspended": True}
    return document | _render_images(account) | _render_moves(account)


def note_html(account: Account) -> str:
    """Return the bio of a local account as HTML."""
    return render_plain(account.note, tag_url=tag_url)


def tag_url(name: str) -> str:
    """Return the page of a hashtag on this server."""
    return f"{settings.BASE_URL}/tags/{name}"


def _render_fields(account: Account) -> list[Document]:
    return [
        {"type": "PropertyValue", "name": field["name"], "value": render_field(field["value"])}
        for field in account.fields
    ]


def _render_images(account: Account) -> Document:
    images = {
        "icon": (account.avatar, account.avatar_description),
        "image": (account.header, account.header_description),
    }
    return {
        name: {
            "type": "Image",
            "mediaType": mime_type_of(path),
            "url": file_url(path),
            "summary": description,
        }
        for name, (path, description) in images.items()
        if path
    }


def _render_moves(account: Account) -> Document:
    found: Document = {}
    if account.also_known_as:
        found["alsoKnownAs"] = list(account.also_known_as)
    if account.moved_to is not None:
        found["movedTo"] = account.moved_to.uri
    return found


def follow_uri(follow: Follow) -> str:
    """Return the id of the Follow activity: as its sender gave it, else ours."""
    return follow.uri or f"{follow.account.uri}#follows/{follow.pk}"


def block_uri(block: Block) -> str:
    """Return the id of the Block activity: as its sender gave it, else ours."""
    return block.uri or f"{block.account.uri}#blocks/{block.pk}"


def render_follow(follow: Follow) -> Document:
    """Render the Follow by a local account."""
    return _with_context(_follow(follow))


def render_undo_follow(follow: Follow) -> Document:
    """Render the Undo of a Follow by a local account."""
    return _activity(
        f"{follow.account.uri}#follows/{follow.pk}/undo", "Undo", follow.account.uri, object=_follow(follow)
    )


def render_accept(follow: Follow) -> Document:
    """Render the answer yes; it embeds the Follow as its sender wrote it, for some match on the strings."""
    return _answer(follow, "Accept", "accepts")


def render_reject(follow: Follow) -> Document:
    """Render the answer no."""
    return _answer(follow, "Reject", "rejects")


def render_block(block: Block) -> Document:
    """Render the Block by a local account."""
    return _with_context(_block(block))


def render_undo_block(block: Block) -> Document:
    """Render the Undo of a Block by a local account."""
    return _activity(f"{block_uri(block)}/undo", "Undo", block.account.uri, object=_block(block))


def render_actor_update(account: Account, actor_document: Mapping[str, Any], at: datetime) -> Document:
    """Render the Update that carries the whole actor."""
    inner = {key: value for key, value in actor_document.items() if key != "@context"}
    return {
        "@context": CONTEXT,
        "id": f"{account.uri}#updates/{int(at.timestamp() * 1000)}",
        "type": "Update",
        "actor": account.uri,
        "published": iso(at),
        "to": [PUBLIC],
        "object": inner,
    }


def render_actor_delete(account: Account) -> Document:
    """Render the Delete of a local actor."""
    return _activity(f"{account.uri}#delete", "Delete", account.uri, to=[PUBLIC], object=account.uri)


def _follow(follow: Follow) -> Document:
    return {
        "id": follow_uri(follow),
        "type": "Follow",
        "actor": follow.account.uri,
        "object": follow.target.uri,
    }


def _block(block: Block) -> Document:
    return {
        "id": block_uri(block),
        "type": "Block",
        "actor": block.account.uri,
        "object": block.target.uri,
    }


def _answer(follow: Follow, kind: str, path: str) -> Document:
    uri = f"{follow.target.uri}#{path}/follows/{follow.pk}"
    return _activity(uri, kind, follow.target.uri, to=[follow.account.uri], object=_follow(follow))


def _activity(uri: str, kind: str, actor_uri: str, **properties: Any) -> Document:
    return _with_context({"id": uri, "type": kind, "actor": actor_uri, **properties})


def _with_context(document: Document) -> Document:
    return {"@context": AS2, **document}


# In


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
    inbox_url: str
    shared_inbox_url: str
    outbox_url: str
    followers_url: str
    following_url: str
    featured_url: str
    created_at: datetime
    emojis: list[RemoteEmoji]


def read_actor(document: Mapping[str, Any]) -> ActorValues:
    """Read an actor document; raises BadActor without id, type, name or inbox, all else may be missing."""
    uri = string_of(document, "id") or ""
    actor_type = next((kind for kind in types_of(document) if kind in ACTOR_TYPES), None)
    if actor_type is None or host_of(uri) is None:
        raise BadActor(cause=f"no actor: {type_of(document)}")
    username = _username(document)
    inbox = _address(document.get("inbox"))
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
        inbox_url=inbox,
        shared_inbox_url=_shared_inbox(document, inbox),
        outbox_url=_collection(document, "outbox", uri),
        followers_url=_collection(document, "followers", uri),
        following_url=_collection(document, "following", uri),
        featured_url=_collection(document, "featured", uri),
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


def _creation(document: Mapping[str, Any]) -> datetime:
    now = timezone.now()
    return min(time_of(document, "published") or now, now)
