"""Proving that a link in a profile leads to the person's own page: that page links back with ``rel="me"``.

Called by accounts/profiles.py after a change and by accounts/remote.py when an actor was read; the check is a
job on the queue `default`. Saving the profile again checks again what is not proven yet. A proof stays as
long as the value does.
Source: API behaviours section 8; microformats.org/wiki/rel-me.
"""

import re
from html import unescape
from typing import Any

import nh3
import structlog
from celery import shared_task
from django.db import transaction
from django.utils import timezone

from accounts.events import AccountUpdated
from accounts.models import Account
from core.addresses import is_private_host
from core.api.rendering import iso
from core.errors import RemoteUnreachable
from core.events import emit
from core.hosts import split_url
from core.http import fetch
from core.text import html_to_text

MAX_PAGE_BYTES = 1_048_576
# The parser takes quadratic time in the depth of open elements; nobody's page has so many tags.
_MAX_TAGS = 10_000
_TOTAL_SECONDS = 15.0
# Others may have fifty fields; so many of them are looked at.
_MAX_LINKS = 8
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_LINKS = nh3.Cleaner(
    tags={"a", "link"},
    attributes={"a": {"href", "rel"}, "link": {"href", "rel"}},
    link_rel=None,
)
# Only for what the parser wrote: every value is quoted, every quotation mark in it escaped.
_LINK = re.compile(r'<(?:a|link)((?: [a-z]+="[^"]*")+)>')
# A value of others that is nothing but a link that shows where it leads.
_WHOLE_LINK = re.compile(r'<a href="([^"]*)"[^<>]*>.*</a>', re.DOTALL)
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')

log = structlog.get_logger(__name__)


def check_links_soon(account: Account) -> None:
    """Have the links of an account's fields checked after commit, if any is not proven yet."""
    if _unproven(account):
        account_id = account.pk
        # Robust: when the queue is away, the profile is saved all the same.
        transaction.on_commit(lambda: check_links.delay(account_id=account_id), robust=True)


@shared_task(name="accounts.check_links", queue="default")
def check_links(*, account_id: int) -> None:
    """Fetch the pages that an account's fields link to and note which of them link back. Repeat-safe."""
    account = Account.objects.available().filter(pk=account_id).first()
    if account is None:
        return
    proven = {url for url in _unproven(account) if _links_back(url, account.url)}
    if proven:
        _note_proofs(account_id, proven)


def _unproven(account: Account) -> list[str]:
    values = [_link(entry["value"], account) for entry in account.fields if not entry.get("verified_at")]
    return [value for value in dict.fromkeys(values) if is_verifiable(value)][:_MAX_LINKS]


def _link(value: str, account: Account) -> str:
    """Return the address that a field's whole value is, "" when it is more or else than that."""
    if account.is_local:
        return value
    match = _WHOLE_LINK.fullmatch(value.strip())
    address = unescape(match[1]) if match else ""
    return address if html_to_text(value).strip() == address else ""


def keep_proofs(fields: list[dict[str, Any]], known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the fields with the proofs of those that are as they were."""
    proofs = {(entry["name"], entry["value"]): entry.get("verified_at") for entry in known}
    return [entry | {"verified_at": proofs.get((entry["name"], entry["value"]))} for entry in fields]


def is_verifiable(value: str) -> bool:
    """Tell whether a field's whole value is one https link whose host is shown as it is.

    A link with something around it could be shown as a link to somewhere else (CVE-2023-36462).
    """
    if not value.isascii():
        return False
    try:
        parts = split_url(value)
        is_ours_to_test = is_private_host(parts.hostname or "", parts.port or 80)
    except ValueError:
        return False
    return parts.scheme == "https" or is_ours_to_test


def _links_back(url: str, profile_url: str) -> bool:
    try:
        page = fetch(
            url,
            headers={"Accept": "text/html"},
            limit_bytes=MAX_PAGE_BYTES,
            total_seconds=_TOTAL_SECONDS,
        )
    except RemoteUnreachable:
        return False  # core.http has logged why
    if page.status != 200 or page.content_type not in _PAGE_TYPES:
        log.info("link_not_checked", url=url, status=page.status, content_type=page.content_type[:100])
        return False
    return profile_url in find_me_links(page.body.decode("utf-8", "replace"))


def find_me_links(html: str) -> set[str]:
    """Return where the ``a`` and ``link`` elements with ``rel="me"`` of a page lead, as they are written."""
    pieces = html.split("<", _MAX_TAGS + 1)
    clean = _LINKS.clean("<".join(pieces[: _MAX_TAGS + 1]))
    found = set()
    for match in _LINK.finditer(clean):
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(match[1])}
        if "me" in attributes.get("rel", "").lower().split() and "href" in attributes:
            found.add(attributes["href"].strip())
    return found


def _note_proofs(account_id: int, proven: set[str]) -> None:
    now = iso(timezone.now())
    with transaction.atomic():
        # The profile may have changed meanwhile: what counts is what it says now.
        account = Account.objects.select_for_update().filter(pk=account_id).first()
        if account is None:
            return
        fields = [
            entry | {"verified_at": now}
            if _link(entry["value"], account) in proven and not entry.get("verified_at")
            else entry
            for entry in account.fields
        ]
        if fields != account.fields:
            account.fields = fields
            account.save(update_fields=["fields"])
            emit(AccountUpdated(account_id))
