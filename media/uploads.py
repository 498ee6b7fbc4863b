"""Checks what came as a file parameter before anything decodes it."""

from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _

from core.errors import Unprocessable
from media.decoding.faults import Fault
from media.decoding.limits import IMAGE_SIZE_LIMIT_BYTES, VIDEO_SIZE_LIMIT_BYTES
from media.decoding.sniffing import HEAD_BYTES, sniff
from media.faults import refusal, too_large

# More than a description, a thumbnail and what the form around them takes.
_FIELDS_BYTES = IMAGE_SIZE_LIMIT_BYTES + 1024 * 1024


def require_upload(value: object) -> tuple[UploadedFile, str]:
    """Return an uploaded file and its media type by its content.

    Raises Unprocessable when it is none, empty, of no kind that we read, or larger than its kind may be.
    """
    if not isinstance(value, UploadedFile) or value.file is None:
        raise Unprocessable(_("No file was sent"))
    size = value.size or 0
    if size == 0:
        raise Unprocessable(_("The file is empty"))
    if size > VIDEO_SIZE_LIMIT_BYTES:
        raise too_large(VIDEO_SIZE_LIMIT_BYTES)
    value.seek(0)
    mime_type = sniff(value.read(HEAD_BYTES))
    value.seek(0)
    if mime_type is None:
        raise refusal(Fault.UNSUPPORTED)
    if mime_type.startswith("image/") and size > IMAGE_SIZE_LIMIT_BYTES:
        raise too_large(IMAGE_SIZE_LIMIT_BYTES)
    return value, mime_type


def require_picture(value: object) -> UploadedFile:
    """Return an uploaded picture; raises Unprocessable as `require_upload`, also for videos and sound."""
    upload, mime_type = require_upload(value)
    if not mime_type.startswith("image/"):
        raise refusal(Fault.UNSUPPORTED)
    return upload


class LimitedUploadHandler(FileUploadHandler):
    """Refuses a request before its body is read when it is longer than any file may be.

    A body that breaks off, or that lies about its length, leaves nothing: the others write to files that go
    when they are closed.
    """

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        """Refuse by the length that the request says. Source: Django, "Upload handlers"."""
        if content_length > VIDEO_SIZE_LIMIT_BYTES + _FIELDS_BYTES:
            raise too_large(VIDEO_SIZE_LIMIT_BYTES)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Leave the data to the next handler."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""


def write_to(upload: UploadedFile, path: Path) -> None:
    """Copy an uploaded file to a path, piece by piece."""
    with path.open("wb") as target:
        for piece in upload.chunks():
            target.write(piece)
