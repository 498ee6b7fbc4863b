"""The door for pages that embed a post of ours."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.parameters import as_id, as_int, as_text
from core.api.views import ApiView
from core.errors import NotFound
from timelines.models import Status
from timelines.visibility import visible_to

_CACHE_SECONDS = 86_400
_WIDTH = 400
_MAX_SIDE = 4_096


class OEmbed(ApiView):
    """GET /api/oembed."""

    access = {"GET": Access.anyone()}

    def get(self, request: Request) -> Response:
        """Answer a public post of this server as a quotation; 404 for everything else."""
        status = _find(as_text(self.params.get("url")) or "")
        width = as_int(self.params.get("maxwidth"), minimum=1, maximum=_MAX_SIDE) or _WIDTH
        height = as_int(self.params.get("maxheight"), minimum=1, maximum=_MAX_SIDE)
        return Response(_render(status, width, height))


def _find(url: str) -> Status:
    try:
        path = urlsplit(url).path
    except ValueError as error:
        raise NotFound() from error
    rows = Status.objects.originals().filter(
        pk=as_id(path.rpartition("/")[2]) or 0, is_local=True, visibility=Status.Visibility.PUBLIC
    )
    status = visible_to(rows, None).select_related("account").first()
    if status is None or url not in (status.url, status.uri):
        raise NotFound()
    return status


def _render(status: Status, width: int, height: int | None) -> dict[str, Any]:
    name = status.account.display_name or status.account.username
    # What is behind a warning stays there.
    text = format_html("<p>{}</p>", status.spoiler_text) if status.spoiler_text else mark_safe(status.content)
    return {
        "type": "rich",
        "version": "1.0",
        "author_name": name,
        "author_url": status.account.url,
        "provider_name": settings.LOCAL_DOMAIN,
        "provider_url": f"{settings.BASE_URL}/",
        "cache_age": _CACHE_SECONDS,
        "html": format_html(
            '<blockquote cite="{0}">{1}<p>{2} (@{3}), <a href="{0}">{4}</a></p></blockquote>',
            status.url,
            text,
            name,
            status.account.handle,
            status.created_at.date().isoformat(),
        ),
        "width": width,
        "height": height,
    }
