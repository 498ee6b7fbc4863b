"""Doors to quotes: who quotes a status, consent taken back, who may quote."""

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.pagination import BY_SINCE_ID
from core.api.parameters import as_text
from core.api.views import ApiView
from timelines import quotes
from timelines.api.statuses import STATUSES, WRITE
from timelines.entities.status import render_status, render_statuses
from timelines.interactions import original_of
from timelines.visibility import get_own_status, get_visible_status


class Quotes(ApiView):
    """GET /api/v1/statuses/:id/quotes; the cursors are ids of quotes."""

    access = {"GET": Access.user("read", "read:statuses")}

    def get(self, request: Request, status_id: str) -> Response:
        """Answer a page of the statuses that quote this one."""
        status, page = original_of(get_visible_status(self.actor, status_id)), self.page()
        found, cursors = quotes.quotes_page(status, self.actor, page)
        return self.paged(render_statuses(found, self.actor), page, cursors, BY_SINCE_ID)


class Revocation(ApiView):
    """POST /api/v1/statuses/:id/quotes/:quoting_status_id/revoke."""

    access = {"POST": WRITE}

    def post(self, request: Request, status_id: str, quoting_status_id: str) -> Response:
        """Take consent back, and answer with the status that quoted; 403 for somebody else's status."""
        status = get_visible_status(self.actor, status_id)
        quoting = quotes.revoke_quote(self.actor, status, quoting_status_id)
        return Response(render_status(quoting, self.actor))


class InteractionPolicy(ApiView):
    """PUT /api/v1/statuses/:id/interaction_policy."""

    access = {"PUT": WRITE}

    def put(self, request: Request, status_id: str) -> Response:
        """Say anew who may quote, without a word as the account usually does; that is no edit."""
        status = get_own_status(self.actor, status_id)
        self.consume(STATUSES)
        quotes.change_policy(status, as_text(self.params.get("quote_approval_policy")) or None)
        return Response(render_status(status, self.actor))

    patch = put
