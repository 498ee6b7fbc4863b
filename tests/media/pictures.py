"""Pictures that the tests make themselves."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pillow_heif
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageCms


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    """Return a picture, left half orange and right half blue."""
    image = Image.new(mode, size, "darkorange")
    image.paste(Image.new(mode, (size[0] // 2, size[1]), "steelblue"), (size[0] - size[0] // 2, 0))
    target = BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def heic() -> bytes:
    """Return a picture as phones take it."""
    pillow_heif.register_heif_opener()
    return picture("HEIF")


def turned_photo() -> bytes:
    """Return a landscape photo whose camera noted "turn me", where it was, and a colour profile."""
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn right to view
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return picture("JPEG", (80, 40), exif=exif, icc_profile=profile, comment=b"Secret comment")


def animation(frames: int = 2, size: tuple[int, int] = (20, 20), kind: str = "GIF") -> bytes:
    """Return a picture that goes from red to green."""
    steps = [
        Image.new("RGB", size, (255 - 20 * number % 256, 20 * number % 256, 0)) for number in range(frames)
    ]
    target = BytesIO()
    steps[0].save(target, kind, save_all=True, append_images=steps[1:], duration=100)
    return target.getvalue()


def bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """Return a PNG of a few bytes that says it is this large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def upload(data: bytes, name: str = "picture.png") -> SimpleUploadedFile:
    """Return it as a browser sends it."""
    return SimpleUploadedFile(name, data, "image/png")


def opened(data: bytes) -> Image.Image:
    """Return stored bytes as a picture."""
    image = Image.open(BytesIO(data))
    image.load()
    return image
