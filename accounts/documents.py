"""ActivityPub JSON of actors of ours and of what they are to others.

Called by accounts/outbox.py and accounts/views.py; accounts/actors.py reads those of others. Pure, save for
`load_actor`, which gathers what the document of an actor of ours needs.
Source: contract of the federation 1.4, 4.4.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts import featuring
from accounts.models import Account, Block, Follow, Move
from core.api.rendering import iso
from core.text import find_hashtags, find_shortcodes, normalise_tag, render_field, render_plain
from federation.keys import public_key_document
from federation.vocab import AS2, CONTEXT, PUBLIC
from media.documents import mime_type_of, render_emoji_tag
from media.emojis import load_emojis
from media.files import file_url
from media.models import CustomEmoji

Document = dict[str, Any]


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
        "showFeatured": account.show_featured,
        "showMedia": account.show_media,
        "showRepliesInMedia": account.show_media_replies,
        "interactionPolicy": {"canFeature": {"automaticApproval": _may_be_featured_by(account)}},
        "publicKey": dict(public_key),
        "tag": [] if suspended else _render_tags(account, emojis),
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


def _may_be_featured_by(account: Account) -> list[str]:
    """Return who may put the account into a collection at once; the account alone is nobody (FEP-7aa9)."""
    addresses = {featuring.PUBLIC: PUBLIC, featuring.FOLLOWERS: f"{account.uri}/followers"}
    return [addresses[key] for key in featuring.featured_by(account)] or [account.uri]


def _render_tags(account: Account, emojis: Sequence[CustomEmoji]) -> list[Document]:
    hashtags = [
        {"type": "Hashtag", "href": tag_url(normalise_tag(name)), "name": f"#{name}"}
        for name in find_hashtags(account.note)
    ]
    return [*map(render_emoji_tag, emojis), *hashtags]


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
    if account.attribution_domains:
        found["attributionDomains"] = list(account.attribution_domains)
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


def render_reject_by_server(server_uri: str, follower_uri: str, follow_uri: str) -> Document:
    """Render the answer no of the server's own actor, whom nobody follows."""
    follow = {"id": follow_uri, "type": "Follow", "actor": follower_uri, "object": server_uri}
    number = hashlib.sha256(follow_uri.encode()).hexdigest()[:16]
    return _activity(
        f"{server_uri}#rejects/follows/{number}", "Reject", server_uri, to=[follower_uri], object=follow
    )


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


def render_move(move: Move) -> Document:
    """Render the Move of a local account."""
    account = move.account
    return _activity(
        f"{account.uri}#moves/{move.pk}",
        "Move",
        account.uri,
        to=[f"{account.uri}/followers"],
        object=account.uri,
        target=move.target.uri,
    )


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
