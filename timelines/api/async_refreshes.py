"""Door to work that goes on after an answer. Source: API behaviours section 18."""

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.views import ApiView
from core.errors import NotFound


class AsyncRefresh(ApiView):
    """GET /api/v1_alpha/async_refreshes/:id: no answer of this server announces one, so none is known."""

    access = {"GET": Access.user("read")}

    def get(self, request: Request, refresh_id: str) -> Response:
        """Answer 404."""
        raise NotFound()
