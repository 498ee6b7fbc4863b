"""What people are told about a file that is refused, in their language."""

from typing import Final

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.errors import Unprocessable
from media.decoding.faults import Fault
from media.decoding.limits import (
    ANIMATION_FRAME_LIMIT,
    IMAGE_MATRIX_LIMIT,
    VIDEO_FRAME_RATE_LIMIT,
    VIDEO_MATRIX_LIMIT,
)

_WORDS: Final = {
    Fault.UNSUPPORTED: gettext_noop(
        "This file is in no format that we can read (pictures: JPEG, PNG, GIF, WebP, AVIF, HEIC; videos: "
        "MP4, MOV, WebM; sound: MP3, M4A, AAC, FLAC, OGG, WAV)"
    ),
    Fault.DAMAGED: gettext_noop("The file is damaged and cannot be read"),
    Fault.TOO_MANY_PIXELS: gettext_noop("The picture has more than %(megapixels)d million pixels"),
    Fault.TOO_MANY_FRAMES: gettext_noop("The animation has more than %(frames)d frames"),
    Fault.FRAME_TOO_LARGE: gettext_noop(
        "The picture of the video has more than %(video_pixels)d pixels: make it smaller first"
    ),
    Fault.TOO_MANY_FRAMES_A_SECOND: gettext_noop("The video has more than %(rate)d frames a second"),
    Fault.NOTHING_TO_SHOW: gettext_noop("There is neither a picture nor sound in this file"),
    Fault.TOO_SLOW: gettext_noop("The file takes too long to process: make it shorter or smaller first"),
    Fault.FAILED: gettext_noop("The file could not be processed"),
}
_LIMITS: Final = {
    "megapixels": IMAGE_MATRIX_LIMIT // 1_000_000,
    "frames": ANIMATION_FRAME_LIMIT,
    "video_pixels": VIDEO_MATRIX_LIMIT,
    "rate": VIDEO_FRAME_RATE_LIMIT,
}


def refusal(fault: str) -> Unprocessable:
    """Return the error that tells why a file is refused; ``fault`` is one of decoding.faults.Fault."""
    return Unprocessable(_(_WORDS[Fault(fault)]) % _LIMITS, cause=fault)


def too_large(limit_bytes: int) -> Unprocessable:
    """Return the error for a file of more bytes than its kind may have."""
    return Unprocessable(_("The file is larger than %(limit)s") % {"limit": filesizeformat(limit_bytes)})
