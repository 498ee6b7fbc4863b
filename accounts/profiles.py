"""Changing a profile: what is allowed, what is stored, and that followers elsewhere learn of it.

Called by the API's update_credentials and profile doors.
Source: API behaviours sections 8 and 15 (limits).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import outbox
from accounts.events import AccountUpdated
from accounts.models import Account, Follow
from accounts.relationships import accept_follow
from accounts.validation import LANGUAGE, fault, invalid, too_long
from accounts.verification import check_links_soon
from core.errors import FieldError
from core.events import emit
from core.hosts import normalise_host
from core.text import clean_line, clean_text, count_characters
from media.files import delete_files
from media.pictures import store_avatar, store_header

MAX_DISPLAY_NAME = 40
MAX_NOTE = 500
MAX_DESCRIPTION = 150
MAX_FIELDS = 4
MAX_FIELD_NAME = 255
MAX_FIELD_VALUE = 255
MAX_ATTRIBUTION_DOMAINS = 100

_VISIBILITIES = (Account.Visibility.PUBLIC, Account.Visibility.UNLISTED, Account.Visibility.PRIVATE)
_PREFERENCES = {"default_visibility", "default_sensitive", "default_language", "default_quote_policy"}
_PLAIN = (
    "locked",
    "discoverable",
    "hide_collections",
    "indexable",
    "show_media",
    "show_media_replies",
    "show_featured",
    "default_visibility",
    "default_sensitive",
    "default_language",
    "default_quote_policy",
)


@dataclass(frozen=True)
class ProfileChanges:
    """What shall change; None leaves a value as it is. ``avatar`` and ``header`` are uploads."""

    display_name: str | None = None
    note: str | None = None
    fields: Sequence[tuple[str, str]] | None = None
    avatar: object | None = None
    header: object | None = None
    avatar_description: str | None = None
    header_description: str | None = None
    locked: bool | None = None
    bot: bool | None = None
    discoverable: bool | None = None
    hide_collections: bool | None = None
    indexable: bool | None = None
    show_media: bool | None = None
    show_media_replies: bool | None = None
    show_featured: bool | None = None
    attribution_domains: Sequence[str] | None = None
    default_visibility: str | None = None
    default_sensitive: bool | None = None
    default_language: str | None = None
    default_quote_policy: str | None = None


def update_profile(account: Account, changes: ProfileChanges) -> None:
    """Change the profile of a local account and tell servers that know it.

    Raises Unprocessable with details when a value is too long or none that is known, or a picture cannot be
    read; then nothing has changed. Unlocking accepts the requests that wait. Links in fields are checked for
    a link back, by a job after commit, whenever fields are sent.
    """
    values = _text_values(changes) | _plain_values(account, changes)
    _check(values)
    if changes.fields is not None:
        values["fields"] = _merge_fields(account, values["fields"])
    if changes.avatar is not None:
        values["avatar"] = store_avatar(changes.avatar)
    if changes.header is not None:
        values["header"] = store_header(changes.header)
    _store(account, values)
    if changes.fields is not None:
        check_links_soon(account)


def remove_picture(account: Account, name: str) -> None:
    """Remove the ``avatar`` or ``header`` of a local account with its description."""
    _store(account, {name: "", f"{name}_description": ""})


def _text_values(changes: ProfileChanges) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if changes.display_name is not None:
        values["display_name"] = clean_line(changes.display_name)
    if changes.note is not None:
        values["note"] = clean_text(changes.note).strip()
    for name in ("avatar_description", "header_description"):
        if (description := getattr(changes, name)) is not None:
            values[name] = clean_text(description).strip()
    if changes.fields is not None:
        cleaned = [(clean_line(name), clean_line(value)) for name, value in changes.fields]
        values["fields"] = [(name, value) for name, value in cleaned if name or value]
    if changes.attribution_domains is not None:
        domains = [_clean_domain(text) for text in changes.attribution_domains]
        values["attribution_domains"] = list(dict.fromkeys(domain for domain in domains if domain))
    return values


def _clean_domain(text: str) -> str:
    """Return the canonical form of a domain; what is none stays as it is, to be refused."""
    domain = text.strip().lower().removeprefix("*.")
    return normalise_host(domain) if _is_domain(domain) else domain


def _plain_values(account: Account, changes: ProfileChanges) -> dict[str, Any]:
    values = {name: value for name in _PLAIN if (value := getattr(changes, name)) is not None}
    is_bot = account.actor_type == Account.ActorType.SERVICE
    if changes.bot is not None and changes.bot != is_bot:
        values["actor_type"] = Account.ActorType.SERVICE if changes.bot else Account.ActorType.PERSON
    return values


# Rules


def _check(values: dict[str, Any]) -> None:
    details: dict[str, list[FieldError]] = {}
    if len(values.get("display_name", "")) > MAX_DISPLAY_NAME:
        details["display_name"] = [too_long(MAX_DISPLAY_NAME)]
    if count_characters(values.get("note", "")) > MAX_NOTE:
        details["note"] = [too_long(MAX_NOTE)]
    for name in ("avatar_description", "header_description"):
        if len(values.get(name, "")) > MAX_DESCRIPTION:
            details[name] = [too_long(MAX_DESCRIPTION)]
    if faults := _field_faults(values.get("fields", [])):
        details["fields"] = faults
    if values.get("default_visibility", Account.Visibility.PUBLIC) not in _VISIBILITIES:
        details["source.privacy"] = [fault("ERR_INCLUSION", _("is none of those offered"))]
    if (language := values.get("default_language")) and not LANGUAGE.fullmatch(language):
        details["source.language"] = [fault("ERR_INCLUSION", _("is no language code"))]
    if values.get("default_quote_policy", Account.QuotePolicy.PUBLIC) not in Account.QuotePolicy.values:
        details["source.quote_policy"] = [fault("ERR_INCLUSION", _("is none of those offered"))]
    if faults := _domain_faults(values.get("attribution_domains", [])):
        details["attribution_domains"] = faults
    if details:
        raise invalid(details)


def _domain_faults(domains: Sequence[str]) -> list[FieldError]:
    if len(domains) > MAX_ATTRIBUTION_DOMAINS:
        return [fault("ERR_TOO_MANY", _("may be at most %(most)d") % {"most": MAX_ATTRIBUTION_DOMAINS})]
    if not all(_is_domain(domain) for domain in domains):
        return [fault("ERR_INVALID", _("may only contain domains"))]
    return []


def _is_domain(text: str) -> bool:
    try:
        normalise_host(text)
    except ValueError:
        return False
    return True


def _field_faults(fields: Sequence[tuple[str, str]]) -> list[FieldError]:
    faults = []
    if len(fields) > MAX_FIELDS:
        faults.append(fault("ERR_TOO_MANY", _("may be at most %(most)d") % {"most": MAX_FIELDS}))
    if any(not name for name, _value in fields):
        faults.append(fault("ERR_BLANK", _("need a name each")))
    if any(len(name) > MAX_FIELD_NAME or len(value) > MAX_FIELD_VALUE for name, value in fields):
        faults.append(too_long(MAX_FIELD_VALUE))
    return faults


def _merge_fields(account: Account, fields: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Keep the proof of a link that stays as it was, whatever it is called now."""
    proofs = {entry["value"]: entry.get("verified_at") for entry in account.fields}
    return [{"name": name, "value": value, "verified_at": proofs.get(value)} for name, value in fields]


# Storing


def _store(account: Account, values: dict[str, Any]) -> None:
    changed = {name: value for name, value in values.items() if getattr(account, name) != value}
    if not changed:
        return
    unlocked = account.locked and changed.get("locked") is False
    replaced = [getattr(account, name) for name in ("avatar", "header") if name in changed]
    for name, value in changed.items():
        setattr(account, name, value)
    with transaction.atomic():
        account.save(update_fields=[*changed])
        delete_files(replaced)
        if unlocked:
            _accept_all(account)
        if changed.keys() - _PREFERENCES:
            outbox.send_actor_update(account)
            emit(AccountUpdated(account.pk))


def _accept_all(account: Account) -> None:
    waiting = Follow.objects.requested().filter(target=account, account__silenced_at__isnull=True)
    for request in waiting.select_related("account", "target").order_by("id"):
        accept_follow(request)
