"""Serves stored files, where no web server or object store in front does it, and files of other servers."""

import threading
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.hosts import host_of
from media.files import file_url
from media.models import RemoteCopy
from media.proxy import READER_PARAMETER, Kind, is_reader, read_address
from media.remote_copies import await_copy, find_copy, note_use
from media.serving import serve_file
from media.tasks import enqueue_fetch

_WAIT_SECONDS: Final = 5.0
_AGAIN_SECONDS: Final = 2
# So many threads of a web process wait for other servers; the others go on answering.
_waiting = threading.BoundedSemaphore(2)
_OPEN: Final = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


@require_safe
def serve_media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer with a stored file."""
    return serve_file(request, path)


@require_safe
def proxy_media(
    request: HttpRequest, kind: str, rendition: str, signature: str, name: str
) -> HttpResponseBase:
    """Lead to the copy of another server's file, which is fetched first if a reader of ours asks.

    All others are led to that server while there is no copy, so that nobody makes us fetch; so are readers
    whose video or sound takes longer to fetch than they would wait. 404 when it could not be fetched, 503
    while a picture is fetched.
    """
    url = read_address(kind, signature, name)
    if url is None or kind not in list(Kind) or not host_of(url):
        raise Http404
    copy = find_copy(Kind(kind), url, timezone.now())
    if copy is None:
        if not is_reader(url, request.GET.get(READER_PARAMETER, "")):
            return _lead_to(url, "private, no-store")
        copy = _await(Kind(kind), url)
        if copy is None and kind == Kind.RECORDING:
            return _lead_to(url, "private, no-store")
        if copy is None:
            headers = {"Retry-After": str(_AGAIN_SECONDS), "Cache-Control": "no-store"}
            return HttpResponse(status=503, headers=headers)
    return _answer(copy, rendition)


def _await(kind: Kind, url: str) -> RemoteCopy | None:
    if not _waiting.acquire(blocking=False):
        enqueue_fetch(kind, url)
        return None
    try:
        return await_copy(kind, url, _WAIT_SECONDS, enqueue_fetch)
    finally:
        _waiting.release()


def _answer(copy: RemoteCopy, rendition: str) -> HttpResponseBase:
    if not copy.file:
        raise Http404
    note_use(copy, timezone.now())
    name = copy.small_file if rendition == "small" and copy.small_file else copy.file
    return _lead_to(file_url(name), "public, max-age=600")


def _lead_to(url: str, cache_control: str) -> HttpResponseBase:
    return HttpResponseRedirect(url, headers=_OPEN | {"Cache-Control": cache_control})
