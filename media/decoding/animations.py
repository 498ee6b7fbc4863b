"""Pictures that move: kept as a silent video that loops, a tenth of the size and played everywhere."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from PIL import Image

from media.decoding.faults import Fault, Refused
from media.decoding.images import flattened, in_plain_colours, keep_preview
from media.decoding.limits import ANIMATION_FRAME_LIMIT, KEPT_PIXELS
from media.decoding.videos import even, new_video_stream, video_values

_MILLISECONDS: Final = Fraction(1, 1000)
# Browsers show what claims to be faster at this pace.
_LEAST_DURATION_MS: Final = 20
_USUAL_DURATION_MS: Final = 100


def count_frames(image: Image.Image) -> int:
    """Return how many frames an open picture has; raises Refused when they are too many."""
    try:
        frames = getattr(image, "n_frames", 1)
    except Exception as error:  # Decoders raise whatever a hostile file makes of them.
        raise Refused(Fault.DAMAGED) from error
    if frames > ANIMATION_FRAME_LIMIT:
        raise Refused(Fault.TOO_MANY_FRAMES)
    return frames


def keep_animation(image: Image.Image, folder: Path, tell: Callable[[int], None]) -> dict[str, Any]:
    """Write an open picture as a looping video with its preview. Raises Refused."""
    frames = count_frames(image)
    width, height = even(image.width, image.height, KEPT_PIXELS)
    path, at_ms, preview = folder / "original.mp4", 0, {}
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as target:
        stream = new_video_stream(target, width, height, Fraction(1000 * frames, 1))
        stream.codec_context.time_base = _MILLISECONDS
        for number in range(frames):
            picture, duration_ms = _frame(image, number)
            if number == 0:
                preview = keep_preview(picture, folder)
            frame = av.VideoFrame.from_image(picture.resize((width, height), Image.Resampling.BICUBIC))
            frame.pts, frame.time_base = at_ms, _MILLISECONDS
            target.mux(stream.encode(frame))
            at_ms += duration_ms
            tell(100 * (number + 1) // frames)
        target.mux(stream.encode(None))
    return {"type": "gifv"} | video_values(path, width, height, at_ms / 1000, frames * 1000 / at_ms) | preview


def _frame(image: Image.Image, number: int) -> tuple[Image.Image, int]:
    try:
        image.seek(number)
        picture = flattened(in_plain_colours(image))
        duration_ms = int(image.info.get("duration") or 0)
    except Exception as error:  # as above
        raise Refused(Fault.DAMAGED) from error
    return picture, duration_ms if duration_ms >= _LEAST_DURATION_MS else _USUAL_DURATION_MS
