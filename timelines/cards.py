"""Preview cards: fetched a little after a post that links to a page, one request for each address.

`enqueue_card` is called for every new and changed post; the job is best effort: a post whose job is lost
shows no card. The wait is random, since all servers that get a post fetch the same page.
Source: contract of the federation 7 ("Amplification").
"""

import hashlib
import logging
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import orjson
from celery import shared_task
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from accounts.models import Account
from accounts.resolve import resolve_handle
from core import http
from core.errors import AppError, RemoteUnreachable
from core.hosts import host_of
from core.pubsub import connection
from core.rendered import touch
from federation.local import is_local_uri
from federation.peers import is_blocked
from media.models import RemoteCopy
from media.proxy import Kind
from media.remote_copies import fetch_copy
from timelines import live
from timelines.card_reader import EmbedValues, PageValues, decode_page, read_embed, read_page
from timelines.models import PreviewCard, Status, StatusCard

log = logging.getLogger(__name__)

_MOST_DELAY_SECONDS = 60
_ATTEMPTS = 4
_FRESH = timedelta(days=14)
# So long nobody asks again for a page that gave no card.
_ASKED_SECONDS = 600
_AT_ONCE_PER_HOST = 2
_SLOT_SECONDS = 60
_PAGE_BYTES = 1_048_576
_FETCH_SECONDS = 20.0
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_ANCHOR = re.compile(r"<a\s([^>]{1,6000})>")
_HREF = re.compile(r'href="(https?://[^"]{1,2040})"')
_CLASS = re.compile(r'class="([^"]{0,500})"')
# It leads to a status that is shown anyway.
_QUOTE_LINE = re.compile(r'<p class="quote-inline">.{0,8000}?</p>', re.DOTALL)
_NO_LINKS = {"mention", "hashtag", "u-url"}


def enqueue_card(status: Status) -> None:
    """Fetch the card of a post, or take its old one off, once the current transaction is committed."""
    status_id = status.pk
    if status.reblog_of_id is None and (status.edited_at is not None or find_link(status)):
        transaction.on_commit(lambda: _later(status_id, _ATTEMPTS), robust=True)


def _later(status_id: int, attempts: int) -> None:
    delay = random.uniform(0, _MOST_DELAY_SECONDS)
    attach_card.apply_async(kwargs={"status_id": status_id, "attempts": attempts}, countdown=delay)


def find_link(status: Status) -> str:
    """Return the page that a post is about: as it says, else its first link that leads out of here.

    Mentions and hashtags are no links; "" if there is none, or the post shows media anyway.
    """
    if status.media_ids:
        return ""
    if status.linked_url:
        return "" if is_local_uri(status.linked_url) else status.linked_url
    for anchor in _ANCHOR.finditer(_QUOTE_LINE.sub("", status.content, count=1)):
        classes, href = _CLASS.search(anchor[1]), _HREF.search(anchor[1])
        if href is None or (classes and _NO_LINKS.intersection(classes[1].split())):
            continue
        url = unescape(href[1])
        host = host_of(url)
        if host is not None and not is_local_uri(url):
            return url
    return ""


@shared_task(name="timelines.attach_card", queue="default")
def attach_card(*, status_id: int, attempts: int = 1) -> None:
    """Give a post the card of its link. Repeat-safe; comes again while others ask the same server."""
    status = Status.objects.kept().filter(pk=status_id, reblog_of__isnull=True).first()
    if status is None:
        return
    url = find_link(status)
    if not url:
        show_card(status, None)
        return
    now = timezone.now()
    card = PreviewCard.objects.filter(url=url, fetched_at__gt=now - _FRESH).first()
    if card is None:
        try:
            card = _ask(url, now)
        except _AskedAlready:
            if attempts > 1:
                _later(status_id, attempts - 1)
            return
    show_card(status, card)


def show_card(status: Status, card: PreviewCard | None) -> None:
    """Show a card with a status, or none any more, and tell apps that have the status on their screen."""
    before = StatusCard.objects.filter(status=status).values_list("card", flat=True).first()
    if before == (card.pk if card else None):
        return
    with transaction.atomic():
        if card is None:
            StatusCard.objects.filter(status=status).delete()
        else:
            StatusCard.objects.update_or_create(status=status, defaults={"card": card})
        touch(Status.objects.filter(pk=status.pk))
        live.enqueue_update(status.pk)


# Asking


class _AskedAlready(Exception):
    """Somebody else asks for this address, or enough others ask its server, right now."""


def _ask(url: str, now: datetime) -> PreviewCard | None:
    """Return the card of a page, stored; None when the page gives none. Raises _AskedAlready."""
    key = f"cards:asked:{hashlib.sha256(url.encode()).hexdigest()}"
    host = host_of(url) or ""
    if is_blocked(host):
        return None
    if not cache.add(key, 1, _ASKED_SECONDS):
        raise _AskedAlready
    with _slot(host) as free:
        if not free:
            cache.delete(key)
            raise _AskedAlready
        return _fetch(url, host, now)


@contextmanager
def _slot(host: str) -> Iterator[bool]:
    """Take one of the two requests that a host gets from us at once; gives False when both are taken."""
    redis, key = connection(), f"cards:host:{host}"
    taken = int(redis.incr(key))
    redis.expire(key, _SLOT_SECONDS)
    try:
        yield taken <= _AT_ONCE_PER_HOST
    finally:
        redis.decr(key)


def _fetch(url: str, host: str, now: datetime) -> PreviewCard | None:
    try:
        answer = http.fetch(
            url,
            headers={"Accept": ", ".join(_PAGE_TYPES)},
            limit_bytes=_PAGE_BYTES,
            total_seconds=_FETCH_SECONDS,
        )
    except RemoteUnreachable as error:
        log.info("card_not_fetched", extra={"host": host, "cause": error.cause})
        return None
    if answer.status != 200 or answer.content_type not in _PAGE_TYPES:
        return None
    page = read_page(decode_page(answer.body, answer.headers.get("content-type", "")), answer.url)
    embed = _fetch_embed(page)
    title = page.title or embed.title
    return _store(url, title, page, embed, now) if title else None


def _fetch_embed(page: PageValues) -> EmbedValues:
    """Return what the oEmbed address of a page tells; nothing when there is none or it makes no sense."""
    if not page.oembed_url or is_local_uri(page.oembed_url) or is_blocked(host_of(page.oembed_url) or ""):
        return EmbedValues()
    try:
        answer = http.fetch(page.oembed_url, headers={"Accept": "application/json"}, total_seconds=10.0)
        document: Any = orjson.loads(answer.body) if answer.status == 200 else None
    except (RemoteUnreachable, orjson.JSONDecodeError) as error:
        log.info("embed_not_fetched", extra={"cause": str(error)[:300]})
        return EmbedValues()
    embed = read_embed(document) if isinstance(document, dict) else EmbedValues()
    return EmbedValues() if is_local_uri(embed.embed_url) else embed


def _store(url: str, title: str, page: PageValues, embed: EmbedValues, now: datetime) -> PreviewCard:
    parts = urlsplit(url)
    image = _fetch_image(embed.image_url or page.image_url)
    author = _find_author(page.creator, parts.hostname or "")
    card, _created = PreviewCard.objects.update_or_create(
        url=url,
        defaults={
            "type": embed.type,
            "title": title,
            "description": page.description,
            "language": page.language,
            "author_name": embed.author_name or page.author_name,
            "author_url": embed.author_url,
            "author_account": author,
            "provider_name": page.provider_name or embed.provider_name or (parts.hostname or ""),
            "provider_url": embed.provider_url,
            "embed_url": embed.embed_url,
            "width": embed.width or (image.width if image else 0),
            "height": embed.height or (image.height if image else 0),
            "image_url": image.url if image else "",
            "image_description": page.image_description if image else "",
            "blurhash": image.blurhash if image else "",
            "published_at": page.published_at,
            "fetched_at": now,
        },
    )
    return card


def _fetch_image(url: str) -> RemoteCopy | None:
    """Return the copy of a page's picture; None when there is none that we could show."""
    if not url or is_local_uri(url):
        return None
    copy = fetch_copy(Kind.CARD, url)
    return copy if copy is not None and copy.file else None


def _find_author(handle: str, host: str) -> Account | None:
    """Return the account that a page names as its author, if that account allows the site to do so."""
    if "@" not in handle:
        return None
    try:
        account = resolve_handle(handle)
    except AppError as error:
        log.info("creator_not_found", extra={"cause": error.cause})
        return None
    allowed = any(host == domain or host.endswith(f".{domain}") for domain in account.attribution_domains)
    return account if allowed and account.suspended_at is None else None
