"""Accounts as apps see them: the renderer, and the loader of what a page of them needs.

Called by the API doors, by statuses and notifications, and by streaming. A page costs the same number of
queries for 1 and for 40 accounts.
Source: Mastodon docs, "Account", "MutedAccount"; API behaviours section 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from django.conf import settings

from accounts import roles
from accounts.documents import note_html
from accounts.entities.approval import load_approvals, render_approval
from accounts.models import Account, Membership, Mute, User
from accounts.remote import INVALID_DOMAIN
from core.api.rendering import iso
from core.prepared import Ids, Prepared
from core.text import find_shortcodes, render_field
from media.emojis import load_emojis
from media.entities import render_emoji
from media.files import file_url
from media.models import CustomEmoji
from media.proxy import Kind, proxied_url

Entity = dict[str, Any]

MISSING_AVATAR = "/static/avatars/missing.png"
MISSING_HEADER = "/static/headers/missing.png"


@dataclass(frozen=True)
class AccountPage:
    """Accounts with all that is shown of them."""

    accounts: Sequence[Account]
    moved_to: dict[int, Account] = field(default_factory=dict)
    emojis: dict[tuple[str, str | None], CustomEmoji] = field(default_factory=dict)
    roles: dict[int, str] = field(default_factory=dict)


def load_account_page(accounts: Sequence[Account]) -> AccountPage:
    """Load what rendering these accounts needs, in at most three queries."""
    moved_ids = {account.moved_to_id for account in accounts if account.moved_to_id is not None}
    moved_to = Account.objects.in_bulk(moved_ids) if moved_ids else {}
    everyone = [*accounts, *moved_to.values()]
    wanted = {(code, account.domain) for account in everyone for code in _shortcodes(account)}
    local_ids = {account.pk for account in everyone if account.is_local}
    staff = dict(_STAFF.tuples(ids=list(local_ids))) if local_ids else {}
    return AccountPage(accounts, moved_to, load_emojis(wanted), staff)


def _shortcodes(account: Account) -> list[str]:
    texts = [account.display_name, account.note]
    texts += [text for entry in account.fields for text in (entry["name"], entry["value"])]
    return find_shortcodes(" ".join(texts)) if any(":" in text for text in texts) else []


_STAFF = Prepared(
    lambda ids: Membership.objects.filter(
        account_id__in=ids.rows,
        role=Membership.Role.OWNER,
        user__role__in=[User.Role.ADMIN, User.Role.MODERATOR],
    ).values_list("account_id", "user__role"),
    ids=Ids,
)


def render_accounts(accounts: Sequence[Account]) -> list[Entity]:
    """Return the entities of these accounts, in their order."""
    page = load_account_page(accounts)
    return [_render_account(account, page) for account in accounts]


def render_account(account: Account) -> Entity:
    """Return the entity of one account."""
    return render_accounts([account])[0]


def render_accounts_for(viewer: Account | None, accounts: Sequence[Account]) -> list[Entity]:
    """Return the entities of these accounts with what only this viewer is told, at one query more."""
    approvals = load_approvals(viewer, accounts)
    return [
        entity | {"feature_approval": approvals[account.pk]}
        for entity, account in zip(render_accounts(accounts), accounts, strict=True)
    ]


def render_account_for(viewer: Account | None, account: Account) -> Entity:
    """Return the entity of one account with what only this viewer is told."""
    return render_accounts_for(viewer, [account])[0]


def _render_account(account: Account, page: AccountPage, *, nested: bool = False) -> Entity:
    suspended = account.suspended_at is not None
    entity = _identity(account) | (_blank_profile() if suspended else _profile(account, page))
    entity |= {
        "locked": account.locked,
        "bot": account.actor_type in (Account.ActorType.SERVICE, Account.ActorType.APPLICATION),
        "group": account.actor_type == Account.ActorType.GROUP,
        "discoverable": account.discoverable and not suspended,
        "indexable": account.indexable and not suspended,
        "hide_collections": account.hide_collections,
        "show_media": account.show_media,
        "show_media_replies": account.show_media_replies,
        "show_featured": account.show_featured,
        "feature_approval": render_approval(account),
        "created_at": iso(
            account.created_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        ),
        "last_status_at": _date(account),
        "statuses_count": account.statuses_count,
        "followers_count": account.followers_count,
        "following_count": account.following_count,
    }
    if account.is_local:
        entity["noindex"] = not account.indexable
        entity["roles"] = [] if suspended else roles.render_highlighted(page.roles.get(account.pk))
    for key, holds in _marks(account).items():
        if holds:
            entity[key] = True
    moved_to = page.moved_to.get(account.moved_to_id or 0)
    if moved_to is not None and not nested:
        entity["moved"] = None if suspended else _render_account(moved_to, page, nested=True)
    return entity


def _identity(account: Account) -> Entity:
    return {
        "id": str(account.pk),
        "username": account.username,
        "acct": account.acct,
        "url": account.url or account.uri,
        "uri": account.uri,
    }


def _marks(account: Account) -> dict[str, bool]:
    return {
        "suspended": account.suspended_at is not None,
        "limited": account.silenced_at is not None,
        "memorial": account.memorial,
        "invalid_handle": account.domain == INVALID_DOMAIN,
    }


def _date(account: Account) -> str | None:
    return account.last_status_at.astimezone(UTC).date().isoformat() if account.last_status_at else None


def _profile(account: Account, page: AccountPage) -> Entity:
    found = (page.emojis.get((code, account.domain)) for code in dict.fromkeys(_shortcodes(account)))
    avatar, header = avatar_url(account), header_url(account)
    return {
        "display_name": account.display_name,
        "note": note_html(account) if account.is_local else account.note,
        "fields": [_render_field(account, entry) for entry in account.fields],
        "emojis": [render_emoji(emoji) for emoji in found if emoji is not None],
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": account.avatar_description,
        "header": header,
        "header_static": header,
        "header_description": account.header_description,
    }


def _blank_profile() -> Entity:
    avatar, header = settings.BASE_URL + MISSING_AVATAR, settings.BASE_URL + MISSING_HEADER
    return {
        "display_name": "",
        "note": "",
        "fields": [],
        "emojis": [],
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": "",
        "header": header,
        "header_static": header,
        "header_description": "",
    }


def _render_field(account: Account, entry: dict[str, Any]) -> Entity:
    value = render_field(entry["value"]) if account.is_local else entry["value"]
    return {"name": entry["name"], "value": value, "verified_at": entry.get("verified_at")}


def avatar_url(account: Account) -> str:
    """Return the absolute address of an account's avatar; without one it ends with /missing.png."""
    return _picture_url(Kind.AVATAR, account.avatar, account.avatar_remote_url, MISSING_AVATAR)


def header_url(account: Account) -> str:
    """Return the absolute address of an account's header; without one it ends with /missing.png."""
    return _picture_url(Kind.HEADER, account.header, account.header_remote_url, MISSING_HEADER)


def _picture_url(kind: Kind, name: str, remote_url: str, missing: str) -> str:
    if name:
        return file_url(name)
    return proxied_url(kind, remote_url) if remote_url else settings.BASE_URL + missing


def render_muted_accounts(mutes: Sequence[Mute]) -> list[Entity]:
    """Return the accounts of these mutes (``target`` loaded), each with the end of the mute."""
    entities = render_accounts([mute.target for mute in mutes])
    return [
        entity | {"mute_expires_at": iso(mute.expires_at) if mute.expires_at else None}
        for entity, mute in zip(entities, mutes, strict=True)
    ]
