"""The process that reads one file: ``python -m media.decoding JOB SOURCE FOLDER MEMORY_BYTES SECONDS``.

It writes its results into the folder and tells in lines of JSON what it does: ``{"progress": 42}`` when that
changes and every few seconds, at last ``{"result": {…}}`` or ``{"fault": "damaged"}``. It ends with the
process that started it, which holds the other end of its standard input.
"""

import json
import os
import resource
import select
import sys
import threading
from pathlib import Path
from typing import Any

from media.decoding.faults import Fault, Refused
from media.decoding.sniffing import HEAD_BYTES, sniff

_MOST_WRITTEN_BYTES = 512 * 1024 * 1024
_NICENESS = 10
# Twice what apps show, for dense screens.
_EMOJI_SIZE = (128, 128)
_MOVING_SIZE = (1280, 1280)
_BEAT_SECONDS = 5.0


def main() -> None:
    """Do one job."""
    job, source, folder, memory_bytes, seconds = sys.argv[1:]
    _limit(int(memory_bytes), int(seconds))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        told: dict[str, Any] = {"result": _JOBS[job](Path(source), Path(folder))}
    except Refused as refused:
        sys.stderr.write(f"{refused!r} from {refused.__cause__!r}\n")
        told = {"fault": refused.fault}
    _say(told)


def _limit(memory_bytes: int, seconds: int) -> None:
    """Bound what this process may take; where the system knows no such limit, the parent's clock remains."""
    os.nice(_NICENESS)
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, _MOST_WRITTEN_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError) as error:
            sys.stderr.write(f"limit {kind} not set: {error}\n")


def _end_with_parent() -> None:
    while not select.select([0], [], [], _BEAT_SECONDS)[0]:
        _say({"progress": _progress})
    os._exit(1)


_progress = 0
_output_lock = threading.Lock()


def _say(value: dict[str, Any]) -> None:
    with _output_lock:
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()


def _tell(percent: int) -> None:
    global _progress
    if percent > _progress:
        _progress = percent
        _say({"progress": percent})


def _keep_attachment(source: Path, folder: Path) -> dict[str, Any]:
    with source.open("rb") as file:
        mime_type = sniff(file.read(HEAD_BYTES))
    if mime_type is None:
        raise Refused(Fault.UNSUPPORTED)
    if not mime_type.startswith("image/"):
        from media.decoding.recordings import keep_recording

        return keep_recording(source, mime_type, folder, _tell)
    from media.decoding.images import keep_picture, open_image

    image = open_image(source)
    if image.format in ("GIF", "PNG", "WEBP", "AVIF") and getattr(image, "is_animated", False):
        from media.decoding.animations import keep_animation

        return keep_animation(image, folder, _tell)
    return keep_picture(image, folder)


def _keep_picture(source: Path, folder: Path) -> dict[str, Any]:
    """Keep a picture of another server: one that moves goes on moving, if that is not too much."""
    from media.decoding.images import keep_picture, open_image
    from media.decoding.moving import keep_moving, may_move

    image = open_image(source)
    return keep_moving(image, folder, _MOVING_SIZE) if may_move(image) else keep_picture(image, folder)


def _keep_preview(source: Path, folder: Path) -> dict[str, Any]:
    from media.decoding.images import decode, keep_preview, open_image

    return keep_preview(decode(open_image(source)), folder)


def _keep_avatar(source: Path, folder: Path) -> dict[str, Any]:
    from media.decoding.images import crop, open_image

    return crop(open_image(source), folder, 400, 400)


def _keep_header(source: Path, folder: Path) -> dict[str, Any]:
    from media.decoding.images import crop, open_image

    return crop(open_image(source), folder, 1500, 500)


def _keep_emoji(source: Path, folder: Path) -> dict[str, Any]:
    from media.decoding.images import open_image
    from media.decoding.moving import keep_moving

    return keep_moving(open_image(source), folder, _EMOJI_SIZE)


_JOBS = {
    "attachment": _keep_attachment,
    "picture": _keep_picture,
    "preview": _keep_preview,
    "avatar": _keep_avatar,
    "header": _keep_header,
    "emoji": _keep_emoji,
}

if __name__ == "__main__":
    main()
