"""Uploading pictures, as apps do it."""

from typing import Any

import pillow_heif
import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from accounts.models import Account
from media.attachments import mark_attached
from media.models import MediaAttachment
from tests.cast import ApiClient, api_client, app_token, make_account
from tests.media.pictures import opened, picture, turned_photo, upload

pytestmark = pytest.mark.django_db


def post(app: ApiClient, data: bytes, **fields: str) -> Any:
    return app.post("/api/v2/media", {"file": upload(data), **fields}, encoding="multipart")


def stored(url: str) -> Image.Image:
    with default_storage.open(url.removeprefix(settings.MEDIA_URL)) as file:
        return opened(file.read())


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_picture_is_ready_at_once(app: ApiClient, version: str) -> None:
    fields = {"file": upload(picture(size=(1200, 800))), "description": " Two halves ", "focus": "0.5,-2"}
    answer = app.post(f"/api/{version}/media", fields, encoding="multipart")
    assert answer.status_code == 200
    entity = answer.json()
    assert entity.pop("id") == str(MediaAttachment.objects.get().id)
    assert entity.pop("url").startswith(settings.MEDIA_URL)
    assert entity.pop("preview_url").startswith(settings.MEDIA_URL)
    assert len(entity.pop("blurhash")) == 36
    assert entity == {
        "type": "image",
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {
            "original": {"width": 1200, "height": 800, "size": "1200x800", "aspect": 1.5},
            "small": {"width": 587, "height": 391, "size": "587x391", "aspect": 587 / 391},
            "focus": {"x": 0.5, "y": -1.0},
        },
        "description": "Two halves",
    }


@pytest.mark.parametrize(
    ("kind", "mode", "kept"),
    [
        ("JPEG", "RGB", "JPEG"),
        ("JPEG", "CMYK", "JPEG"),
        ("PNG", "RGBA", "PNG"),
        ("PNG", "P", "PNG"),
        ("WEBP", "RGBA", "WEBP"),
        ("AVIF", "RGB", "JPEG"),
        ("AVIF", "RGBA", "WEBP"),
        ("HEIF", "RGB", "JPEG"),
    ],
)
def test_every_format_is_kept_in_one_that_all_can_show(
    app: ApiClient, kind: str, mode: str, kept: str
) -> None:
    pillow_heif.register_heif_opener()
    made = opened(picture()).convert(mode)
    if mode == "RGBA":
        made.putpixel((0, 0), (0, 0, 0, 0))
    file = SavedPicture(made, kind)
    answer = post(app, file.data)
    assert answer.status_code == 200
    assert stored(answer.json()["url"]).format == kept
    assert stored(answer.json()["preview_url"]).size == (64, 48)


class SavedPicture:
    """A picture saved in a format."""

    def __init__(self, image: Image.Image, kind: str) -> None:
        from io import BytesIO

        target = BytesIO()
        image.save(target, kind)
        self.data = target.getvalue()


def test_a_photo_is_turned_and_forgets_where_it_was_taken(app: ApiClient) -> None:
    entity = post(app, turned_photo() + b"<script>a second file</script>").json()
    photo = stored(entity["url"])
    assert photo.size == (40, 80)
    assert not photo.getexif()
    assert photo.info["icc_profile"]
    with default_storage.open(entity["url"].removeprefix(settings.MEDIA_URL)) as file:
        data = file.read()
    assert b"Secret" not in data
    assert b"<script>" not in data


def test_a_huge_picture_is_scaled_down(app: ApiClient) -> None:
    original = post(app, picture("JPEG", (3600, 2400))).json()["meta"]["original"]
    assert original["size"] == "3527x2351"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"description": "x" * 10_001}, "longer than 10000 characters"),
        ({"focus": "left"}, "two numbers from -1 to 1"),
        ({"focus": "nan,0"}, "two numbers from -1 to 1"),
        ({"focus": "1,2,3"}, "two numbers from -1 to 1"),
    ],
)
def test_bad_descriptions_are_refused(app: ApiClient, fields: dict[str, str], error: str) -> None:
    answer = post(app, picture(), **fields)
    assert answer.status_code == 422
    assert error in answer.json()["error"]


def test_a_missing_file_is_refused(app: ApiClient) -> None:
    assert app.post("/api/v2/media", {"description": "x"}).status_code == 422
    assert app.post("/api/v2/media", {"file": "data:image/png;base64,"}).status_code == 422


def test_only_people_with_the_scope_upload(anna: Account) -> None:
    assert post(api_client(), picture()).status_code == 401
    assert post(api_client(anna, "read"), picture()).status_code == 403
    assert post(ApiClient(app_token()), picture()).status_code == 422
    assert post(api_client(anna, "write:media"), picture()).status_code == 200


def test_uploads_are_limited_in_number(app: ApiClient) -> None:
    for _attempt in range(30):
        assert app.post("/api/v2/media", {}).status_code == 422
    assert app.post("/api/v2/media", {}).status_code == 429


def test_an_upload_is_described_and_deleted(app: ApiClient) -> None:
    address = f"/api/v1/media/{post(app, picture(), description='first', focus='0,1').json()['id']}"
    assert app.get(address).json()["description"] == "first"
    assert app.put(address, {"description": "second"}).json()["meta"]["focus"] == {"x": 0.0, "y": 1.0}
    changed = app.patch(address, {"description": "", "focus": ""}, encoding="form").json()
    assert changed["description"] is None
    assert "focus" not in changed["meta"]
    assert app.put(address, {"focus": "a"}).status_code == 422
    assert app.delete(address).json() == {}
    assert app.get(address).status_code == 404


def test_deleting_an_upload_deletes_its_files(
    app: ApiClient, django_capture_on_commit_callbacks: Any
) -> None:
    entity = post(app, picture()).json()
    names = [entity[key].removeprefix(settings.MEDIA_URL) for key in ("url", "preview_url")]
    assert all(default_storage.exists(name) for name in names)
    with django_capture_on_commit_callbacks(execute=True):
        app.delete(f"/api/v1/media/{entity['id']}")
    assert not any(default_storage.exists(name) for name in names)


def test_uploads_of_others_and_attached_ones_are_not_found(app: ApiClient) -> None:
    entity = post(app, picture()).json()
    address = f"/api/v1/media/{entity['id']}"
    bertha = api_client(make_account("bertha"))
    for answer in (bertha.get(address), bertha.put(address, {"description": "x"}), bertha.delete(address)):
        assert answer.status_code == 404
    mark_attached([int(entity["id"])])
    assert app.get(address).status_code == 404
    assert app.delete(address).status_code == 422
    assert app.get("/api/v1/media/x").status_code == 404


def test_a_file_that_is_processed_or_failed_says_so(app: ApiClient, anna: Account) -> None:
    entity = post(app, picture()).json()
    row = MediaAttachment.objects.filter(pk=entity["id"])
    row.update(state="processing", file="", progress=42)
    waiting = app.get(f"/api/v1/media/{entity['id']}")
    assert (waiting.status_code, waiting.json()["url"], waiting.json()["progress"]) == (206, None, 42)
    row.update(state="failed", fault="damaged")
    failed = app.get(f"/api/v1/media/{entity['id']}", {"lang": "de"})
    assert (failed.status_code, failed.json()["error"]) == (
        422,
        "Die Datei ist beschädigt und lässt sich nicht lesen",
    )


def test_stored_files_are_served_for_good_and_harmless(app: ApiClient) -> None:
    url = post(app, picture("JPEG")).json()["url"]
    answer = app.http.get(url.removeprefix(settings.BASE_URL), secure=True)
    assert answer.status_code == 200
    assert opened(b"".join(answer.streaming_content)).size == (64, 48)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "immutable" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("asked", "status", "said", "got"),
    [
        ("bytes=0-3", 206, "bytes 0-3/10", b"0123"),
        ("bytes=8-", 206, "bytes 8-9/10", b"89"),
        ("bytes=-3", 206, "bytes 7-9/10", b"789"),
        ("bytes=5-500", 206, "bytes 5-9/10", b"56789"),
        ("bytes=10-", 416, "bytes */10", b""),
        ("bytes=3-1", 200, None, b"0123456789"),
        ("bytes=-", 200, None, b"0123456789"),
        ("bytes=0-1,4-5", 200, None, b"0123456789"),
    ],
)
def test_players_fetch_the_parts_they_need(asked: str, status: int, said: str | None, got: bytes) -> None:
    name = default_storage.save("attachments/range.mp4", ContentFile(b"0123456789"))
    answer = api_client().http.get(f"/media_files/{name}", secure=True, headers={"Range": asked})
    assert (answer.status_code, answer.get("Content-Range")) == (status, said)
    assert (b"".join(answer.streaming_content) if answer.streaming else answer.content) == got
    if status != 416:
        assert answer["Content-Length"] == str(len(got))
        assert answer["Content-Type"] == "video/mp4"


def test_only_pictures_are_served() -> None:
    name = default_storage.save("attachments/page.html", ContentFile(b"<script>"))
    assert api_client().http.get(f"/media_files/{name}", secure=True).status_code == 404


@pytest.mark.parametrize(
    "path", ["none.jpg", "../settings.py", "../../x.png", "attachments", "x%00.jpg", ".png/"]
)
def test_nothing_else_is_served(path: str) -> None:
    assert api_client().http.get(f"/media_files/{path}", secure=True).status_code == 404
