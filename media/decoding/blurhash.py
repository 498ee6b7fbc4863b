"""BlurHash: a picture as a short text, shown blurred while the picture loads. Pure; `images` calls it.

Source: the BlurHash algorithm description (cosine transform in linear light, base 83).
"""

from collections.abc import Sequence
from math import cos, pi

from PIL import Image

COMPONENTS = 4  # in each direction
_THUMBNAIL = (48, 36)  # more pixels change nothing that one could see
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_LINEAR = [
    value / 255 / 12.92 if value / 255 <= 0.04045 else ((value / 255 + 0.055) / 1.055) ** 2.4
    for value in range(256)
]

Colour = tuple[float, float, float]


def blurhash(image: Image.Image) -> str:
    """Return the BlurHash of an RGB picture with 4 by 4 components."""
    thumbnail = image.resize(_THUMBNAIL, Image.Resampling.BOX)
    first, *others = _transform(thumbnail.tobytes(), *_THUMBNAIL)
    peak = max(abs(channel) for colour in others for channel in colour)
    steps = max(0, min(82, int(peak * 166 - 0.5)))
    scale = (steps + 1) / 166
    text = _base83((COMPONENTS - 1) + (COMPONENTS - 1) * 9, 1) + _base83(steps, 1)
    red, green, blue = (_to_srgb(channel) for channel in first)
    text += _base83((red << 16) + (green << 8) + blue, 4)
    return text + "".join(_base83(_quantise(colour, scale), 2) for colour in others)


def _transform(pixels: bytes, width: int, height: int) -> list[Colour]:
    """Return the cosine components, row by row; first along the rows, then along the columns."""
    along_x, along_y = _cosines(width), _cosines(height)
    rows = []
    for y in range(height):
        line = [_LINEAR[value] for value in pixels[y * width * 3 : (y + 1) * width * 3]]
        channels = (line[0::3], line[1::3], line[2::3])
        rows.append([[_dot(basis, channel) for channel in channels] for basis in along_x])
    components: list[Colour] = []
    for j, basis in enumerate(along_y):
        for i in range(COMPONENTS):
            factor = (1 if i == j == 0 else 2) / (width * height)
            red, green, blue = (
                factor * _dot(basis, [row[i][channel] for row in rows]) for channel in range(3)
            )
            components.append((red, green, blue))
    return components


def _cosines(length: int) -> list[list[float]]:
    return [[cos(pi * order * at / length) for at in range(length)] for order in range(COMPONENTS)]


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def _to_srgb(linear: float) -> int:
    value = max(0.0, min(1.0, linear))
    return int((value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055) * 255 + 0.5)


def _quantise(colour: Colour, scale: float) -> int:
    red, green, blue = (_quantise_channel(channel / scale) for channel in colour)
    return (red * 19 + green) * 19 + blue


def _quantise_channel(value: float) -> int:
    root = abs(value) ** 0.5
    return max(0, min(18, int((root if value >= 0 else -root) * 9 + 9.5)))


def _base83(value: int, length: int) -> str:
    return "".join(_ALPHABET[value // 83**place % 83] for place in reversed(range(length)))
