"""Checks what came as a file parameter before anything reads it."""

from typing import IO

from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from core.errors import Unprocessable
from media.images import IMAGE_SIZE_LIMIT_BYTES


def require_upload(value: object) -> IO[bytes]:
    """Return the content of an uploaded file; Unprocessable when it is none, empty or too large."""
    if not isinstance(value, UploadedFile) or value.file is None:
        raise Unprocessable(_("No file was sent"))
    size = value.size or 0
    if size == 0:
        raise Unprocessable(_("The file is empty"))
    if size > IMAGE_SIZE_LIMIT_BYTES:
        limit = filesizeformat(IMAGE_SIZE_LIMIT_BYTES)
        raise Unprocessable(_("The file is larger than %(limit)s") % {"limit": limit})
    return value.file
