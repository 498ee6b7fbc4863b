"""Custom emoji: the picker and the lookup for texts."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from media.emojis import load_emojis
from media.files import file_url
from media.models import CustomEmoji
from tests.cast import api_client

pytestmark = pytest.mark.django_db


def make(shortcode: str, domain: str | None = None, **fields: Any) -> CustomEmoji:
    where: dict[str, str] = {"remote_url": f"https://{domain}/e.png"} if domain else {"file": "emojis/e.png"}
    return CustomEmoji.objects.create(
        shortcode=shortcode, domain=domain, updated_at=datetime.now(UTC), **where, **fields
    )


def test_the_picker_shows_our_own_that_may_be_chosen() -> None:
    make("zebra")
    make("blob", category="Animals")
    make("hidden", visible=False)
    make("gone", disabled=True)
    make("theirs", "d.example")
    answer = api_client().get("/api/v1/custom_emojis")
    url = file_url("emojis/e.png")
    assert answer.status_code == 200
    assert answer.json() == [
        {"shortcode": "zebra", "url": url, "static_url": url, "visible_in_picker": True},
        {
            "shortcode": "blob",
            "url": url,
            "static_url": url,
            "visible_in_picker": True,
            "category": "Animals",
        },
    ]


def test_texts_find_the_emoji_of_their_own_server(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ours, theirs = make("blob"), make("blob", "d.example")
    make("gone", disabled=True)
    wanted = [("blob", None), ("gone", None), ("blob", "d.example"), ("blob", "e.example"), ("cat", None)]
    with django_assert_num_queries(1):
        found = load_emojis(wanted)
    assert found == {("blob", None): ours, ("blob", "d.example"): theirs}
    with django_assert_num_queries(0):
        assert load_emojis([]) == {}
