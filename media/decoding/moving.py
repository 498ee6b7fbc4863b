"""Small pictures that may move, such as custom emoji: kept moving, with a still one for who wants none to."""

from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps

from media.decoding.faults import Fault, Refused
from media.decoding.images import decode, in_plain_colours

Size = tuple[int, int]

_FRAME_LIMIT: Final = 300
_PIXEL_LIMIT: Final = 100_000_000
_LEAST_DURATION_MS: Final = 20


def may_move(image: Image.Image) -> bool:
    """Tell whether an open picture has several frames, but not so many that it must not move."""
    frames = _count_frames(image)
    return 1 < frames <= _FRAME_LIMIT and frames * image.width * image.height <= _PIXEL_LIMIT


def keep_moving(image: Image.Image, folder: Path, size: Size) -> dict[str, Any]:
    """Write an open picture scaled down into this size, and a still PNG of its start. Raises Refused."""
    frames = _count_frames(image)
    if frames > _FRAME_LIMIT:
        raise Refused(Fault.TOO_MANY_FRAMES)
    _shrunk(decode(image), size).save(folder / "still.png")
    if frames == 1:
        return {"original": "still.png", "small": "still.png"}
    moving = _frames(image, frames, size)
    durations = [frame.info["duration"] for frame in moving]
    moving[0].save(
        folder / "moving.webp", save_all=True, append_images=moving[1:], duration=durations, loop=0, method=2
    )
    return {"original": "moving.webp", "small": "still.png"}


def _count_frames(image: Image.Image) -> int:
    try:
        return getattr(image, "n_frames", 1)
    except Exception as error:  # Decoders raise whatever a hostile file makes of them.
        raise Refused(Fault.DAMAGED) from error


def _frames(image: Image.Image, count: int, size: Size) -> list[Image.Image]:
    found = []
    try:
        for number in range(count):
            image.seek(number)
            frame = _shrunk(in_plain_colours(image), size)
            frame.info = {"duration": max(_LEAST_DURATION_MS, int(image.info.get("duration") or 100))}
            found.append(frame)
    except Exception as error:  # as above
        raise Refused(Fault.DAMAGED) from error
    return found


def _shrunk(image: Image.Image, size: Size) -> Image.Image:
    if image.width <= size[0] and image.height <= size[1]:
        return image
    return ImageOps.contain(image, size, Image.Resampling.LANCZOS)
