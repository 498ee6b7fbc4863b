"""Serves stored files, where no web server or object store in front does it."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from media.serving import serve_file


@require_safe
def serve_media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer with a stored file."""
    return serve_file(request, path)
