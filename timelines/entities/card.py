"""Preview cards as apps see them.

Called by the renderer of statuses and by the doors to trends. Source: Mastodon docs, "PreviewCard".
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.html import format_html

from accounts.entities import render_accounts
from core.api.rendering import iso
from media.proxy import Kind, proxied_url
from timelines.models import PreviewCard, StatusCard
from timelines.trends import Day

Entity = dict[str, Any]


def load_cards(status_ids: Iterable[int]) -> dict[int, Entity]:
    """Return the entities of the cards of statuses, by status id."""
    rows = StatusCard.objects.filter(status__in=list(status_ids)).select_related("card__author_account")
    shown = {row.status_id: row.card for row in rows}
    rendered = render_cards(shown.values())
    return {status_id: rendered[card.pk] for status_id, card in shown.items()}


def render_cards(cards: Iterable[PreviewCard]) -> dict[int, Entity]:
    """Return the entities of cards, by card id; their authors cost the same for one and for many."""
    wanted = list(cards)
    found = {card.author_account_id: card.author_account for card in wanted if card.author_account}
    authors = dict(zip(found, render_accounts(list(found.values())), strict=True)) if found else {}
    return {card.pk: _render_card(card, authors) for card in wanted}


def _render_card(card: PreviewCard, authors: Mapping[int | None, Entity]) -> Entity:
    return {
        "url": card.url,
        "title": card.title,
        "description": card.description,
        "language": card.language,
        "type": card.type,
        "authors": _render_authors(card, authors),
        "author_name": card.author_name,
        "author_url": card.author_url,
        "provider_name": card.provider_name,
        "provider_url": card.provider_url,
        "html": _player(card) if card.type == PreviewCard.Type.VIDEO else "",
        "width": card.width,
        "height": card.height,
        "image": proxied_url(Kind.CARD, card.image_url) if card.image_url else None,
        "image_description": card.image_description,
        "embed_url": card.embed_url,
        "blurhash": card.blurhash or None,
        "published_at": iso(card.published_at) if card.published_at else None,
    }


def _render_authors(card: PreviewCard, authors: Mapping[int | None, Entity]) -> list[Entity]:
    account = authors.get(card.author_account_id)
    if account is not None:
        name = account["display_name"] or account["username"]
        return [{"name": name, "url": account["url"], "account": account}]
    if card.author_name:
        return [{"name": card.author_name, "url": card.author_url, "account": None}]
    return []


def _player(card: PreviewCard) -> str:
    return format_html(
        '<iframe src="{}" width="{}" height="{}" sandbox="allow-scripts allow-same-origin allow-popups" '
        'allowfullscreen="true"></iframe>',
        card.embed_url,
        card.width,
        card.height,
    )


def render_history(days: Iterable[Day]) -> list[dict[str, str]]:
    """Return uses per day; every value is a string."""
    return [
        {"day": str(int(day.starts_at.timestamp())), "uses": str(day.uses), "accounts": str(day.accounts)}
        for day in days
    ]
