"""Sound: copied when every app plays it (MP3, AAC), else encoded as AAC; the cover becomes the preview."""

from io import BytesIO
from pathlib import Path
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from media.decoding.faults import Fault, Refused
from media.decoding.images import decode, keep_preview, open_image
from media.decoding.videos import Tell, decoded, length


def is_cover(stream: VideoStream) -> bool:
    """Tell whether a stream is a still picture that belongs to a sound."""
    return bool(stream.disposition & Disposition.attached_pic)


def keep_sound(source: InputContainer, audio: AudioStream, folder: Path, tell: Tell) -> dict[str, Any]:
    """Write a sound as MP3 or MP4, with its cover as preview if it has one. Raises Refused."""
    cover = _keep_cover(source, folder)
    source.seek(0)
    if next((frame for frame in decoded(source, audio) if isinstance(frame, AudioFrame)), None) is None:
        raise Refused(Fault.DAMAGED)
    source.seek(0)
    codec = audio.codec_context.name
    is_mp3 = codec.startswith("mp3")
    path = folder / ("original.mp3" if is_mp3 else "original.m4a")
    # An MP3 without the header that names its tags: they may tell who recorded it where.
    options = {"write_id3v1": "0", "id3v2_version": "0"} if is_mp3 else {"movflags": "+faststart"}
    with av.open(str(path), "w", format="mp3" if is_mp3 else "mp4", options=options) as target:
        if is_mp3 or codec == "aac":
            _copy(source, target, audio)
        else:
            _encode(source, target, audio, tell)
    with av.open(str(path)) as kept:
        seconds = (kept.duration or 0) / av.time_base
    if not seconds:
        raise Refused(Fault.DAMAGED)
    bitrate = int(path.stat().st_size * 8 / seconds)
    original = {"duration": round(seconds, 3), "bitrate": bitrate}
    meta = {"original": original, "length": length(seconds), "duration": round(seconds, 3)}
    mime_type = "audio/mpeg" if is_mp3 else "audio/mp4"
    return {"type": "audio", "mime_type": mime_type, "original": path.name, "meta": meta} | cover


def _keep_cover(source: InputContainer, folder: Path) -> dict[str, Any]:
    cover = next((stream for stream in source.streams.video if is_cover(stream)), None)
    if cover is None:
        return {}
    try:
        packet = next(iter(source.demux(cover)))
        return keep_preview(decode(open_image(BytesIO(bytes(packet)))), folder)
    except (av.FFmpegError, StopIteration, Refused):  # the sound is worth keeping without it
        return {}


def _copy(source: InputContainer, target: OutputContainer, audio: AudioStream) -> None:
    stream = target.add_stream_from_template(audio)
    stream.metadata.clear()
    try:
        for packet in source.demux(audio):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    except av.FFmpegError as error:
        raise Refused(Fault.DAMAGED) from error


def _encode(source: InputContainer, target: OutputContainer, audio: AudioStream, tell: Tell) -> None:
    stream = target.add_stream("aac", rate=48_000, layout="stereo")
    try:
        for frame in decoded(source, audio):
            if source.duration and frame.time is not None:
                tell(max(0, min(99, int(100 * frame.time * av.time_base / source.duration))))
            frame.pts = None
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    except av.FFmpegError as error:
        raise Refused(Fault.DAMAGED) from error
