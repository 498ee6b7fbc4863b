"""What a file is, by its first bytes alone: names and types that come with it may lie. Pure.

The decoder of that very format has to agree afterwards: no other is asked, so that nothing becomes a playlist
or a page on the way.
"""

from typing import Final

HEAD_BYTES: Final = 64

_STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "audio/x-ms-wma"),
)
# The main brand of an ISO base media file; every other one is taken for a video.
_BRANDS: Final = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
}


def sniff(head: bytes) -> str | None:
    """Return the media type that the first `HEAD_BYTES` bytes announce, or None for what we do not read."""
    for start, mime_type in _STARTS:
        if head.startswith(start):
            return mime_type
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _sniff_brand(head)
    if head[4:8] in (b"moov", b"mdat", b"wide"):  # QuickTime before there were brands
        return "video/quicktime"
    if head[:4] == b"OggS":
        return "video/ogg" if b"theora" in head else "audio/ogg"
    return _sniff_frame(head)


def _sniff_brand(head: bytes) -> str:
    mime_type = _BRANDS.get(head[8:12], "video/mp4")
    # Some pictures carry only a general main brand, and say what they are among the compatible ones.
    return "image/avif" if mime_type == "image/heif" and b"avif" in head[16:] else mime_type


def _sniff_frame(head: bytes) -> str | None:
    """Recognise sound that begins with its first frame. Source: ISO 11172-3 2.4.1.3, ISO 13818-7 6.2."""
    if len(head) < 2 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    return "audio/mpeg" if head[1] & 0xE0 == 0xE0 and head[1] & 0x06 else None
