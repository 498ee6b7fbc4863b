"""Videos: copied into an MP4 that every app plays, or encoded anew when not every app plays what they hold.

Source: API behaviours section 15 (limits); MP4 with H.264 and AAC is what all apps and browsers play.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media.decoding.faults import Fault, Refused
from media.decoding.images import keep_preview, measures
from media.decoding.limits import KEPT_PIXELS, VIDEO_FRAME_RATE_LIMIT, VIDEO_MATRIX_LIMIT

Tell = Callable[[int], None]

_PLAYED_EVERYWHERE: Final = ("yuv420p", "yuvj420p")
# So many packets may be unreadable before the file counts as damaged; cameras lose one now and then.
_BAD_PACKETS: Final = 20
_USUAL_RATE: Final = Fraction(30)
_THREADS: Final = 2


def keep_video(source: InputContainer, video: VideoStream, folder: Path, tell: Tell) -> dict[str, Any]:
    """Write a video as MP4 with its poster. Raises Refused."""
    context = video.codec_context
    if not context.width or not context.height:
        raise Refused(Fault.DAMAGED)
    if context.width * context.height > VIDEO_MATRIX_LIMIT:
        raise Refused(Fault.FRAME_TOO_LARGE)
    rate = Fraction(video.average_rate or video.guessed_rate or _USUAL_RATE)
    if rate > VIDEO_FRAME_RATE_LIMIT:
        raise Refused(Fault.TOO_MANY_FRAMES_A_SECOND)
    first = _first_frame(source, video)
    poster = first.to_image().rotate(first.rotation, expand=True)
    poster.info = {}
    source.seek(0)
    audio = next(iter(source.streams.audio), None)
    path = folder / "original.mp4"
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as target:
        if _is_played_everywhere(video, audio) and not first.rotation:
            _copy(source, target, video, audio, tell)
        else:
            _Encoder(source, target, video, audio, first.rotation, rate).run(tell)
    with av.open(str(path)) as kept:
        stream, seconds = kept.streams.video[0], (kept.duration or 0) / av.time_base
        values = video_values(path, stream.width, stream.height, seconds, float(rate))
    return {"type": "video"} | values | keep_preview(poster, folder)


def new_video_stream(target: OutputContainer, width: int, height: int, rate: Fraction) -> VideoStream:
    """Add a stream for pictures of this even size."""
    options = {"preset": "veryfast", "crf": "23"}
    stream = target.add_stream("libx264", rate=min(rate, Fraction(VIDEO_FRAME_RATE_LIMIT)), options=options)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.thread_count = _THREADS
    return stream


def even(width: int, height: int, pixels: int) -> tuple[int, int]:
    """Return the nearest size in even numbers, which H.264 needs, of at most so many pixels."""
    factor = min(1.0, (pixels / (width * height)) ** 0.5)
    return max(2, int(width * factor) // 2 * 2), max(2, int(height * factor) // 2 * 2)


def video_values(path: Path, width: int, height: int, seconds: float, rate: float) -> dict[str, Any]:
    """Return what is known of a written video, with the measures that apps lay it out by."""
    bitrate = int(path.stat().st_size * 8 / seconds) if seconds else 0
    shown = Fraction(rate).limit_denominator(1001)
    size = measures(width, height)
    return {
        "mime_type": "video/mp4",
        "original": path.name,
        "meta": {
            "original": size
            | {
                "frame_rate": f"{shown.numerator}/{shown.denominator}",
                "duration": round(seconds, 3),
                "bitrate": bitrate,
            },
            "length": length(seconds),
            "duration": round(seconds, 3),
            "fps": round(rate, 2),
            **size,
        },
    }


def length(seconds: float) -> str:
    """Return a duration as hours, minutes, seconds and hundredths."""
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes // 60)}:{int(minutes % 60):02d}:{rest:05.2f}"


def _is_played_everywhere(video: VideoStream, audio: AudioStream | None) -> bool:
    context = video.codec_context
    return (
        context.name == "h264"
        and context.pix_fmt in _PLAYED_EVERYWHERE
        and context.width % 2 == context.height % 2 == 0
        and (audio is None or audio.codec_context.name == "aac")
    )


def _first_frame(source: InputContainer, video: VideoStream) -> VideoFrame:
    for frame in decoded(source, video):
        if isinstance(frame, VideoFrame):
            return frame
    raise Refused(Fault.DAMAGED)


def decoded(source: InputContainer, *streams: Any) -> Iterator[Any]:
    """Return the frames of these streams in turn; a few unreadable packets are skipped. Raises Refused."""
    bad = 0
    packets = source.demux(*streams)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            yield from packet.decode()
        except av.FFmpegError as error:
            bad += 1
            if bad > _BAD_PACKETS or isinstance(error, av.error.OSError):
                raise Refused(Fault.DAMAGED) from error


def _copy(
    source: InputContainer,
    target: OutputContainer,
    video: VideoStream,
    audio: AudioStream | None,
    tell: Tell,
) -> None:
    streams = [video] if audio is None else [video, audio]
    kept = {stream.index: target.add_stream_from_template(stream) for stream in streams}
    for stream in kept.values():
        stream.metadata.clear()
    try:
        for packet in source.demux(*streams):
            if packet.dts is not None:
                _tell_time(source, float(packet.dts * packet.time_base), tell)
                packet.stream = kept[packet.stream.index]
                target.mux(packet)
    except av.FFmpegError as error:
        raise Refused(Fault.DAMAGED) from error


def _tell_time(source: InputContainer, seconds: float, tell: Tell) -> None:
    if source.duration:
        tell(max(0, min(99, int(100 * seconds * av.time_base / source.duration))))


class _Encoder:
    """Encodes picture and sound of one video anew."""

    def __init__(
        self,
        source: InputContainer,
        target: OutputContainer,
        video: VideoStream,
        audio: AudioStream | None,
        rotation: int,
        rate: Fraction,
    ) -> None:
        self._source, self._target, self._video, self._audio = source, target, video, audio
        time_base = video.time_base or Fraction(1, 90_000)
        width, height = even(video.codec_context.width, video.codec_context.height, KEPT_PIXELS)
        self._size, self._last_pts = (width, height), -1
        self._turned = _Turner(rotation, width, height, time_base)
        if rotation % 180:
            width, height = height, width
        self._pictures = new_video_stream(target, width, height, rate)
        self._pictures.codec_context.time_base = time_base
        self._sounds = target.add_stream("aac", rate=48_000, layout="stereo") if audio else None

    def run(self, tell: Tell) -> None:
        """Encode all of it. Raises Refused."""
        streams = [self._video] if self._audio is None else [self._video, self._audio]
        try:
            for frame in decoded(self._source, *streams):
                if isinstance(frame, VideoFrame):
                    self._encode_picture(frame)
                    _tell_time(self._source, frame.time or 0.0, tell)
                elif self._sounds is not None:
                    frame.pts = None
                    self._target.mux(self._sounds.encode(frame))
            for stream in (self._pictures, self._sounds):
                if stream is not None:
                    self._target.mux(stream.encode(None))
        except av.FFmpegError as error:
            raise Refused(Fault.DAMAGED) from error

    def _encode_picture(self, frame: VideoFrame) -> None:
        if frame.pts is None or frame.pts <= self._last_pts:
            return
        self._last_pts = frame.pts
        plain = frame.reformat(*self._size, format="yuv420p")
        plain.pts, plain.time_base = frame.pts, frame.time_base
        turned = self._turned(plain)
        turned.pict_type = 0
        self._target.mux(self._pictures.encode(turned))


class _Turner:
    """Turns pictures upright, as the camera noted; counterclockwise, by quarter turns."""

    _STEPS: Final = {90: ["cclock"], 180: ["clock", "clock"], 270: ["clock"]}

    def __init__(self, rotation: int, width: int, height: int, time_base: Fraction) -> None:
        steps = self._STEPS.get(rotation % 360)
        self._graph = av.filter.Graph() if steps else None
        if self._graph is not None and steps:
            nodes = [
                self._graph.add_buffer(
                    width=width, height=height, format=av.VideoFormat("yuv420p"), time_base=time_base
                ),
                *(self._graph.add("transpose", step) for step in steps),
                self._graph.add("buffersink"),
            ]
            self._graph.link_nodes(*nodes).configure()

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        if self._graph is None:
            return frame
        self._graph.push(frame)
        return self._graph.vpull()
