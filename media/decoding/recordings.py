"""Opens videos and sounds with the one reader that belongs to what their first bytes announce."""

from pathlib import Path
from typing import Any, Final

import av

from media.decoding.faults import Fault, Refused
from media.decoding.sounds import is_cover, keep_sound
from media.decoding.videos import Tell, keep_video

# A named reader is the only one that is asked: none of those that open further files or addresses.
_READERS: Final = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "audio/mp4": "mov",
    "video/webm": "matroska",
    "video/ogg": "ogg",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/x-ms-wma": "asf",
}


def keep_recording(path: Path, mime_type: str, folder: Path, tell: Tell) -> dict[str, Any]:
    """Write a video or a sound fit for a post. Raises Refused."""
    try:
        options = {"protocol_whitelist": "file"}
        source = av.open(str(path), format=_READERS[mime_type], options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise Refused(Fault.DAMAGED) from error
    with source:
        video = next((stream for stream in source.streams.video if not is_cover(stream)), None)
        if video is not None and video.codec_context is not None:
            return keep_video(source, video, folder, tell)
        audio = next(iter(source.streams.audio), None)
        if audio is not None and audio.codec_context is not None:
            return keep_sound(source, audio, folder, tell)
    raise Refused(Fault.NOTHING_TO_SHOW)
