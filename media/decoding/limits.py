"""How large files may be, and which we read. Source: API behaviours section 15."""

from typing import Final

IMAGE_SIZE_LIMIT_BYTES: Final = 16 * 1024 * 1024
IMAGE_MATRIX_LIMIT: Final = 33_177_600
"""Most pixels that a picture may have when it comes in (8K)."""
VIDEO_SIZE_LIMIT_BYTES: Final = 99 * 1024 * 1024
VIDEO_MATRIX_LIMIT: Final = 8_294_400
"""Most pixels of one frame of a video (4K)."""
VIDEO_FRAME_RATE_LIMIT: Final = 120
ANIMATION_FRAME_LIMIT: Final = 2_000
"""Most frames of an animated picture."""
KEPT_PIXELS: Final = 8_294_400
"""A larger picture is scaled down to this."""
PREVIEW_PIXELS: Final = 640 * 360

MIME_TYPES: Final = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/webp",
    "image/avif",
    "video/webm",
    "video/mp4",
    "video/quicktime",
    "video/ogg",
    "audio/wave",
    "audio/wav",
    "audio/x-wav",
    "audio/x-pn-wave",
    "audio/vnd.wave",
    "audio/ogg",
    "audio/vorbis",
    "audio/mpeg",
    "audio/mp3",
    "audio/webm",
    "audio/flac",
    "audio/aac",
    "audio/m4a",
    "audio/x-m4a",
    "audio/mp4",
    "audio/3gpp",
    "audio/x-ms-wma",
)
"""What may be uploaded, as instance documents list it; several are names of one format."""
