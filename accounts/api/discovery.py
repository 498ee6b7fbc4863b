"""Doors to people whom one does not know yet: the directory and suggestions."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.accounts import get_account
from accounts.directory import MAX_OFFSET, list_directory
from accounts.entities import render_accounts_for
from accounts.suggestions import (
    FRIENDS_OF_FRIENDS,
    MAX_SUGGESTIONS,
    Suggested,
    dismiss_suggestion,
    list_suggestions,
)
from core.api.access import Access
from core.api.parameters import as_bool, as_int, as_text
from core.api.views import ApiView

READ_ACCOUNTS = Access.user("read", "read:accounts")


class Directory(ApiView):
    """GET /api/v1/directory."""

    access = {"GET": Access.optional()}

    def get(self, request: Request) -> Response:
        found = list_directory(
            self.viewer,
            order=as_text(self.params.get("order")) or "active",
            local=as_bool(self.params.get("local")),
            limit=self.page(default=40, maximum=80).limit,
            offset=as_int(self.params.get("offset"), minimum=0, maximum=MAX_OFFSET) or 0,
        )
        return Response(render_accounts_for(self.viewer, found))


class SuggestionsView(ApiView):
    """Base of the two lists of suggestions."""

    access = {"GET": READ_ACCOUNTS}

    def get(self, request: Request) -> Response:
        found = list_suggestions(
            self.actor,
            limit=self.page(default=40, maximum=80).limit,
            offset=as_int(self.params.get("offset"), minimum=0, maximum=MAX_SUGGESTIONS) or 0,
        )
        accounts = render_accounts_for(self.actor, [item.account for item in found])
        return Response([self.render(item, account) for item, account in zip(found, accounts, strict=True)])

    def render(self, item: Suggested, account: dict[str, Any]) -> dict[str, Any]:
        """Return one entity of the list."""
        raise NotImplementedError


class SuggestionsV1(SuggestionsView):
    """GET /api/v1/suggestions: the accounts alone."""

    def render(self, item: Suggested, account: dict[str, Any]) -> dict[str, Any]:
        return account


class Suggestions(SuggestionsView):
    """GET /api/v2/suggestions: accounts with the reason; ``source`` is what older apps read."""

    def render(self, item: Suggested, account: dict[str, Any]) -> dict[str, Any]:
        known = item.sources[0] == FRIENDS_OF_FRIENDS
        return {
            "source": "past_interactions" if known else "global",
            "sources": item.sources,
            "account": account,
        }


class SuggestionById(ApiView):
    """DELETE /api/v1/suggestions/:account_id."""

    access = {"DELETE": Access.user("write", "write:accounts")}

    def delete(self, request: Request, account_id: str) -> Response:
        dismiss_suggestion(self.actor, get_account(account_id))
        return Response({})
