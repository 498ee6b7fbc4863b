"""Pictures: decoded, turned upright, scaled and encoded anew.

What the picture is, its first bytes say and the decoder of that format must agree; how many pixels it has is
checked before any is decoded. Encoding anew drops whatever else the file carried (place, camera, a second
file); only the colour profile stays.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from PIL import Image, ImageOps

from media.decoding.blurhash import blurhash
from media.decoding.faults import Fault, Refused
from media.decoding.limits import IMAGE_MATRIX_LIMIT, KEPT_PIXELS, PREVIEW_PIXELS
from media.decoding.sniffing import HEAD_BYTES, sniff

_FORMATS: Final = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/heic": "HEIF",
    "image/heif": "HEIF",
}
# Formats that keep photos; of the others the edges matter, so they are kept without loss.
_PHOTOS: Final = ("JPEG", "MPO", "AVIF", "HEIF")  # MPO: a JPEG with another behind it

# Pillow warns above this and refuses above twice this, while it opens; `open_image` refuses above this.
Image.MAX_IMAGE_PIXELS = IMAGE_MATRIX_LIMIT


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


@dataclass(frozen=True, slots=True)
class Saved:
    """A picture as it was written."""

    name: str
    mime_type: str
    width: int
    height: int


def open_image(source: Path | IO[bytes]) -> Image.Image:
    """Open a picture without decoding it; raises Refused for what is none of ours or has too many pixels."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            kind = _FORMATS.get(sniff(file.read(HEAD_BYTES)) or "")
    else:
        kind = _FORMATS.get(sniff(source.read(HEAD_BYTES)) or "")
        source.seek(0)
    if kind is None:
        raise Refused(Fault.UNSUPPORTED)
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    try:
        image = Image.open(source, formats=[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(Fault.TOO_MANY_PIXELS) from error
    except Exception as error:  # Decoders raise whatever a hostile file makes of them.
        raise Refused(Fault.DAMAGED) from error
    if image.width * image.height > IMAGE_MATRIX_LIMIT:
        raise Refused(Fault.TOO_MANY_PIXELS)
    return image


def decode(image: Image.Image) -> Image.Image:
    """Return the first frame of an open picture, upright, as RGB or RGBA. Raises Refused."""
    try:
        image.load()
        return in_plain_colours(ImageOps.exif_transpose(image))
    except Exception as error:  # as above
        raise Refused(Fault.DAMAGED) from error


def keep_picture(image: Image.Image, folder: Path) -> dict[str, Any]:
    """Write an open picture fit for a post, at most 8.3 million pixels, with its preview. Raises Refused."""
    kind = image.format or ""
    upright = decode(image)
    original = fitted(upright, KEPT_PIXELS)
    saved = save(original, _kept_form(kind, is_opaque(upright)), folder, "original")
    return {
        "type": "image",
        "mime_type": saved.mime_type,
        "original": saved.name,
        "meta": {"original": measures(saved.width, saved.height)},
    } | keep_preview(original, folder)


def keep_preview(image: Image.Image, folder: Path) -> dict[str, Any]:
    """Write a decoded picture, or what it covers, as preview with its BlurHash."""
    preview = fitted(image, PREVIEW_PIXELS)
    saved = save(preview, _SMALL_JPEG if is_opaque(preview) else _SMALL_WEBP, folder, "small")
    return {
        "small": saved.name,
        "small_measures": measures(saved.width, saved.height),
        "blurhash": blurhash(flattened(preview)),
    }


def crop(image: Image.Image, folder: Path, width: int, height: int) -> dict[str, Any]:
    """Write the middle of an open picture in these proportions, scaled down to this size but never up."""
    upright = decode(image)
    factor = min(1.0, upright.width / width, upright.height / height)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    cropped = ImageOps.fit(upright, size, Image.Resampling.LANCZOS)
    return {"original": save(cropped, _JPEG if is_opaque(upright) else _PNG, folder, "original").name}


def measures(width: int, height: int) -> dict[str, object]:
    """Return a size in pixels as apps lay pictures out by it."""
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": width / height}


def in_plain_colours(image: Image.Image) -> Image.Image:
    """Return the picture as RGB or RGBA, with its colour profile only when that still describes it."""
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "P") else None
    transparent = "A" in image.getbands() or "transparency" in image.info
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    plain = image.convert("RGBA" if transparent else "RGB")
    plain.info = {"icc_profile": profile} if profile else {}
    return plain


def is_opaque(image: Image.Image) -> bool:
    """Tell whether nothing of a plain picture lets the ground shine through."""
    return image.mode == "RGB" or image.getchannel("A").getextrema() == (255, 255)


def fitted(image: Image.Image, pixels: int) -> Image.Image:
    """Return the picture scaled down, in its proportions, to at most so many pixels."""
    area = image.width * image.height
    if area <= pixels:
        return image
    factor = (pixels / area) ** 0.5
    size = (max(1, int(image.width * factor)), max(1, int(image.height * factor)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def flattened(image: Image.Image) -> Image.Image:
    """Return a plain picture on white, as RGB."""
    if image.mode == "RGB":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def save(image: Image.Image, form: _Form, folder: Path, stem: str) -> Saved:
    """Write a plain picture into the folder, without anything but its pixels and their colour profile."""
    options: dict[str, Any] = {"quality": form.quality} if form.quality else {}
    if form.name == "JPEG":
        image = image.convert("RGB")
        options["progressive"] = True
    name = f"{stem}.{form.extension}"
    image.save(folder / name, format=form.name, icc_profile=image.info.get("icc_profile"), **options)
    return Saved(name, form.mime_type, image.width, image.height)


def _kept_form(kind: str, opaque: bool) -> _Form:
    if kind == "WEBP" or (kind in _PHOTOS and not opaque):
        return _WEBP
    return _JPEG if kind in _PHOTOS else _PNG
