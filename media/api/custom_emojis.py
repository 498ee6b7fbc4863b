"""Door of /api/v1/custom_emojis."""

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.views import ApiView
from media.emojis import list_for_picker
from media.entities import render_emoji


class CustomEmojis(ApiView):
    """GET: the emoji of this server that people may choose from."""

    access = {"GET": Access.anyone()}

    def get(self, request: Request) -> Response:
        """Answer with all of them, by category and name."""
        return Response([render_emoji(emoji) for emoji in list_for_picker()])
