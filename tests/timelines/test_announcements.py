"""Announcements: published by staff, read by all, answered with emoji."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core import pubsub
from media.models import CustomEmoji
from tests.cast import api_client, make_account, user_of
from tests.contract.contract import entity_faults
from tests.jobs import run_waiting_jobs
from tests.timelines.people import Person, person
from timelines.announcements import publish_announcement
from timelines.emoji_names import is_emoji
from timelines.models import Announcement

PATH = "/api/v1/announcements"
PAGE = "/staff/announcements"
NINE = "🍞🧈🥕🥔🍎🍐🍋🍇🍓"


@pytest.fixture
def news(anna: Person) -> Announcement:
    """Something that everybody is told."""
    CustomEmoji.objects.create(shortcode="blob", file="emojis/blob.png", updated_at=datetime.now(UTC))
    return publish_announcement(anna.account, "Fest bei @anna :blob: #fest <b>", now=timezone.now())


def reaction(news: Announcement, name: str) -> str:
    return f"{PATH}/{news.pk}/reactions/{quote(name)}"


def test_everybody_reads_it_and_notes_that(anna: Person, cem: Person, news: Announcement) -> None:
    (shown,) = cem.see(PATH)
    assert entity_faults("Announcement", shown) == []
    assert (shown["read"], shown["reactions"]) == (False, [])
    assert [mention["acct"] for mention in shown["mentions"]] == ["anna"]
    assert [tag["name"] for tag in shown["tags"]] == ["fest"]
    assert [emoji["shortcode"] for emoji in shown["emojis"]] == ["blob"]
    assert "&lt;b&gt;" in shown["content"]
    for _ in range(2):
        assert cem.app.post(f"{PATH}/{news.pk}/dismiss").json() == {}
    assert cem.see(PATH)[0]["read"] is True
    assert anna.see(PATH)[0]["read"] is False


def test_answers_are_counted_and_taken_back(anna: Person, cem: Person, news: Announcement) -> None:
    for who in (anna, cem):
        assert who.app.put(reaction(news, "🎉")).json() == {}
    assert cem.app.patch(reaction(news, "blob")).json() == {}
    (shown,) = anna.see(PATH)
    assert entity_faults("Announcement", shown) == []
    party, blob = shown["reactions"]
    assert party == {"name": "🎉", "count": 2, "me": True}
    assert (blob["name"], blob["count"], blob["me"]) == ("blob", 1, False)
    assert blob["url"].endswith("/emojis/blob.png")
    assert anna.app.put(reaction(news, "🎉")).status_code == 422
    for _ in range(2):
        assert anna.app.delete(reaction(news, "🎉")).json() == {}
    assert anna.see(PATH)[0]["reactions"][0] == {"name": "🎉", "count": 1, "me": False}


@pytest.mark.parametrize("name", ["nope", "a", "🍞🧈", "%00", "x" * 500, "1", "<b>", "🍞 ", ":blob:"])
def test_only_emoji_that_are_known(anna: Person, news: Announcement, name: str) -> None:
    assert anna.app.put(reaction(news, name)).status_code == 422
    assert anna.app.delete(reaction(news, name)).status_code == 200


@pytest.mark.parametrize("name", ["🎉", "❤️", "❤", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"])
def test_all_shapes_of_emoji(name: str) -> None:
    assert is_emoji(name)


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert is_emoji(text) in (True, False)


def test_eight_kinds_of_answer_fit(anna: Person, cem: Person, news: Announcement) -> None:
    assert [anna.app.put(reaction(news, name)).status_code for name in NINE] == [200] * 8 + [422]
    assert cem.app.put(reaction(news, NINE[0])).status_code == 200
    assert cem.app.put(reaction(news, NINE[8])).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_not_even_two_at_once_make_a_ninth() -> None:
    account = make_account("anna")
    news = publish_announcement(account, "Fest", now=timezone.now())
    apps = [api_client(account) for _ in NINE]
    answers: list[int] = []

    def answer(app: Any, name: str) -> None:
        answers.append(app.put(reaction(news, name)).status_code)
        connection.close()

    threads = [threading.Thread(target=answer, args=pair) for pair in zip(apps, NINE, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 8 + [422]


def test_unknown_ids_are_404(anna: Person, news: Announcement) -> None:
    for wrong in ("1", "abc", "-1", "9" * 40, "%00"):
        assert anna.app.post(f"{PATH}/{wrong}/dismiss").status_code == 404
        assert anna.app.put(f"{PATH}/{wrong}/reactions/{quote('🎉')}").status_code == 404
        assert anna.app.delete(f"{PATH}/{wrong}/reactions/{quote('🎉')}").status_code == 404


def test_it_is_over_when_it_ends(anna: Person, news: Announcement) -> None:
    Announcement.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert anna.see(PATH) == []
    assert anna.app.post(f"{PATH}/{news.pk}/dismiss").status_code == 404


def test_apps_that_listen_hear_of_all_of_it(anna: Person, cem: Person, news: Announcement) -> None:
    listener = pubsub.connection().pubsub()
    listener.subscribe(pubsub.wire_name(f"timeline:{cem.account.pk}"))
    run_waiting_jobs()
    anna.app.put(reaction(news, "blob"))
    run_waiting_jobs()
    staff = Client()
    staff.force_login(user_of(make_account("wache", role="admin")))
    staff.post(f"{PAGE}/{news.pk}/withdraw")
    run_waiting_jobs()

    heard: dict[str, Any] = {}
    import orjson

    while (message := listener.get_message(timeout=0.2)) is not None:
        if message["type"] == "message":
            event = orjson.loads(message["data"])
            heard[event["event"]] = event["payload"]
    listener.close()
    assert entity_faults("Announcement", heard["announcement"]) == []
    assert entity_faults("AnnouncementReactionEvent", heard["announcement.reaction"]) == []
    assert heard["announcement.delete"] == str(news.pk)
    assert cem.see(PATH) == []


def test_staff_publish_and_withdraw(anna: Person) -> None:
    browser = Client(headers={"Accept-Language": "de"})
    browser.force_login(user_of(make_account("wache", role="moderator")))
    assert "Ankündigungen" in browser.get("/").text
    answer = browser.post(PAGE, {"text": "Wartung <am> Abend", "ends_at": ""}, follow=True)
    assert "veröffentlicht" in answer.text and "Wartung &lt;am&gt; Abend" in answer.text
    (shown,) = anna.see(PATH)
    for wrong in ({"text": " "}, {"text": "x" * 5001}, {"text": "Gestern", "ends_at": "2020-01-01T10:00"}):
        assert browser.post(PAGE, wrong).status_code == 422
    assert browser.post(f"{PAGE}/{shown['id']}/withdraw").status_code == 302
    assert browser.post(f"{PAGE}/{shown['id']}/withdraw").status_code == 404
    assert anna.see(PATH) == []
    member = Client()
    member.force_login(user_of(anna.account))
    assert member.get(PAGE).status_code == member.post(PAGE, {"text": "x"}).status_code == 404
    assert not Announcement.objects.exists()


def test_the_list_costs_the_same_for_many(anna: Person, news: Announcement) -> None:
    anna.app.put(reaction(news, "🎉"))
    costs = []
    for wanted in (1, 5):
        while Announcement.objects.count() < wanted:
            more = publish_announcement(anna.account, "@anna :blob: #fest", now=timezone.now())
            person(f"p{more.pk}").app.put(reaction(more, "🎉"))
        with CaptureQueriesContext(connection) as captured:
            assert len(anna.see(PATH)) == wanted
        costs.append(len(captured))
    assert costs[0] == costs[1]
