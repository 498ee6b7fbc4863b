"""Files that break, lie or swell: each is refused with a clear text, and nothing of it stays."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Account
from media.decoding.limits import ANIMATION_FRAME_LIMIT, IMAGE_SIZE_LIMIT_BYTES, VIDEO_SIZE_LIMIT_BYTES
from media.models import MediaAttachment
from tests.cast import ApiClient
from tests.media.pictures import animation, bomb, picture
from tests.media.recordings import sound, video

Files = Callable[[], set[str]]

NO_FORMAT = ("in no format that we can read", "in keinem Format, das wir lesen können")
DAMAGED = ("damaged and cannot be read", "beschädigt und lässt sich nicht lesen")
PIXELS = ("more than 33 million pixels", "mehr als 33 Millionen Pixel")
FRAMES = ("more than 2000 frames", "mehr als 2000 Einzelbilder")
EMPTY = ("The file is empty", "Die Datei ist leer")
LARGE = ("larger than 16", "größer als 16")


def _with_frames(count: int) -> bytes:
    """Return a GIF of one pixel that says "next frame" this often."""
    one = animation(1, (1, 1))
    frame = one[one.index(b"\x2c") : -1]
    return one[:-1] + frame * (count - 1) + b"\x3b"


def _page_in_a_picture() -> bytes:
    return b"<html><script>alert(1)</script>" + picture("PNG")


BAD = {
    "empty": (b"", EMPTY),
    "text": (b"just text", NO_FORMAT),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NO_FORMAT),
    "bmp": (b"BM" + b"\0" * 100, NO_FORMAT),
    "polyglot": (_page_in_a_picture(), NO_FORMAT),
    "cut-jpeg": (picture("JPEG", (400, 300))[:-2000], DAMAGED),
    "cut-png": (picture("PNG")[:40], DAMAGED),
    "liar": (b"\xff\xd8\xff" + picture("PNG"), DAMAGED),
    "webp": (b"RIFF\0\0\0\0WEBP" + b"\0" * 50, DAMAGED),
    "heic": (struct.pack(">I", 24) + b"ftypheic" + b"\0" * 100, DAMAGED),
    "bomb": (bomb(50_000, 50_000), PIXELS),
    "large": (bomb(6000, 5600), PIXELS),
    "frames": (_with_frames(10_000), FRAMES),
    "heavy": (b"\x89PNG\r\n\x1a\n" + b"\0" * IMAGE_SIZE_LIMIT_BYTES, LARGE),
    "mp4": (struct.pack(">I", 24) + b"ftypisom" + b"\0" * 500, DAMAGED),
    "webm": (b"\x1aE\xdf\xa3" + b"\0" * 500, DAMAGED),
    "mp3": (b"ID3" + b"\0" * 500, DAMAGED),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_and_leaves_nothing(
    name: str, app: ApiClient, post: Callable[..., Any], files_left: Files
) -> None:
    data, (english, german) = BAD[name]
    before = files_left()
    told = _final(app, post(data))
    assert told.status_code == 422
    assert english in told.json()["error"].replace("\xa0", " ")
    told = _final(app, post(data, lang="de"), lang="de")
    assert german in told.json()["error"].replace("\xa0", " ")
    assert files_left() == before


def _final(app: ApiClient, answer: Any, lang: str = "en") -> Any:
    """Return the answer that says how it ended: at once, or to who asks again."""
    if answer.status_code == 202:
        return app.get(f"/api/v1/media/{answer.json()['id']}", {"lang": lang})
    return answer


def _refused(app: ApiClient, answer: Any) -> str:
    told = _final(app, answer)
    assert told.status_code == 422
    return str(told.json()["error"])


def test_bad_videos_are_refused(
    app: ApiClient, post: Callable[..., Any], files_left: Files, tmp_path: Path
) -> None:
    before = files_left()
    good = video(tmp_path / "a.mp4", frames=30)
    assert "damaged" in _refused(app, post(good[: len(good) // 2]))
    unknown = good.replace(b"avc1", b"xxxx").replace(b"avcC", b"xxxx")
    assert "neither a picture nor sound" in _refused(app, post(unknown))
    assert "more than 120 frames a second" in _refused(app, post(video(tmp_path / "f.mp4", rate=240)))
    huge = video(tmp_path / "h.mp4", size=(4000, 2200), frames=1)
    assert "more than 8294400 pixels" in _refused(app, post(huge))
    silent = sound(tmp_path / "a.ogg", "libopus")
    assert "damaged" in _refused(app, post(silent[:200]))
    assert files_left() == before


def test_an_ending_says_nothing_about_a_file(app: ApiClient) -> None:
    file = SimpleUploadedFile("photo.gif", picture("JPEG"), "video/mp4")
    answer = app.post("/api/v2/media", {"file": file}, encoding="multipart")
    assert (answer.status_code, answer.json()["type"]) == (200, "image")


def test_what_is_longer_than_any_file_is_refused_unread(app: ApiClient, anna: Account) -> None:
    class Unread:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("it was read")

        readline = read

    answer = app.http.generic(
        "POST",
        "/api/v2/media",
        b"replaced",
        content_type="multipart/form-data; boundary=x",
        secure=True,
        HTTP_AUTHORIZATION=f"Bearer {app.token}",
        CONTENT_LENGTH=str(2 * VIDEO_SIZE_LIMIT_BYTES),
        **{"wsgi.input": Unread()},
    )
    assert answer.status_code == 422, answer.content
    assert "99" in answer.json()["error"]


def test_an_upload_that_breaks_off_leaves_nothing(app: ApiClient, files_left: Files) -> None:
    before = files_left()
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    answer = app.http.generic(
        "POST",
        "/api/v2/media",
        head + picture("PNG", (2000, 2000), compress_level=0)[:3_000_000],
        content_type="multipart/form-data; boundary=x",
        secure=True,
        HTTP_AUTHORIZATION=f"Bearer {app.token}",
    )
    assert answer.status_code == 422
    assert files_left() == before
    assert not MediaAttachment.objects.exists()


def test_a_post_shows_four_files_or_one_video(app: ApiClient, anna: Account) -> None:
    def attached(*kinds: str) -> Any:
        rows = [
            MediaAttachment.objects.create(
                owner_id=anna.pk, type=kind, file=f"{kind}.x", created_at=timezone.now()
            )
            for kind in kinds
        ]
        values = {"status": "x", "media_ids": [str(row.pk) for row in rows]}
        return app.post("/api/v1/statuses", values)

    assert "at most 4 files" in attached(*["image"] * 5).json()["error"]
    assert "nothing beside it" in attached("image", "video").json()["error"]
    assert "nothing beside it" in attached("audio", "audio").json()["error"]
    post = attached("image", "gifv", "image", "image")
    assert post.status_code == 200
    film = MediaAttachment.objects.create(
        owner_id=anna.pk, type="video", file="a.mp4", created_at=timezone.now()
    )
    changes = {"status": "x", "media_ids": [post.json()["media_attachments"][0]["id"], str(film.pk)]}
    assert app.put(f"/api/v1/statuses/{post.json()['id']}", changes).status_code == 422


def test_as_many_frames_as_allowed_are_fine(app: ApiClient, post: Callable[..., Any]) -> None:
    assert _final(app, post(_with_frames(ANIMATION_FRAME_LIMIT))).status_code == 200
