"""How stored files are answered with: for good, in parts if asked, harmless whatever a browser makes of it.

`views` calls it, for files of ours and for those kept of other servers.
"""

import re
from typing import IO, Final

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

_TYPES: Final = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    # Only of other servers, whose recordings are kept as they came.
    "mov": "video/quicktime",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "aac": "audio/aac",
}
# A file never changes under its name; nothing in it may run, whatever a browser takes it for.
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Range, Content-Length, Accept-Ranges",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Accept-Ranges": "bytes",
}
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def serve_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """Answer with a stored file or the part of it that is asked for; 404 for every name that we do not give.

    Source: RFC 9110 14.2 (one range; several are answered with the whole).
    """
    content_type = _TYPES.get(name.rpartition(".")[2])
    if content_type is None:
        raise Http404
    try:
        file = default_storage.open(name)
        size = file.size
    except (
        FileNotFoundError,
        IsADirectoryError,
        NotADirectoryError,
        SuspiciousFileOperation,
        ValueError,
    ) as error:
        raise Http404 from error
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    part = _asked_part(match[1], match[2], size) if match else None
    if match is None or part is None:
        return FileResponse(file, content_type=content_type, headers=_HEADERS)
    if not part:
        file.close()
        return HttpResponse(status=416, headers=_HEADERS | {"Content-Range": f"bytes */{size}"})
    response = FileResponse(_Part(file, part), content_type=content_type, status=206, headers=_HEADERS)
    response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    response["Content-Length"] = str(len(part))
    return response


def _asked_part(first: str, last: str, size: int) -> range | None:
    """Return the positions that ``first-last`` means, an empty range for none; None when it means nothing."""
    if not first and not last:
        return None
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(size, int(last) + 1) if last else size)


class _Part:
    """A part of an open file, to be read like a file."""

    def __init__(self, file: IO[bytes], part: range) -> None:
        self._file, self._left = file, len(part)
        file.seek(part.start)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, none at the end of the part."""
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Close the whole file."""
        self._file.close()
