"""Search by words: stems, phrases, operators, and that nobody finds what is not meant to be found."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest

from accounts.models import Account
from tests.cast import ApiClient
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, text_of
from timelines.models import Status
from timelines.search_query import Operator, read_query

pytestmark = pytest.mark.django_db
Jobs = Callable[[], None]


def found(app: ApiClient, text: str, **params: Any) -> list[str]:
    """Return the texts of the posts that are found."""
    answer = app.get("/api/v2/search", {"q": text, "type": "statuses", **params})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert entity_faults("Search", body) == []
    assert body["accounts"] == body["hashtags"] == []
    return [text_of(status) for status in body["statuses"]]


def let_be_searched(*accounts: Account) -> None:
    Account.objects.filter(pk__in=[account.pk for account in accounts]).update(indexable=True)


def test_words_are_found_by_their_stems_in_german_and_english(
    anna: Person, cem: Person, run_jobs: Jobs
) -> None:
    let_be_searched(anna.account)
    anna.post("Die Bäckereien öffnen früh", language="de")
    anna.post("The bakeries are opening", language="en")
    anna.post("Otevírají pekárny", language="cs")
    run_jobs()

    assert found(cem.app, "bäckerei") == ["Die Bäckereien öffnen früh"]
    assert found(cem.app, "Backereien") == ["Die Bäckereien öffnen früh"]
    assert found(cem.app, "bakery opened") == ["The bakeries are opening"]
    assert found(cem.app, "oteviraji") == ["Otevírají pekárny"]
    assert found(cem.app, "bakery bäckerei") == []


def test_phrases_and_a_minus(anna: Person, run_jobs: Jobs) -> None:
    anna.post("Brot ohne Butter")
    anna.post("Butter ohne Brot")
    anna.post("Brot mit Käse")
    run_jobs()

    assert found(anna.app, '"brot ohne butter"') == ["Brot ohne Butter"]
    assert found(anna.app, "brot -butter") == ["Brot mit Käse"]
    assert found(anna.app, '-"ohne brot" brot') == ["Brot mit Käse", "Brot ohne Butter"]
    assert found(anna.app, "brot", limit=1) == ["Brot mit Käse"]
    assert found(anna.app, "brot", limit=1, offset=1) == ["Butter ohne Brot"]


def test_only_those_who_agree_are_found_by_strangers(
    anna: Person, bertha: Person, cem: Person, anybody: ApiClient, run_jobs: Jobs
) -> None:
    bertha.do("favourite", anna.post("Kuchen für alle"))
    anna.post("Kuchen für @cem")
    anna.post("Kuchen für mich", visibility="private")
    anna.post("Kuchen leise", visibility="unlisted")
    run_jobs()

    everything = ["Kuchen leise", "Kuchen für mich", "Kuchen für @cem", "Kuchen für alle"]
    assert len(found(anna.app, "kuchen")) == len(everything)
    assert found(bertha.app, "kuchen") == ["Kuchen für alle"]
    assert len(found(cem.app, "kuchen")) == 1
    assert found(anybody, "kuchen") == []

    let_be_searched(anna.account)
    assert found(anybody, "kuchen")[-1] == "Kuchen für alle"
    assert len(found(anybody, "kuchen")) == 2
    assert found(cem.app, "kuchen in:public -in:library")[-1:] == ["Kuchen für alle"]
    assert len(found(cem.app, "kuchen in:library")) == 1


def test_what_one_may_no_longer_see_is_not_found(anna: Person, bertha: Person, run_jobs: Jobs) -> None:
    let_be_searched(anna.account)
    secret, open_post = anna.post("Torte privat", visibility="private"), anna.post("Torte offen")
    run_jobs()
    bertha.do("bookmark", secret)
    assert found(bertha.app, "torte") == ["Torte offen", "Torte privat"]

    bertha.app.post(f"/api/v1/accounts/{anna.account.pk}/unfollow")
    assert found(bertha.app, "torte") == ["Torte offen"]
    anna.app.delete(f"/api/v1/statuses/{open_post['id']}")
    assert found(bertha.app, "torte") == []


def test_the_blocked_find_nothing_of_each_other(anna: Person, cem: Person, run_jobs: Jobs) -> None:
    let_be_searched(anna.account)
    anna.post("Keks")
    run_jobs()
    assert found(cem.app, "keks") == ["Keks"]
    anna.app.post(f"/api/v1/accounts/{cem.account.pk}/block")
    assert found(cem.app, "keks") == []


def test_an_edit_changes_what_is_found(anna: Person, run_jobs: Jobs) -> None:
    status = anna.post("Semmel")
    run_jobs()
    anna.app.put(f"/api/v1/statuses/{status['id']}", {"status": "Brezel"})
    run_jobs()
    assert found(anna.app, "semmel") == []
    assert found(anna.app, "brezel") == ["Brezel"]


def test_operators(anna: Person, bertha: Person, run_jobs: Jobs) -> None:
    let_be_searched(anna.account, bertha.account)
    first = anna.post("Brot eins", language="de")
    bertha.post("Brot zwei", in_reply_to_id=first["id"], language="de")
    anna.post("Brot drei", sensitive=True, language="en")
    anna.post("Brot vier", poll={"options": ["Roggen", "Weizen"], "expires_in": 600}, language="en")
    anna.post("Brot https://brot.example/", language="en")
    run_jobs()

    def numbers(text: str, **params: Any) -> list[str]:
        return sorted(entry.split()[1] for entry in found(anna.app, text, **params))

    link = found(anna.app, "brot has:link")
    assert len(link) == 1 and "brot.example" in link[0]
    assert numbers("brot from:bertha") == numbers("is:reply brot") == ["zwei"]
    assert numbers("from:@bertha@social.example brot") == ["zwei"]
    assert numbers("brot is:sensitive") == ["drei"]
    assert numbers("brot language:de -is:reply") == ["eins"]
    assert numbers("brot has:poll") == numbers("roggen") == ["vier"]
    assert numbers("brot from:me -is:sensitive -has:poll -has:link") == ["eins"]
    assert numbers("is:sensitive") == ["drei"]
    assert numbers("brot from:niemand") == []
    assert numbers("brot", account_id=str(bertha.account.pk)) == ["zwei"]
    assert numbers("brot", max_id=first["id"]) == []
    assert numbers("brot has:media") == numbers("brot has:image") == numbers("brot has:embed") == []


def test_days(anna: Person, run_jobs: Jobs) -> None:
    anna.post("Brot")
    run_jobs()
    day = Status.objects.get().created_at.astimezone(UTC).date()
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    for text in (f"before:{after}", f"after:{before}", f"during:{day}", f"-before:{day}"):
        assert found(anna.app, f"brot {text}") == ["Brot"], text
    for text in (f"before:{day}", f"after:{day}", f"during:{before}"):
        assert found(anna.app, f"brot {text}") == [], text


def test_pictures_are_found_by_kind_and_description(anna: Person, run_jobs: Jobs) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from tests.media.pictures import picture

    upload = {"file": SimpleUploadedFile("b.png", picture(), "image/png"), "description": "Laugenstange"}
    media = anna.app.post("/api/v2/media", upload, encoding="multipart").json()
    anna.post("Sieh", media_ids=[media["id"]])
    run_jobs()
    assert found(anna.app, "laugenstange has:image") == ["Sieh"]
    assert found(anna.app, "laugenstange has:media -has:video") == ["Sieh"]
    assert found(anna.app, "laugenstange has:audio") == []


@pytest.mark.parametrize(
    "text",
    ["-", "''", '"', "&|!()<->:*", "from:", "before:gestern", "has:x", "-" * 500, "a\\", "%", "\ud800x"],
)
def test_odd_questions_are_answered(anna: Person, text: str) -> None:
    found(anna.app, text.encode("utf-8", "replace").decode())


def test_what_is_no_operator_is_a_word() -> None:
    query = read_query('Zeit:12:30 has:nothing -From:anna before:2026-02-30 "zwei  Worte" -weg')
    assert query.terms == ("Zeit:12:30", "has:nothing", "before:2026-02-30", "zwei  Worte")
    assert query.unwanted == ("weg",)
    assert query.operators == (Operator("from", "anna", negated=True),)
