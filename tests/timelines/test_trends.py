"""Trends: what more people talk about than before, nothing when nothing stands out, and nothing private."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Account
from core.ids import new_id
from tests.cast import ApiClient
from tests.contract.contract import entity_faults
from tests.timelines.people import Person
from timelines import cards, trends
from timelines.models import DailyUse, Kind, PreviewCard, Status

pytestmark = pytest.mark.django_db
Jobs = Callable[[], None]


def shown(app: ApiClient, what: str, **params: Any) -> list[dict[str, Any]]:
    answer = app.get(f"/api/v1/trends/{what}", params)
    assert answer.status_code == 200, answer.content
    entity = {"tags": "Tag", "links": "Trends_Link", "statuses": "Status"}[what]
    body: list[dict[str, Any]] = answer.json()
    if what != "statuses":
        assert [fault for found in body for fault in entity_faults(entity, found)] == []
    return body


def show_card(status: dict[str, Any], url: str = "https://brot.example/rezept") -> PreviewCard:
    card, _ = PreviewCard.objects.get_or_create(
        url=url, defaults={"title": "Rezept", "fetched_at": datetime.now(UTC)}
    )
    cards.show_card(Status.objects.get(pk=status["id"]), card)
    return card


def test_hashtags_and_links_that_several_people_use_trend(
    anna: Person, bertha: Person, cem: Person, anybody: ApiClient, run_jobs: Jobs
) -> None:
    for person in (anna, bertha, cem):
        show_card(person.post("#Brot"))
    for person in (anna, bertha):
        person.post("#Butter")
    for _ in range(3):
        anna.post("#Selbstgespräch")
    run_jobs()
    trends.renew(datetime.now(UTC))

    tags = shown(anybody, "tags")
    assert [tag["name"] for tag in tags] == ["Brot", "Butter"]
    assert len(tags[0]["history"]) == 7
    assert (tags[0]["history"][0]["uses"], tags[0]["history"][0]["accounts"]) == ("3", "3")
    links = shown(anybody, "links")
    assert [link["url"] for link in links] == ["https://brot.example/rezept"]
    assert [day["accounts"] for day in links[0]["history"]] == ["3"] + ["0"] * 6
    days = [int(day["day"]) for day in links[0]["history"]]
    assert days == [days[0] - 86_400 * age for age in range(7)]
    assert anna.app.get("/api/v1/trends")["Deprecation"].startswith("@")
    assert [tag["name"] for tag in anna.app.get("/api/v1/trends").json()] == ["Brot", "Butter"]


def test_what_is_always_used_does_not_stand_out(anna: Person, bertha: Person, run_jobs: Jobs) -> None:
    for person in (anna, bertha):
        person.post("#Alltag")
    run_jobs()
    now = datetime.now(UTC)
    from timelines.models import Tag

    tag = Tag.objects.get()
    for age in range(2, 7):
        day = now.date() - timedelta(days=age)
        DailyUse.objects.create(kind=Kind.TAG, object_id=tag.pk, day=day, uses=9, accounts=9)
    trends.renew(now)
    assert shown(anna.app, "tags") == []


def test_nothing_private_or_silenced_trends(
    anna: Person, bertha: Person, cem: Person, run_jobs: Jobs
) -> None:
    Account.objects.filter(pk=cem.account.pk).update(silenced_at=datetime.now(UTC))
    for person, visibility in ((anna, "private"), (bertha, "unlisted"), (cem, "public"), (anna, "public")):
        person.post("#Leise", visibility=visibility)
    run_jobs()
    trends.renew(datetime.now(UTC))
    assert shown(anna.app, "tags") == []


def test_posts_of_those_who_want_to_be_found_trend_by_reactions(
    anna: Person, bertha: Person, cem: Person, anybody: ApiClient, run_jobs: Jobs
) -> None:
    Account.objects.filter(pk=anna.account.pk).update(discoverable=True)
    loud, quiet, hidden = anna.post("laut"), anna.post("leiser"), bertha.post("unauffindbar")
    for status in (loud, quiet, hidden):
        for person in (bertha, cem):
            person.do("favourite", status)
    bertha.do("reblog", loud)
    run_jobs()
    now = datetime.now(UTC)
    trends.renew(now)

    assert [status["id"] for status in shown(anybody, "statuses")] == [loud["id"], quiet["id"]]
    answer = anybody.get("/api/v1/trends/statuses", {"limit": 1})
    assert 'offset=1>; rel="next"' in answer["Link"] and "prev" not in answer["Link"]
    second = anybody.get("/api/v1/trends/statuses", {"limit": 1, "offset": 1})
    assert [status["id"] for status in second.json()] == [quiet["id"]]
    assert 'offset=0>; rel="prev"' in second["Link"]

    cem.app.post(f"/api/v1/accounts/{anna.account.pk}/mute")
    assert shown(cem.app, "statuses") == []
    anna.app.delete(f"/api/v1/statuses/{loud['id']}")
    assert [status["id"] for status in shown(anybody, "statuses")] == [quiet["id"]]
    trends.renew(now + timedelta(days=3))
    assert shown(anybody, "statuses") == []


def test_nothing_said_is_an_empty_list(anybody: ApiClient) -> None:
    trends.renew(datetime.now(UTC))
    for what in ("tags", "links", "statuses"):
        answer = anybody.get(f"/api/v1/trends/{what}", {"limit": "x", "offset": "-3"})
        assert (answer.status_code, answer.json()) == (200, [])
        assert "Link" not in answer


def test_the_timeline_of_a_link_exists_while_it_trends(
    anna: Person, bertha: Person, anybody: ApiClient, run_jobs: Jobs
) -> None:
    posts = [person.post("Lest das") for person in (anna, bertha)]
    card = show_card(posts[0])
    show_card(posts[1])
    show_card(anna.post("nur für Freunde", visibility="private"))
    path = "/api/v1/timelines/link"
    assert anybody.get(path, {"url": card.url}).status_code == 404
    trends.renew(datetime.now(UTC))

    answer = anybody.get(path, {"url": card.url})
    assert [status["id"] for status in answer.json()] == [posts[1]["id"], posts[0]["id"]]
    assert answer.json()[0]["card"]["url"] == card.url
    for url in ("https://other.example/", "", "\x00"):
        assert anybody.get(path, {"url": url}).status_code == 404


def test_history_forgets_what_is_older_than_a_week(anna: Person) -> None:
    now = datetime.now(UTC)
    DailyUse.objects.create(
        kind=Kind.TAG, object_id=new_id(), day=now.date() - timedelta(days=30), uses=1, accounts=1
    )
    trends.renew(now)
    assert not DailyUse.objects.exists()
    assert not Status.objects.exists()
