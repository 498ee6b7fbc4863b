"""The staff page of emoji: added, put into categories, disabled; and what is refused."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from media.models import CustomEmoji
from tests.cast import api_client, make_account, user_of
from tests.media.pictures import picture

pytestmark = pytest.mark.django_db
PAGE = "/staff/emojis"


@pytest.fixture(autouse=True)
def _media_folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def browser() -> Client:
    client = Client(headers={"Accept-Language": "de"})
    client.force_login(user_of(make_account("petra", role="moderator")))
    return client


def add(browser: Client, shortcode: str = "brot", data: bytes | None = None, **fields: str) -> Any:
    file = SimpleUploadedFile("brot.png", picture(size=(300, 200)) if data is None else data, "image/png")
    return browser.post(PAGE, {"shortcode": shortcode, "picture": file, "category": "", **fields})


def test_a_new_one_can_be_used_at_once(browser: Client) -> None:
    assert add(browser, ":brot:", category="Essen ").status_code == 302

    (entity,) = api_client().get("/api/v1/custom_emojis").json()
    assert (entity["shortcode"], entity["category"]) == ("brot", "Essen")
    stored = Client().get(entity["url"].removeprefix("https://social.example"))
    assert Image.open(BytesIO(b"".join(stored.streaming_content))).size == (128, 85)
    anna = api_client(make_account("anna"))
    status = anna.post("/api/v1/statuses", {"status": "Frisches :brot:"}).json()
    assert [emoji["shortcode"] for emoji in status["emojis"]] == ["brot"]
    assert ":brot:" in browser.get(PAGE).text


@pytest.mark.parametrize("shortcode", ["", "a", "b-rot", "br ot", "bröt", "x" * 51, "<b>", "a\x00b"])
def test_names_that_no_text_could_hold(browser: Client, shortcode: str) -> None:
    answer = add(browser, shortcode)
    assert answer.status_code == 422
    assert 'class="fault' in answer.text or "notice" in answer.text
    assert not CustomEmoji.objects.exists()


@pytest.mark.parametrize("data", [b"", b"<svg onload='alert(1)'/>", b"\x89PNG\r\n\x1a\n" + b"\0" * 64])
def test_only_sound_pictures(browser: Client, data: bytes) -> None:
    assert add(browser, data=data).status_code == 422
    assert not CustomEmoji.objects.exists()


def test_a_shortcode_stands_for_one_picture(browser: Client) -> None:
    add(browser)
    answer = add(browser, category="Anderes")
    assert answer.status_code == 422
    assert "Es gibt schon ein Emoji mit diesem Kürzel" in answer.text and "Anderes" in answer.text


def test_categories_and_disabling(browser: Client) -> None:
    add(browser)
    emoji = CustomEmoji.objects.get()
    for fields, expected in (
        ({"category": "Essen"}, ("Essen", False)),
        ({"category": "Essen", "disabled": "1"}, ("Essen", True)),
        ({"category": "x" * 101}, ("Essen", True)),
        ({"disabled": "0"}, ("Essen", False)),
        ({"category": ""}, ("", False)),
        ({}, ("", False)),
    ):
        assert browser.post(f"{PAGE}/{emoji.pk}", fields).status_code == 302
        emoji.refresh_from_db()
        assert (emoji.category, emoji.disabled) == expected
    browser.post(f"{PAGE}/{emoji.pk}", {"disabled": "1"})
    assert api_client().get("/api/v1/custom_emojis").json() == []
    assert "Aktivieren" in browser.get(PAGE).text


def test_emoji_of_other_servers_are_theirs(browser: Client) -> None:
    add(browser)
    CustomEmoji.objects.update(domain="elsewhere.example")
    for emoji_id in (CustomEmoji.objects.get().pk, 1, 10**30):
        assert browser.post(f"{PAGE}/{emoji_id}", {"disabled": "1"}).status_code == 404
    assert ":brot:" not in browser.get(PAGE).text


def test_only_staff_see_the_page() -> None:
    assert Client().get(PAGE)["Location"] == f"/login?next={PAGE}"
    member = Client()
    member.force_login(user_of(make_account("anna")))
    assert member.get(PAGE).status_code == member.post(f"{PAGE}/1").status_code == 404
