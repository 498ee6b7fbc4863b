"""Doors to lists of accounts: followers, followed, requests, blocked, muted. Relations' ids are cursors."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import listings
from accounts.accounts import get_account
from accounts.entities import render_accounts_for, render_muted_accounts, render_relationship
from accounts.models import Account
from accounts.models import Follow as FollowRow
from accounts.relationships import accept_follow, reject_follow
from core.api.access import Access
from core.api.pagination import BY_SINCE_ID
from core.api.views import ApiView
from core.errors import NotFound

READ_ACCOUNTS = Access.optional("read", "read:accounts")
READ_FOLLOWS = Access.user("follow", "read", "read:follows")
WRITE_FOLLOWS = Access.user("follow", "write", "write:follows")


class AccountListView(ApiView):
    """Base: pages through relations and shows the account on one side of each."""

    side = "target"

    def answer(self, rows: "QuerySet[Any]") -> Response:
        """Answer with one page of accounts and its Link header."""
        page = self.page(default=40, maximum=80)
        found = page.slice(rows)
        return self.paged(self.render(found), page, [row.pk for row in found], BY_SINCE_ID)

    def render(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the entities of a page."""
        return render_accounts_for(self.viewer, [getattr(row, self.side) for row in rows])


class Followers(AccountListView):
    """GET /api/v1/accounts/:id/followers."""

    access = {"GET": READ_ACCOUNTS}
    side = "account"

    def get(self, request: Request, account_id: str) -> Response:
        return self.answer(listings.followers_of(get_account(account_id), self.viewer))


class Following(AccountListView):
    """GET /api/v1/accounts/:id/following."""

    access = {"GET": READ_ACCOUNTS}

    def get(self, request: Request, account_id: str) -> Response:
        return self.answer(listings.following_of(get_account(account_id), self.viewer))


class Blocks(AccountListView):
    """GET /api/v1/blocks."""

    access = {"GET": Access.user("follow", "read", "read:blocks")}

    def get(self, request: Request) -> Response:
        return self.answer(listings.blocks_of(self.actor))


class Mutes(AccountListView):
    """GET /api/v1/mutes."""

    access = {"GET": Access.user("follow", "read", "read:mutes")}

    def get(self, request: Request) -> Response:
        return self.answer(listings.mutes_of(self.actor))

    def render(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        return render_muted_accounts(rows)


class FollowRequests(AccountListView):
    """GET /api/v1/follow_requests."""

    access = {"GET": READ_FOLLOWS}
    side = "account"

    def get(self, request: Request) -> Response:
        return self.answer(listings.requests_to(self.actor))


class FollowRequestAnswer(ApiView):
    """Base of the answers to a request: POST /api/v1/follow_requests/:account_id/…"""

    access = {"POST": WRITE_FOLLOWS}

    def post(self, request: Request, account_id: str) -> Response:
        requester: Account = get_account(account_id)
        found = listings.find_request(self.actor, requester)
        if found is None:
            raise NotFound()
        self.decide(found)
        return Response(render_relationship(self.actor, requester))

    def decide(self, row: FollowRow) -> None:
        """Answer the request."""
        raise NotImplementedError


class AuthorizeRequest(FollowRequestAnswer):
    """POST /api/v1/follow_requests/:account_id/authorize."""

    def decide(self, row: FollowRow) -> None:
        accept_follow(row)


class RejectRequest(FollowRequestAnswer):
    """POST /api/v1/follow_requests/:account_id/reject."""

    def decide(self, row: FollowRow) -> None:
        reject_follow(row)
