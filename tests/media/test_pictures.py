"""Avatars, headers and the blurred preview."""

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from core.errors import Unprocessable
from media.decoding.blurhash import COMPONENTS, blurhash
from media.files import file_url
from media.pictures import store_avatar, store_header
from tests.media.pictures import bomb, opened, picture, upload

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def stored(name: str) -> Image.Image:
    with default_storage.open(name) as file:
        return opened(file.read())


@pytest.mark.parametrize(
    ("size", "avatar", "header"),
    [
        ((1200, 800), (400, 400), (1200, 400)),
        ((2000, 2000), (400, 400), (1500, 500)),
        ((300, 100), (100, 100), (300, 100)),
        ((1, 1), (1, 1), (1, 1)),
    ],
)
def test_profile_pictures_are_cropped_and_never_enlarged(
    size: tuple[int, int], avatar: tuple[int, int], header: tuple[int, int]
) -> None:
    data = picture("JPEG", size)
    assert stored(store_avatar(upload(data))).size == avatar
    assert stored(store_header(upload(data))).size == header


def test_a_transparent_avatar_stays_transparent() -> None:
    image = Image.new("RGBA", (50, 50))
    name = store_avatar(upload(picture("PNG", mode="RGBA")))
    assert name.endswith(".jpg")  # nothing in it is transparent
    from io import BytesIO

    target = BytesIO()
    image.save(target, "WEBP")
    name = store_avatar(upload(target.getvalue()))
    assert stored(name).getpixel((0, 0))[3] == 0
    assert file_url(name).endswith(name)


@pytest.mark.parametrize(
    "data", [b"", b"<svg/>", bomb(), picture("JPEG", (400, 300))[:-2000], "not a file", None]
)
def test_what_is_no_picture_is_refused(data: object) -> None:
    given = upload(data) if isinstance(data, bytes) else data
    with pytest.raises(Unprocessable):
        store_avatar(given)


def test_the_blurhash_shows_where_which_colour_is() -> None:
    text = blurhash(opened(picture("PNG", (200, 100))))
    left, right = colour_at(text, 0.2, 0.5), colour_at(text, 0.8, 0.5)
    assert left[0] > left[2]  # orange: more red than blue
    assert right[2] > right[0]  # blue


def colour_at(text: str, x: float, y: float) -> tuple[float, float, float]:
    """Decode one point, written after the description of the format and not after our encoder."""
    from math import cos, pi

    def number(part: str) -> int:
        value = 0
        for digit in part:
            value = value * 83 + DIGITS.index(digit)
        return value

    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    assert number(text[0]) == (COMPONENTS - 1) * 9 + COMPONENTS - 1
    peak = (number(text[1]) + 1) / 166
    average = number(text[2:6])
    colours = [(linear(average >> 16), linear(average >> 8 & 255), linear(average & 255))]
    for start in range(6, len(text), 2):
        value = number(text[start : start + 2])
        parts = [(value // 361) - 9, (value // 19 % 19) - 9, (value % 19) - 9]
        red, green, blue = (peak * (abs(part) * part) / 81 for part in parts)
        colours.append((red, green, blue))
    total = [0.0, 0.0, 0.0]
    for index, colour in enumerate(colours):
        j, i = divmod(index, COMPONENTS)
        weight = cos(pi * x * i) * cos(pi * y * j)
        total = [sum_ + weight * channel for sum_, channel in zip(total, colour, strict=True)]
    return total[0], total[1], total[2]
