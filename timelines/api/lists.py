"""Doors to lists, who is on them, and their timelines."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.accounts import get_account
from accounts.entities import render_accounts_for
from core.api.access import Access
from core.api.pagination import BY_SINCE_ID, TIMELINE
from core.api.parameters import as_bool, as_id, as_ids, as_int, as_list, as_text
from core.api.views import ApiView
from core.errors import NotFound
from timelines import lists
from timelines.entities.list import render_list
from timelines.entities.status import render_listing
from timelines.lists import ListChanges

READ = Access.user("read", "read:lists")
WRITE = Access.user("write", "write:lists")


def read_changes(params: dict[str, Any]) -> ListChanges:
    """Return what a request says about a list."""
    exclusive = params.get("exclusive")
    return ListChanges(
        title=as_text(params.get("title")),
        replies_policy=as_text(params.get("replies_policy")) or None,
        exclusive=None if exclusive in (None, "") else as_bool(exclusive),
    )


class Lists(ApiView):
    """GET and POST /api/v1/lists."""

    access = {"GET": READ, "POST": WRITE}

    def get(self, request: Request) -> Response:
        """Answer all lists."""
        return Response([render_list(row) for row in lists.lists_of(self.actor)])

    def post(self, request: Request) -> Response:
        """Make a list."""
        return Response(render_list(lists.create_list(self.actor, read_changes(self.params))))


class ListById(ApiView):
    """GET, PUT, PATCH and DELETE /api/v1/lists/:id."""

    access = {"GET": READ, "PUT": WRITE, "DELETE": WRITE}

    def get(self, request: Request, list_id: str) -> Response:
        """Answer one list."""
        return Response(render_list(lists.get_list(self.actor, list_id)))

    def put(self, request: Request, list_id: str) -> Response:
        """Change what the request names."""
        row = lists.get_list(self.actor, list_id)
        lists.update_list(row, read_changes(self.params))
        return Response(render_list(row))

    patch = put

    def delete(self, request: Request, list_id: str) -> Response:
        """Delete it."""
        lists.delete_list(lists.get_list(self.actor, list_id))
        return Response({})


class ListAccounts(ApiView):
    """GET, POST and DELETE /api/v1/lists/:id/accounts; the cursors are ids of memberships."""

    access = {"GET": READ, "POST": WRITE, "DELETE": WRITE}

    def get(self, request: Request, list_id: str) -> Response:
        """Answer who is on the list; ``limit=0`` is everybody at once."""
        rows = lists.members_of(lists.get_list(self.actor, list_id))
        if as_int(self.params.get("limit"), minimum=-1, maximum=1) == 0:
            everybody = [row.account for row in rows.order_by("-pk")]
            return Response(render_accounts_for(self.actor, everybody))
        page = self.page(default=40, maximum=80)
        found = page.slice(rows)
        accounts = render_accounts_for(self.actor, [row.account for row in found])
        return self.paged(accounts, page, [row.pk for row in found], BY_SINCE_ID)

    def post(self, request: Request, list_id: str) -> Response:
        """Put accounts on the list, all or none."""
        row = lists.get_list(self.actor, list_id)
        asked = as_list(self.params.get("account_ids"))
        if any(as_id(account_id) is None for account_id in asked):
            raise NotFound()
        lists.add_members(row, as_ids(asked))
        return Response({})

    def delete(self, request: Request, list_id: str) -> Response:
        """Take accounts off the list."""
        row = lists.get_list(self.actor, list_id)
        lists.remove_members(row, as_ids(self.params.get("account_ids")))
        return Response({})


class ListsOfAccount(ApiView):
    """GET /api/v1/accounts/:id/lists."""

    access = {"GET": READ}

    def get(self, request: Request, account_id: str) -> Response:
        """Answer the caller's lists that an account is on."""
        target = get_account(account_id)
        return Response([render_list(row) for row in lists.lists_with(self.actor, target)])


class ListTimeline(ApiView):
    """GET /api/v1/timelines/list/:list_id."""

    access = {"GET": READ}

    def get(self, request: Request, list_id: str) -> Response:
        """Answer a page of what those on the list say."""
        row, page = lists.get_list(self.actor, list_id), self.page()
        listing, looked_at = lists.list_page(row, page)
        found = render_listing(listing, self.actor)
        cursors = [status_id for status_id, _ in found] if len(found) == page.limit else looked_at
        return self.paged([entity for _, entity in found], page, cursors, TIMELINE)
