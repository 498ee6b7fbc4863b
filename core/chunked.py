"""Requests whose length nobody said beforehand: a body in chunks is read first, so that its length is known.

Apps send uploads so when they stream a file. Django takes a request without a length for an empty one.
Called by `genosocial.wsgi`. Source: RFC 9112 §7.1; PEP 3333, "CONTENT_LENGTH".
"""

import tempfile
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings

# More than the largest upload: what is longer is cut off here, and refused for its size by the door.
MOST_BYTES = 104 * 1024 * 1024
_IN_MEMORY_BYTES = 1024 * 1024
_PIECE_BYTES = 64 * 1024

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class WithLength:
    """A WSGI application that always learns how long a body is."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request. Source: PEP 3333."""
        chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        if not chunked or environ.get("CONTENT_LENGTH"):
            return self._application(environ, start_response)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(settings.FILE_UPLOAD_TEMP_DIR)) as body:
            length = _copy(environ["wsgi.input"], body)
            body.seek(0)
            known = environ | {"CONTENT_LENGTH": str(length), "wsgi.input": body}
            return self._application(known, start_response)


def _copy(source: Any, target: Any) -> int:
    length = 0
    while length < MOST_BYTES and (piece := source.read(_PIECE_BYTES)):
        target.write(piece)
        length += len(piece)
    return length
