"""What apps ask for at start-up and this server has none of yet: each row says so truthfully.

`genosocial/urls.py` takes ADDRESSES whole. When a feature comes, its row goes and a real door takes the
address. Anything that is not listed answers 404.
"""

from typing import Any

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.views import ApiView


class EmptyView(ApiView):
    """Answers GET with a constant to those who may ask."""

    answer: Any = None

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(self.answer)


_ROWS: tuple[tuple[str, Access, Any], ...] = ()

ADDRESSES = [
    path(f"api/{address}", EmptyView.as_view(access={"GET": access}, answer=answer))
    for address, access, answer in _ROWS
]
