"""Decodes pictures that strangers send and encodes them anew; `attachments`, `pictures` and `emojis` call it.

No row and no file here: bytes in, bytes out. What the picture is, its first bytes say and the decoder of that
format must agree; how many pixels it has is checked before any is decoded. Encoding anew drops whatever else
the file carried (place, camera, a second file); only the colour profile stays.
"""

import threading
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Final

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from core.errors import Unprocessable
from media.blurhash import blurhash

IMAGE_SIZE_LIMIT_BYTES: Final = 16 * 1024 * 1024
IMAGE_MATRIX_LIMIT: Final = 33_177_600
"""Most pixels that a picture may have when it comes in (8K)."""
KEPT_PIXELS: Final = 8_294_400
PREVIEW_PIXELS: Final = 640 * 360

_FORMATS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
}
MIME_TYPES: Final = tuple(_FORMATS.values())
"""What may be uploaded, as instance documents list it."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How a picture is written; no quality means without loss."""

    name: str
    extension: str
    mime_type: str
    quality: int | None = None


_JPEG = _Form("JPEG", "jpg", "image/jpeg", 90)
_PNG = _Form("PNG", "png", "image/png")
_WEBP = _Form("WEBP", "webp", "image/webp", 90)
_SMALL_JPEG = _Form("JPEG", "jpg", "image/jpeg", 80)
_SMALL_WEBP = _Form("WEBP", "webp", "image/webp", 80)

# A picture of the largest size takes some 130 MB while it is open, twice while it is turned.
_one_at_a_time = threading.Lock()

# Pillow warns above this and refuses above twice this, while it opens; `_decode` refuses above this.
Image.MAX_IMAGE_PIXELS = IMAGE_MATRIX_LIMIT


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A picture as it is stored."""

    data: bytes
    extension: str
    mime_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ProcessedImage:
    """A picture for a post: itself, its preview and its BlurHash."""

    original: EncodedImage
    preview: EncodedImage
    blurhash: str


def process_image(source: IO[bytes]) -> ProcessedImage:
    """Return the picture fit for a post: at most 8.3 million pixels, with a preview of 640 by 360 in area.

    Of an animation the first frame stays. Raises Unprocessable for anything that is no sound picture.
    """
    with _one_at_a_time:
        kind, image = _decode(source)
        original = _fitted(image, KEPT_PIXELS)
        preview = _fitted(original, PREVIEW_PIXELS)
        opaque = _is_opaque(image)
        small = _SMALL_JPEG if kind == "JPEG" and opaque else _SMALL_WEBP
        return ProcessedImage(
            original=_encode(original, _kept_form(kind, opaque)),
            preview=_encode(preview, small),
            blurhash=blurhash(_flattened(preview)),
        )


def crop_image(source: IO[bytes], width: int, height: int) -> EncodedImage:
    """Return the middle of the picture in these proportions, scaled down to this size but never up.

    Raises Unprocessable for anything that is no sound picture.
    """
    with _one_at_a_time:
        _kind, image = _decode(source)
        factor = min(1.0, image.width / width, image.height / height)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        cropped = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
        return _encode(cropped, _JPEG if _is_opaque(image) else _PNG)


def shrink_image(source: IO[bytes], width: int, height: int) -> EncodedImage:
    """Return the whole picture in its proportions, scaled down into this size but never up, as PNG.

    Raises Unprocessable for anything that is no sound picture.
    """
    with _one_at_a_time:
        _kind, image = _decode(source)
        if image.width > width or image.height > height:
            image = ImageOps.contain(image, (width, height), Image.Resampling.LANCZOS)
        return _encode(image, _PNG)


def _sniff(head: bytes) -> str | None:
    """Return the format that the first bytes announce, of those we read."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and (b"avif" in head[8:32] or b"avis" in head[8:32]):
        return "AVIF"
    return None


def _decode(source: IO[bytes]) -> tuple[str, Image.Image]:
    source.seek(0)
    kind = _sniff(source.read(32))
    if kind is None:
        raise Unprocessable(
            _("This file is not a picture in a format that we can read (JPEG, PNG, GIF, WebP, AVIF)")
        )
    source.seek(0)
    try:
        image = Image.open(source, formats=[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (
        Exception
    ) as error:  # Decoders raise whatever a hostile file makes of them, IndexError to MemoryError.
        raise _damaged(error) from error
    if image.width * image.height > IMAGE_MATRIX_LIMIT:
        raise _too_many_pixels()
    try:
        image.load()
        return kind, _in_plain_colours(ImageOps.exif_transpose(image))
    except Exception as error:  # as above
        raise _damaged(error) from error


def _too_many_pixels() -> Unprocessable:
    megapixels = IMAGE_MATRIX_LIMIT // 1_000_000
    return Unprocessable(_("The picture has more than %(limit)d million pixels") % {"limit": megapixels})


def _damaged(error: Exception) -> Unprocessable:
    return Unprocessable(_("The picture is damaged and cannot be read"), cause=repr(error))


def _in_plain_colours(image: Image.Image) -> Image.Image:
    """Return the picture as RGB or RGBA, with its colour profile only when that still describes it."""
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "P") else None
    transparent = "A" in image.getbands() or "transparency" in image.info
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    plain = image.convert("RGBA" if transparent else "RGB")
    plain.info = {"icc_profile": profile} if profile else {}
    return plain


def _is_opaque(image: Image.Image) -> bool:
    return image.mode == "RGB" or image.getchannel("A").getextrema() == (255, 255)


def _kept_form(kind: str, opaque: bool) -> _Form:
    if kind in ("PNG", "GIF"):
        return _PNG
    if kind == "WEBP" or not opaque:
        return _WEBP
    return _JPEG


def _fitted(image: Image.Image, pixels: int) -> Image.Image:
    """Return the picture scaled down, in its proportions, to at most so many pixels."""
    area = image.width * image.height
    if area <= pixels:
        return image
    factor = (pixels / area) ** 0.5
    size = (max(1, int(image.width * factor)), max(1, int(image.height * factor)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _flattened(image: Image.Image) -> Image.Image:
    """Return the picture on white, as RGB."""
    if image.mode == "RGB":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _encode(image: Image.Image, form: _Form) -> EncodedImage:
    target = BytesIO()
    options = {"quality": form.quality} if form.quality else {}
    if form.name == "JPEG":
        image = image.convert("RGB")
        options["progressive"] = True
    image.save(target, format=form.name, icc_profile=image.info.get("icc_profile"), **options)
    return EncodedImage(target.getvalue(), form.extension, form.mime_type, image.width, image.height)
