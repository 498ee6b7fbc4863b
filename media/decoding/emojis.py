"""Custom emoji: small, moving if they move, and a still one for those who want none to move."""

from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps

from media.decoding.faults import Fault, Refused
from media.decoding.images import decode, in_plain_colours

# Twice what apps show, for dense screens.
EMOJI_SIZE: Final = (128, 128)
_FRAME_LIMIT: Final = 300
_LEAST_DURATION_MS: Final = 20


def keep_emoji(image: Image.Image, folder: Path) -> dict[str, Any]:
    """Write an open picture as an emoji, and its first frame as a still PNG. Raises Refused."""
    frames = _count_frames(image)
    still = _shrunk(decode(image))
    still.save(folder / "still.png")
    if frames == 1:
        return {"original": "still.png", "small": "still.png"}
    moving = _frames(image, frames)
    durations = [frame.info["duration"] for frame in moving]
    moving[0].save(
        folder / "moving.webp", save_all=True, append_images=moving[1:], duration=durations, loop=0, method=2
    )
    return {"original": "moving.webp", "small": "still.png"}


def _count_frames(image: Image.Image) -> int:
    try:
        frames = getattr(image, "n_frames", 1)
    except Exception as error:  # Decoders raise whatever a hostile file makes of them.
        raise Refused(Fault.DAMAGED) from error
    if frames > _FRAME_LIMIT:
        raise Refused(Fault.TOO_MANY_FRAMES)
    return frames


def _frames(image: Image.Image, count: int) -> list[Image.Image]:
    found = []
    try:
        for number in range(count):
            image.seek(number)
            frame = _shrunk(in_plain_colours(image))
            frame.info = {"duration": max(_LEAST_DURATION_MS, int(image.info.get("duration") or 100))}
            found.append(frame)
    except Exception as error:  # as above
        raise Refused(Fault.DAMAGED) from error
    return found


def _shrunk(image: Image.Image) -> Image.Image:
    if image.width <= EMOJI_SIZE[0] and image.height <= EMOJI_SIZE[1]:
        return image
    return ImageOps.contain(image, EMOJI_SIZE, Image.Resampling.LANCZOS)
