"""Pictures, moving pictures, videos and sound as a browser shows them, in a page of another site."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.media.pictures import animation, picture, upload
from tests.media.recordings import sound, video

_PAGE = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<img id="image" crossorigin="anonymous" src="{image}" width="200" height="150">
<video id="gifv" crossorigin="anonymous" src="{gifv}" autoplay loop muted width="200" height="150"></video>
<video id="video" crossorigin="anonymous" src="{video}" poster="{poster}" controls width="200" height="150">
</video>
<audio id="audio" crossorigin="anonymous" src="{audio}" controls></audio>
"""
_LOADED = """id => new Promise((done, failed) => {
  const medium = document.getElementById(id)
  const look = () => medium.readyState >= 2 && done([medium.videoWidth, medium.duration])
  medium.onloadeddata = look; medium.onerror = () => failed(medium.error.message); look()
})"""
_DRAWN = """id => { const canvas = document.createElement('canvas'), shown = document.getElementById(id)
  canvas.width = canvas.height = 10; canvas.getContext('2d').drawImage(shown, 0, 0, 10, 10)
  return [...canvas.getContext('2d').getImageData(2, 5, 1, 1).data] }"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 640, "height": 260})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def _uploaded(app: Any, data: bytes) -> dict[str, Any]:
    answer = app.post("/api/v2/media", {"file": upload(data)}, encoding="multipart")
    assert answer.status_code == 200, answer.content
    return app.get(f"/api/v1/media/{answer.json()['id']}").json()


def test_a_browser_shows_what_was_uploaded(site: str, settings: Any, page: Page, tmp_path: Path) -> None:
    from tests.cast import api_client, make_account

    settings.MEDIA_URL = f"{site}/media_files/"
    app = api_client(make_account("anna"))
    film = _uploaded(app, video(tmp_path / "a.webm", codec="libvpx-vp9", sound="libopus", size=(120, 90)))
    shown = {
        "image": _uploaded(app, picture("PNG", (400, 300)))["url"],
        "gifv": _uploaded(app, animation(10, (40, 30)))["url"],
        "video": film["url"],
        "poster": film["preview_url"],
        "audio": _uploaded(app, sound(tmp_path / "a.flac", "flac"))["url"],
    }
    page.set_content(_PAGE.format(**shown))
    page.wait_for_function("document.getElementById('image').complete")
    assert page.evaluate(_LOADED, "gifv")[0] == 40
    assert page.evaluate(_LOADED, "video")[0] == 120
    assert round(page.evaluate(_LOADED, "audio")[1]) == 1
    assert page.evaluate(_DRAWN, "image") == [255, 140, 0, 255]
    page.wait_for_function("document.getElementById('gifv').currentTime > 0")
    screenshot = Image.open(BytesIO(page.screenshot(path=tmp_path / "media.png"))).convert("RGB")
    assert screenshot.getpixel((50, 75)) == (255, 140, 0)
    red, green, blue = screenshot.getpixel((300, 75))  # type: ignore[misc]
    assert abs(red + green - 255) < 30 and blue < 60


def test_an_address_opened_by_itself_runs_nothing(site: str, settings: Any, page: Page) -> None:
    from tests.cast import api_client, make_account

    settings.MEDIA_URL = f"{django_settings.BASE_URL}/media_files/"
    url = _uploaded(api_client(make_account("anna")), picture())["url"]
    answer = page.goto(url)
    assert answer is not None
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
