"""Videos, sounds and pictures that move, as apps upload them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from django.conf import settings
from django.core.files.storage import default_storage

from media.entities import MediaAttachmentEntity
from tests.cast import ApiClient
from tests.media.pictures import animation, picture, upload
from tests.media.recordings import sound, turned, video

Post = Callable[..., Any]


def stored(url: str | None) -> str:
    assert url is not None
    return default_storage.path(url.removeprefix(settings.MEDIA_URL))


@pytest.fixture
def processed(app: ApiClient, post: Post) -> Callable[..., MediaAttachmentEntity]:
    """Give a function that uploads a recording and asks until it is ready."""

    def processed(data: bytes, **fields: Any) -> MediaAttachmentEntity:
        answer = post(data, **fields)
        assert answer.status_code == 200, answer.content
        return app.get(f"/api/v1/media/{answer.json()['id']}").json()

    return processed


Processed = Callable[..., MediaAttachmentEntity]


def test_what_every_app_plays_is_copied(processed: Processed, tmp_path: Path) -> None:
    data = video(tmp_path / "a.mp4", sound="aac")
    entity = processed(data, description="Dawn")
    assert (entity["type"], entity["description"]) == ("video", "Dawn")
    original = entity["meta"]["original"]
    assert (original["width"], original["height"], original["size"]) == (64, 48, "64x48")
    assert (original["frame_rate"], round(original["duration"])) == ("10/1", 1)
    assert original["bitrate"] > 0
    assert entity["meta"]["small"]["size"] == "64x48"
    assert len(entity["blurhash"] or "") == 36
    with av.open(stored(entity["url"])) as kept, av.open(str(tmp_path / "a.mp4")) as sent:
        assert not kept.metadata.get("location")
        assert [bytes(packet) for packet in kept.demux(video=0)] == [
            bytes(packet) for packet in sent.demux(video=0)
        ]
    assert b"Secret" not in Path(stored(entity["url"])).read_bytes()


@pytest.mark.parametrize(
    ("name", "options", "size"),
    [
        ("odd.webm", {"codec": "libvpx-vp9", "size": (65, 49), "sound": "libopus"}, (64, 48)),
        ("colours.mp4", {"pix_fmt": "yuv444p"}, (64, 48)),
        ("fast.mov", {"rate": 120, "codec": "mpeg4"}, (64, 48)),
    ],
)
def test_what_not_every_app_plays_is_encoded_anew(
    processed: Processed, tmp_path: Path, name: str, options: dict[str, Any], size: tuple[int, int]
) -> None:
    entity = processed(video(tmp_path / name, **options))
    with av.open(stored(entity["url"])) as kept:
        pictures = kept.streams.video[0].codec_context
        assert (pictures.name, pictures.pix_fmt) == ("h264", "yuv420p")
        assert (pictures.width, pictures.height) == size
        assert [stream.codec_context.name for stream in kept.streams.audio] == (
            ["aac"] if "sound" in options else []
        )
        assert sum(1 for _ in kept.decode(video=0)) == 10


def test_a_video_held_upright_is_shown_upright(processed: Processed, tmp_path: Path) -> None:
    entity = processed(turned(video(tmp_path / "a.mp4")))
    assert entity["meta"]["original"]["size"] == "48x64"
    assert entity["meta"]["small"]["size"] == "48x64"
    with av.open(stored(entity["url"])) as kept:
        assert next(kept.decode(video=0)).rotation == 0


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_a_picture_that_moves_becomes_a_silent_video(processed: Processed, kind: str) -> None:
    entity = processed(animation(12, (31, 21), kind))
    assert entity["type"] == "gifv"
    assert (entity["url"] or "").endswith(".mp4")
    assert entity["meta"]["original"]["size"] == "30x20"
    with av.open(stored(entity["url"])) as kept:
        assert not kept.streams.audio
        assert sum(1 for _ in kept.decode(video=0)) == 12


def test_a_gif_that_does_not_move_is_a_picture(processed: Processed) -> None:
    assert processed(picture("GIF", mode="P"))["type"] == "image"


@pytest.mark.parametrize(
    ("name", "codec", "kept_as"),
    [
        ("a.mp3", "libmp3lame", ("mp3float", ".mp3")),
        ("a.m4a", "aac", ("aac", ".m4a")),
        ("a.aac", "aac", ("aac", ".m4a")),
        ("a.ogg", "libopus", ("aac", ".m4a")),
        ("a.flac", "flac", ("aac", ".m4a")),
        ("a.wav", "pcm_s16le", ("aac", ".m4a")),
    ],
)
def test_sound_is_kept_as_every_app_plays_it(
    processed: Processed, tmp_path: Path, name: str, codec: str, kept_as: tuple[str, str]
) -> None:
    entity = processed(sound(tmp_path / name, codec))
    assert (entity["type"], entity["preview_url"]) == ("audio", None)
    assert round(entity["meta"]["original"]["duration"]) == 1
    with av.open(stored(entity["url"])) as kept:
        assert (kept.streams.audio[0].codec_context.name, (entity["url"] or "")[-4:]) == kept_as
        assert not kept.metadata.get("artist")


def test_a_cover_becomes_the_preview(processed: Processed, tmp_path: Path) -> None:
    entity = processed(sound(tmp_path / "a.m4a", "aac", cover=picture("JPEG")))
    assert (entity["preview_url"] or "").endswith("_small.jpg")
    assert entity["meta"]["small"]["size"] == "64x48"
    assert entity["blurhash"]


def test_a_chosen_preview_stays(processed: Processed, app: ApiClient, tmp_path: Path) -> None:
    entity = processed(video(tmp_path / "a.mp4"), thumbnail=upload(picture(size=(90, 30))))
    assert entity["meta"]["small"]["size"] == "90x30"
    address = f"/api/v1/media/{entity['id']}"
    fields = {"thumbnail": upload(picture(size=(30, 30)))}
    changed = app.put(address, fields, encoding="multipart").json()
    assert changed["meta"]["small"]["size"] == "30x30"
    assert changed["meta"]["original"]["size"] == "64x48"
    assert changed["preview_url"] != entity["preview_url"]
    bad = app.put(address, {"thumbnail": upload(b"<svg/>")}, encoding="multipart")
    assert bad.status_code == 422
