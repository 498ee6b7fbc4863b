"""Collections as apps see them: the renderer, and the loader of what a page of them needs.

Called by the API doors, by statuses that link to collections and by notifications. A page costs one
statement, for one collection and for many: who is in a collection comes along with its row.
Source: Mastodon docs, "Collection"; API behaviours section 17.
"""

from collections import defaultdict
from collections.abc import Collection as Ids
from datetime import datetime
from html import escape
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from accounts.documents import tag_url
from accounts.models import Account
from core.api.rendering import iso
from timelines.models import Collection, CollectionItem

Entity = dict[str, Any]


def with_items(rows: "QuerySet[Collection]", viewer: Account | None) -> "QuerySet[Collection]":
    """Let each row bring along who is in it, as far as ``viewer`` may see them (``shown_items``)."""
    items = CollectionItem.objects.visible_to(viewer).filter(collection=OuterRef("pk")).order_by("pk")
    columns = JSONObject(id="pk", account_id="account_id", state="state", created_at="created_at")
    return rows.select_related("tag").annotate(shown_items=ArraySubquery(items.values_list(columns)))


def render_collections(rows: "QuerySet[Collection]", viewer: Account | None) -> list[Entity]:
    """Return the entities of these rows, in their order."""
    return [_render(row) for row in with_items(rows, viewer)]


def render_collection(row: Collection, viewer: Account | None) -> Entity:
    """Return the entity of one collection, as it is now."""
    return render_collections(Collection.objects.filter(pk=row.pk), viewer)[0]


def load_collections(ids: Ids[int], viewer: Account | None) -> dict[int, Entity]:
    """Return the entities of these collections by id, without those that ``viewer`` may not see."""
    if not ids:
        return {}
    rows = with_items(Collection.objects.visible_to(viewer).filter(pk__in=ids), viewer)
    return {row.pk: _render(row) for row in rows}


def load_tagged_collections(status_ids: Ids[int], viewer: Account | None = None) -> dict[int, list[Entity]]:
    """Return the entities of the collections that statuses link to, by status id; none are missing."""
    found: dict[int, list[Entity]] = defaultdict(list)
    if not status_ids:
        return found
    rows = Collection.objects.visible_to(viewer).filter(linked_from__status__in=status_ids)
    rows = rows.annotate(status_id=F("linked_from__status"))
    for row in with_items(rows, viewer).order_by("linked_from"):
        found[row.status_id].append(_render(row))  # type: ignore[attr-defined]
    return found


def _render(row: Any) -> Entity:
    """``row`` is a Collection with ``shown_items``."""
    items = row.shown_items
    return {
        "id": str(row.pk),
        "account_id": str(row.account_id),
        "uri": row.url,
        "url": row.url,
        "name": row.name,
        # HTML as the docs say, and all but the text itself for the apps that let people edit it.
        "description": escape(row.description, quote=False),
        "language": row.language,
        "local": True,
        "sensitive": row.sensitive,
        "discoverable": row.discoverable,
        "tag": {"name": row.tag.name, "url": tag_url(row.tag.name)} if row.tag else None,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "item_count": len(items),
        "items": [_render_item(item) for item in items],
    }


def _render_item(item: dict[str, Any]) -> Entity:
    return {
        "id": str(item["id"]),
        "account_id": str(item["account_id"]),
        "state": item["state"],
        "created_at": iso(datetime.fromisoformat(item["created_at"])),
    }


def render_item(item: CollectionItem) -> Entity:
    """Return the entity of somebody in a collection."""
    return {
        "id": str(item.pk),
        "account_id": str(item.account_id),
        "state": item.state,
        "created_at": iso(item.created_at),
    }
