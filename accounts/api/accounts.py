"""Doors that show accounts: by id, by handle, by search, and what the caller is to them."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.accounts import get_account, get_by_handle, load_accounts, search_accounts
from accounts.entities import render_account_for, render_accounts_for, render_relationships
from core.api.access import Access
from core.api.parameters import as_bool, as_ids, as_int, as_text
from core.api.views import ApiView
from core.errors import BadRequest

MAX_IDS = 40
READ = ("read", "read:accounts")


class Accounts(ApiView):
    """GET /api/v1/accounts?id[]=…"""

    access = {"GET": Access.optional(*READ)}

    def get(self, request: Request) -> Response:
        found = load_accounts(as_ids(self.params.get("id"))[:MAX_IDS])
        return Response(render_accounts_for(self.viewer, found))


class AccountById(ApiView):
    """GET /api/v1/accounts/:id."""

    access = {"GET": Access.optional(*READ)}

    def get(self, request: Request, account_id: str) -> Response:
        return Response(render_account_for(self.viewer, get_account(account_id)))


class IdentityProofs(ApiView):
    """GET /api/v1/accounts/:id/identity_proofs: links with rel="me" took their place, so there are none."""

    access = {"GET": Access.user()}

    def get(self, request: Request, account_id: str) -> Response:
        get_account(account_id)
        return Response([])


class Lookup(ApiView):
    """GET /api/v1/accounts/lookup?acct=…: known accounts only."""

    access = {"GET": Access.optional(*READ)}

    def get(self, request: Request) -> Response:
        found = get_by_handle(as_text(self.params.get("acct")) or "")
        return Response(render_account_for(self.viewer, found))


class Search(ApiView):
    """GET /api/v1/accounts/search?q=…"""

    access = {"GET": Access.user(*READ)}

    def get(self, request: Request) -> Response:
        query = as_text(self.params.get("q"))
        if query is None:
            raise BadRequest()
        found = search_accounts(
            query,
            viewer=self.actor,
            limit=self.page(default=40, maximum=80).limit,
            offset=as_int(self.params.get("offset"), minimum=0, maximum=10_000) or 0,
            resolve=as_bool(self.params.get("resolve")),
            following=as_bool(self.params.get("following")),
        )
        return Response(render_accounts_for(self.viewer, load_accounts(found)))


class Relationships(ApiView):
    """GET /api/v1/accounts/relationships?id[]=…"""

    access = {"GET": Access.user("read", "read:follows")}

    def get(self, request: Request) -> Response:
        found = load_accounts(as_ids(self.params.get("id"))[: 2 * MAX_IDS])
        if not as_bool(self.params.get("with_suspended")):
            found = [account for account in found if account.suspended_at is None]
        return Response(render_relationships(self.actor, found))
