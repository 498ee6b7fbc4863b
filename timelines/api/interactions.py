"""Doors to what people do with statuses, and to the lists of what they did."""

from collections.abc import Callable, Sequence

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.entities import render_accounts
from accounts.models import Account
from core.api.access import Access
from core.api.pagination import BY_SINCE_ID, Page
from core.api.parameters import as_text
from core.api.views import ApiView
from timelines import interactions, listings
from timelines.api.statuses import DELETES, STATUSES
from timelines.entities.status import render_status, render_statuses_by_id
from timelines.listings import Kept
from timelines.models import Status
from timelines.visibility import get_visible_status

READ_ACCOUNTS = Access.optional("read", "read:accounts")


class Interaction(ApiView):
    """POST /api/v1/statuses/:id/<verb>: do it, and answer with the status as it is then."""

    operation: Callable[[Account, Status], object] | None = None

    def post(self, request: Request, status_id: str) -> Response:
        """Run the operation of this address."""
        assert self.operation is not None
        status = get_visible_status(self.actor, status_id)
        self.operation(self.actor, status)
        return Response(render_status(get_visible_status(self.actor, status.pk), self.actor))


def door(operation: Callable[[Account, Status], object], *scopes: str) -> Callable[..., HttpResponseBase]:
    """Return the view of one interaction."""
    return Interaction.as_view(operation=operation, access={"POST": Access.user(*scopes)})


class Reblog(ApiView):
    """POST /api/v1/statuses/:id/reblog: answers the reblog, with the original inside."""

    access = {"POST": Access.user("write", "write:statuses")}

    def post(self, request: Request, status_id: str) -> Response:
        """Reblog; a second time answers the first reblog."""
        status = get_visible_status(self.actor, status_id)
        reblog = interactions.find_reblog(self.actor, status)
        if reblog is None:
            self.consume(STATUSES)
            reblog = interactions.reblog(self.actor, status, as_text(self.params.get("visibility")) or None)
        return Response(render_status(reblog, self.actor))


class Unreblog(ApiView):
    """POST /api/v1/statuses/:id/unreblog: answers the original."""

    access = {"POST": Access.user("write", "write:statuses")}

    def post(self, request: Request, status_id: str) -> Response:
        """Take the reblog back."""
        status = interactions.original_of(get_visible_status(self.actor, status_id))
        self.consume(DELETES)
        interactions.unreblog(self.actor, status)
        return Response(render_status(get_visible_status(self.actor, status.pk), self.actor))


class KeptView(ApiView):
    """Base: pages through statuses by the ids of what the viewer did with them."""

    def answer(self, kept: Sequence[Kept], page: Page) -> Response:
        """Answer with one page and its Link header."""
        entities = render_statuses_by_id([row.status_id for row in kept], self.actor)
        shown = [entities[row.status_id] for row in kept if row.status_id in entities]
        return self.paged(shown, page, [row.id for row in kept])


class Favourites(KeptView):
    """GET /api/v1/favourites; the cursors are ids of favourites."""

    access = {"GET": Access.user("read", "read:favourites")}

    def get(self, request: Request) -> Response:
        """Answer a page of what the viewer favours."""
        page = self.page()
        return self.answer(listings.favourited_page(self.actor, page), page)


class Bookmarks(KeptView):
    """GET /api/v1/bookmarks; the cursors are ids of bookmarks."""

    access = {"GET": Access.user("read", "read:bookmarks")}

    def get(self, request: Request) -> Response:
        """Answer a page of what the viewer keeps."""
        page = self.page()
        return self.answer(listings.bookmarked_page(self.actor, page), page)


class FavouritedBy(ApiView):
    """GET /api/v1/statuses/:id/favourited_by."""

    access = {"GET": READ_ACCOUNTS}

    def get(self, request: Request, status_id: str) -> Response:
        """Answer a page of accounts that favour the status."""
        status = interactions.original_of(get_visible_status(self.viewer, status_id))
        page = self.page(default=40, maximum=80)
        accounts, cursors = listings.favouriting_page(status, self.viewer, page)
        return self.paged(render_accounts(accounts), page, cursors, BY_SINCE_ID)


class RebloggedBy(ApiView):
    """GET /api/v1/statuses/:id/reblogged_by."""

    access = {"GET": READ_ACCOUNTS}

    def get(self, request: Request, status_id: str) -> Response:
        """Answer a page of accounts that reblogged the status."""
        status = interactions.original_of(get_visible_status(self.viewer, status_id))
        page = self.page(default=40, maximum=80)
        accounts, cursors = listings.reblogging_page(status, self.viewer, page)
        return self.paged(render_accounts(accounts), page, cursors, BY_SINCE_ID)
