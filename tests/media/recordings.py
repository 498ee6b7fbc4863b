"""Videos and sounds that the tests make themselves."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from PIL import Image


def video(
    path: Path,
    *,
    size: tuple[int, int] = (64, 48),
    rate: int = 10,
    frames: int = 10,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    sound: str | None = None,
) -> bytes:
    """Return a video that goes from dark to bright, with silence if there shall be sound."""
    with av.open(str(path), "w") as target:
        target.metadata["location"] = "+52.5-13.4/ Secret"
        pictures = target.add_stream(codec, rate=rate)
        pictures.width, pictures.height, pictures.pix_fmt = *size, pix_fmt
        silence = target.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        for number in range(frames):
            shade = 255 * number // frames
            frame = av.VideoFrame.from_image(Image.new("RGB", size, (shade, shade, 128)))
            frame.pts, frame.time_base = number, Fraction(1, rate)
            target.mux(pictures.encode(frame))
        target.mux(pictures.encode(None))
        if silence is not None:
            _write_silence(target, silence)
    return path.read_bytes()


def sound(path: Path, codec: str, *, cover: bytes | None = None) -> bytes:
    """Return a second of silence, with a JPEG as cover if one is given."""
    with av.open(str(path), "w", format="mp4" if cover else None) as target:
        target.metadata["artist"] = "Secret"
        silence = target.add_stream(codec, rate=48_000, layout="stereo")
        stream = target.add_stream("mjpeg", rate=1) if cover else None
        if stream is not None:
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
            stream.disposition = av.stream.Disposition.attached_pic
            target.start_encoding()
            packet = av.Packet(cover)
            packet.stream, packet.pts, packet.dts = stream, 0, 0
            target.mux(packet)
        _write_silence(target, silence)
    return path.read_bytes()


def turned(data: bytes) -> bytes:
    """Return an MP4 whose camera noted that it was held upright: turn by 90 degrees to the right to view."""
    at = data.index(b"tkhd") + 4 + 40  # after version, times, ids, layer and volume: the matrix
    parts = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    matrix = b"".join(part.to_bytes(4, "big", signed=True) for part in parts)
    return data[:at] + matrix + data[at + len(matrix) :]


def _write_silence(target: Any, stream: Any) -> None:
    for number in range(50):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        frame.rate, frame.pts, frame.time_base = 48_000, number * 960, Fraction(1, 48_000)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        target.mux(stream.encode(frame))
    target.mux(stream.encode(None))
