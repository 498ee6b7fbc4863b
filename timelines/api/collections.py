"""Doors to collections, who is in them, and those of an account.

Every door is there twice: the addresses from before collections were final still answer, and say so.
"""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.accounts import get_account, load_accounts
from accounts.entities import render_accounts_for
from core.api.access import Access
from core.api.pagination import offset_link
from core.api.parameters import as_bool, as_id, as_int, as_list, as_text
from core.api.views import ApiView
from core.errors import Forbidden, NotFound
from timelines import collections
from timelines.collections import CollectionChanges
from timelines.entities.collection import render_collection, render_collections, render_item
from timelines.models import Collection

READ = Access.user("read", "read:collections")
READ_IF_KNOWN = Access.optional("read", "read:collections")
WRITE = Access.user("write", "write:collections")
_MAX_OFFSET = 10_000
_REPLACED_AT = "@1780272000"


def read_changes(params: dict[str, Any]) -> CollectionChanges:
    """Return what a request says about a collection."""
    return CollectionChanges(
        name=_text(params, "name"),
        description=_text(params, "description"),
        language=_text(params, "language"),
        tag_name=_text(params, "tag_name"),
        sensitive=_flag(params, "sensitive"),
        discoverable=_flag(params, "discoverable"),
    )


def _text(params: dict[str, Any], name: str) -> str | None:
    """Return a text, empty for null, or None when it is not named."""
    return (as_text(params[name]) or "") if name in params else None


def _flag(params: dict[str, Any], name: str) -> bool | None:
    return None if params.get(name) in (None, "") else as_bool(params[name])


class CollectionView(ApiView):
    """Base of these doors; ``deprecated`` is set on those with the old addresses."""

    deprecated = False

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.deprecated:
            response["Deprecation"] = _REPLACED_AT
        return response


class Collections(CollectionView):
    """POST /api/v1/collections."""

    access = {"POST": WRITE}

    def post(self, request: Request) -> Response:
        """Make a collection, with the accounts that are named."""
        asked = as_list(self.params.get("account_ids"))
        ids = list(dict.fromkeys(as_id(account_id) for account_id in asked))
        members = load_accounts(pk for pk in ids if pk is not None)
        if len(members) < len(ids):
            raise NotFound()
        made = collections.create_collection(self.actor, read_changes(self.params), members, timezone.now())
        return Response({"collection": render_collection(made, self.actor)})


class CollectionById(CollectionView):
    """GET, PUT, PATCH and DELETE /api/v1/collections/:id."""

    access = {"GET": READ_IF_KNOWN, "PUT": WRITE, "DELETE": WRITE}

    def get(self, request: Request, collection_id: str) -> Response:
        """Answer a collection with its owner and who is in it."""
        row = collections.get_collection(self.viewer, collection_id)
        accounts = collections.load_accounts_in(row, self.viewer)
        return Response(
            {
                "collection": render_collection(row, self.viewer),
                "accounts": render_accounts_for(self.viewer, accounts),
            }
        )

    def put(self, request: Request, collection_id: str) -> Response:
        """Change what the request names."""
        row = collections.get_own_collection(self.actor, collection_id)
        collections.update_collection(row, read_changes(self.params), timezone.now())
        return Response({"collection": render_collection(row, self.actor)})

    patch = put

    def delete(self, request: Request, collection_id: str) -> Response:
        """Delete it; the answer is empty."""
        collections.delete_collection(collections.get_own_collection(self.actor, collection_id))
        return Response()


class Items(CollectionView):
    """POST /api/v1/collections/:collection_id/items."""

    access = {"POST": WRITE}

    def post(self, request: Request, collection_id: str) -> Response:
        """Put an account into the collection."""
        row = collections.get_own_collection(self.actor, collection_id)
        target = get_account(self.params.get("account_id"))
        item = collections.add_account(row, target, timezone.now())
        return Response({"collection_item": render_item(item)})


class ItemById(CollectionView):
    """DELETE /api/v1/collections/:collection_id/items/:id."""

    access = {"DELETE": WRITE}

    def delete(self, request: Request, collection_id: str, item_id: str) -> Response:
        """Take somebody out; the answer is empty."""
        collections.remove_item(collections.get_own_collection(self.actor, collection_id), item_id)
        return Response()


class Revocation(CollectionView):
    """POST /api/v1/collections/:collection_id/items/:id/revoke."""

    access = {"POST": WRITE}

    def post(self, request: Request, collection_id: str, item_id: str) -> Response:
        """Withdraw the caller from a collection of somebody else; the answer is empty."""
        collections.revoke_item(self.actor, collection_id, item_id)
        return Response()


class CollectionPage(CollectionView):
    """Base: collections that are paged by offset."""

    maximum: ClassVar[int]

    def answer(self, rows: "QuerySet[Collection]") -> Response:
        """Answer a part of these with links to the parts beside it."""
        limit = self.page(default=40, maximum=self.maximum).limit
        offset = as_int(self.params.get("offset"), minimum=0, maximum=_MAX_OFFSET) or 0
        entities = render_collections(rows[offset : offset + limit], self.viewer)
        response = Response({"collections": entities})
        if link := offset_link(self.request, limit, offset, full=len(entities) == limit):
            response["Link"] = link
        return response


class CollectionsOfAccount(CollectionPage):
    """GET /api/v1/accounts/:account_id/collections."""

    access = {"GET": READ_IF_KNOWN}
    maximum = 100

    def get(self, request: Request, account_id: str) -> Response:
        """Answer what the account lets the caller find."""
        return self.answer(collections.collections_of(get_account(account_id), self.viewer))


class CollectionsWithAccount(CollectionPage):
    """GET /api/v1/accounts/:account_id/in_collections."""

    access = {"GET": READ}
    maximum = 80

    def get(self, request: Request, account_id: str) -> Response:
        """Answer the collections that the caller is in; nobody else's business."""
        if get_account(account_id).pk != self.actor.pk:
            raise Forbidden()
        return self.answer(collections.collections_with(self.actor))


def routes(version: str, *, deprecated: bool = False) -> list[URLPattern]:
    """Return the addresses of these doors in a version of the API."""
    doors: dict[str, type[CollectionView]] = {
        "collections": Collections,
        "collections/<str:collection_id>": CollectionById,
        "collections/<str:collection_id>/items": Items,
        "collections/<str:collection_id>/items/<str:item_id>": ItemById,
        "collections/<str:collection_id>/items/<str:item_id>/revoke": Revocation,
        "accounts/<str:account_id>/collections": CollectionsOfAccount,
        "accounts/<str:account_id>/in_collections": CollectionsWithAccount,
    }
    return [
        path(f"api/{version}/{address}", view.as_view(deprecated=deprecated))
        for address, view in doors.items()
    ]
