"""Serves stored files, where no web server or object store in front does it."""

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
# A file never changes under its name; nothing in it may run, whatever a browser takes it for.
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@require_safe
def serve_media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer with a stored file; 404 for every name that we do not give."""
    content_type = _TYPES.get(path.rpartition(".")[2])
    if content_type is None:
        raise Http404
    try:
        file = default_storage.open(path)
    except (
        FileNotFoundError,
        IsADirectoryError,
        NotADirectoryError,
        SuspiciousFileOperation,
        ValueError,
    ) as error:
        raise Http404 from error
    return FileResponse(file, content_type=content_type, headers=_HEADERS)
