"""Hashtags: seen with their use, followed into the home feed, shown on profiles."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from accounts.models import Account
from accounts.relationships import mute
from core.ids import new_id
from tests.cast import ApiClient
from tests.contract.contract import entity_faults
from tests.timelines.people import Person
from timelines import feeds, tags
from timelines.models import Status, Tag

pytestmark = pytest.mark.django_db
TAGS, FEATURED = "/api/v1/tags", "/api/v1/featured_tags"
Run = Callable[[], None]


def do(who: Person, verb: str, name: str) -> dict[str, Any]:
    """Follow or feature a hashtag, or take it back."""
    answer = who.app.post(f"{TAGS}/{name}/{verb}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_hashtag_shows_its_use_of_the_last_week(anna: Person, cem: Person, anybody: ApiClient) -> None:
    anna.post("#Brot #Brot")
    anna.post("#brot")
    cem.post("#brot")
    cem.post("leise #brot", visibility="unlisted")
    for days in (2, 8):
        moment = datetime.now(UTC) - timedelta(days=days)
        old = Status.objects.create(
            id=new_id(moment), uri=f"{cem.account.uri}/{days}", account=cem.account, is_local=True,
            visibility="public", created_at=moment,
        )  # fmt: skip
        old.tags.add(Tag.objects.get(name="brot"))

    found = anybody.get(f"{TAGS}/BROT").json()
    assert entity_faults("Tag", found) == []
    assert (found["name"], found["url"]) == ("Brot", f"{settings.BASE_URL}/tags/brot")
    assert [(day["uses"], day["accounts"]) for day in found["history"]] == [
        ("3", "2"), ("0", "0"), ("1", "1"), *[("0", "0")] * 4
    ]  # fmt: skip
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert found["history"][0]["day"] == str(int(today.timestamp()))
    assert "following" not in found


def test_a_hashtag_that_nobody_used(anna: Person) -> None:
    found = anna.see(f"{TAGS}/Käse")

    assert (found["id"], found["name"], found["following"], found["featuring"]) == ("", "Käse", False, False)
    assert entity_faults("Tag", found) == []
    assert not Tag.objects.exists()


@pytest.mark.parametrize("strange", ["123", "---", "x" * 201, "\x00"])
def test_what_is_no_hashtag_is_404(anna: Person, strange: str) -> None:
    assert anna.app.get(f"{TAGS}/{strange}").status_code == 404
    for verb in ("follow", "unfollow", "feature", "unfeature"):
        assert anna.app.post(f"{TAGS}/{strange}/{verb}").status_code == 404


def test_following_hashtags(anna: Person) -> None:
    assert do(anna, "follow", "Brot")["following"] is True
    assert do(anna, "follow", "brot")["following"] is True
    do(anna, "follow", "Käse")
    assert [tag["name"] for tag in anna.see("/api/v1/followed_tags")] == ["Käse", "Brot"]
    assert do(anna, "unfollow", "BROT")["following"] is False
    assert [tag["name"] for tag in anna.see("/api/v1/followed_tags")] == ["Käse"]
    assert anna.see(f"{TAGS}/käse")["following"] is True


def test_followed_hashtags_are_paged_by_their_follows(anna: Person) -> None:
    for name in ("a1", "b2", "c3"):
        do(anna, "follow", name)
    answer = anna.app.get("/api/v1/followed_tags", {"limit": 2})
    assert [tag["name"] for tag in answer.json()] == ["c3", "b2"]
    following = answer["Link"].partition(">")[0].removeprefix("<")
    assert [tag["name"] for tag in anna.app.get(following).json()] == ["a1"]


def test_what_is_public_under_a_followed_hashtag_arrives_at_home(
    anna: Person, cem: Person, run_jobs: Run
) -> None:
    anna.post("vorher #Brot")
    run_jobs()
    assert cem.home() == []
    do(cem, "follow", "brot")
    run_jobs()
    assert len(cem.home()) == 1
    root = anna.post("ohne")
    anna.post("nachher #brot #käse")
    anna.post("Antwort #brot", in_reply_to_id=root["id"])
    anna.post("leise #brot", visibility="unlisted")
    anna.post("anders #käse")
    run_jobs()
    assert len(cem.home()) == 3
    mute(cem.account, anna.account)
    assert cem.home() == []
    do(cem, "unfollow", "brot")
    run_jobs()
    assert cem.home() == []


def test_both_rules_of_what_belongs_into_a_feed_agree_on_hashtags(
    anna: Person, bertha: Person, cem: Person, dora: Account
) -> None:
    """Every kind of status × followers by person, by hashtag, by both, and with the author in a list."""
    for who in (bertha, cem):
        do(who, "follow", "brot")
        do(who, "follow", "käse")
    made = bertha.app.post("/api/v1/lists", {"title": "Fern", "exclusive": True}).json()
    root = cem.post("Wurzel")
    for visibility in ("public", "unlisted", "private", "direct"):
        anna.post(f"@cem #brot #käse {visibility}", visibility=visibility)
        anna.post("Antwort #brot", visibility=visibility, in_reply_to_id=root["id"])
    anna.do("reblog", anna.post("#brot"))
    anna.post("ohne")

    def compare() -> int:
        total = 0
        for status in Status.objects.select_related("account"):
            handed = {*feeds.receivers(status, after_id=0, limit=100), status.account_id}
            for who in (anna, bertha, cem):
                belongs = feeds.feed_rows(who.account).filter(pk=status.pk).exists()
                assert belongs == (who.account.pk in handed), (who.account, status.content, status.visibility)
                total += belongs
        return total

    before = compare()
    bertha.app.post(f"/api/v1/lists/{made['id']}/accounts", {"account_ids": [str(anna.account.pk)]})
    assert compare() < before
    Account.objects.filter(pk=anna.account.pk).update(silenced_at=datetime.now(UTC))
    assert compare() < before


def test_many_readers_by_person_and_by_hashtag_are_served_once(
    anna: Person, bertha: Person, cem: Person, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from timelines import fanout

    monkeypatch.setattr(fanout, "_BATCH", 1)
    for who in (anna, bertha, cem):
        do(who, "follow", "brot")
        run_jobs()
        who.home()
    anna.post("für alle #brot")
    run_jobs()

    assert [len(who.home()) for who in (anna, bertha, cem)] == [1, 1, 1]
    assert not Status.objects.filter(fanned_out_at__isnull=True).exists()


def test_hashtags_on_a_profile(anna: Person, cem: Person, anybody: ApiClient) -> None:
    anna.post("#Brot")
    anna.post("leise #brot", visibility="unlisted")
    anna.post("geheim #brot", visibility="private")
    cem.post("#brot")
    row = anna.app.post(FEATURED, {"name": "#Brot"}).json()
    assert entity_faults("FeaturedTag", row) == []
    assert (row["name"], row["statuses_count"]) == ("Brot", "2")
    assert row["last_status_at"] == datetime.now(UTC).date().isoformat()
    public = anybody.get(f"/api/v1/accounts/{anna.account.pk}/featured_tags").json()
    assert public == anna.see(FEATURED) == [row]
    assert anna.see(f"{TAGS}/brot")["featuring"] is True
    items = anybody.get("/users/anna/collections/tags").json()["items"]
    assert items == [{"type": "Hashtag", "href": f"{settings.BASE_URL}/tags/brot", "name": "#Brot"}]

    assert anna.app.post(FEATURED, {"name": "brot"}).status_code == 422
    assert anna.app.post(FEATURED, {"name": "!!"}).status_code == 422
    assert anna.app.post(FEATURED).status_code == 400
    assert cem.app.delete(f"{FEATURED}/{row['id']}").status_code == 404
    assert anna.app.delete(f"{FEATURED}/{row['id']}").json() == {}
    assert anna.see(FEATURED) == []
    assert anybody.get("/api/v1/accounts/1/featured_tags").status_code == 404


def test_featuring_by_name_and_by_id(anna: Person, cem: Person) -> None:
    made = do(anna, "feature", "Brot")
    assert made["featuring"] is True
    assert do(anna, "feature", made["id"])["id"] == made["id"]
    assert do(anna, "unfeature", made["id"])["featuring"] is False
    assert anna.see(FEATURED) == []


def test_at_most_ten_are_featured(anna: Person) -> None:
    for number in range(tags.MAX_FEATURED):
        do(anna, "feature", f"brot{number}")

    assert anna.app.post(f"{TAGS}/zuviel/feature").status_code == 422
    assert anna.app.post(FEATURED, {"name": "zuviel"}).status_code == 422
    assert len(anna.see(FEATURED)) == tags.MAX_FEATURED == 10
    assert anna.see("/api/v2/instance")["configuration"]["accounts"]["max_featured_tags"] == 10


def test_suggestions_are_what_one_uses_most(anna: Person, cem: Person) -> None:
    anna.post("#brot #käse")
    anna.post("#käse #wein")
    anna.post("#käse #brot")
    anna.post("#geheim", visibility="private")
    cem.post("#fremd")
    do(anna, "feature", "wein")

    assert [tag["name"] for tag in anna.see(f"{FEATURED}/suggestions")] == ["käse", "brot"]


def test_a_hashtag_timeline_takes_four_conditions_of_each_kind(anna: Person, anybody: ApiClient) -> None:
    for text in ("#a1 #b2", "#c3", "#d4", "#e5", "#f6", "#g7"):
        anna.post(text)

    def count(**params: Any) -> int:
        return len(anybody.get("/api/v1/timelines/tag/a1", params).json())

    assert count(**{"any[]": ["c3", "d4", "e5", "f6", "g7"]}) == 5
    assert count(**{"all[]": ["B2"]}) == 1
    assert count(**{"none[]": ["b2"], "any[]": ["c3"]}) == 1
    assert count(**{"any[]": ["!!", ""]}) == 1
