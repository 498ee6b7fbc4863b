"""Public, hashtag and account timelines: what is in them, for whom, and how they page."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings

from accounts.models import Account
from accounts.relationships import block, block_domain, mute
from tests.cast import ApiClient
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, text_of
from tests.timelines.test_edits import upload
from timelines.models import Status, Tag

pytestmark = pytest.mark.django_db
PUBLIC = "/api/v1/timelines/public"


def texts(app: ApiClient, path: str, **params: Any) -> list[str]:
    """Return what a timeline says."""
    answer = app.get(path, params)
    assert answer.status_code == 200, answer.content
    return [text_of(status) for status in answer.json()]


@pytest.fixture
def from_afar(dora: Account) -> Status:
    """A public status of another server, with a hashtag."""
    status = Status.objects.create(
        uri="https://elsewhere.example/1",
        account=dora,
        is_local=False,
        content="<p>fern</p>",
        visibility="public",
        created_at=datetime.now(UTC),
    )
    status.tags.add(Tag.objects.create(name="nah", display_name="Nah"))
    return status


def test_the_public_timeline_has_no_reblogs_and_no_replies(
    anna: Person, cem: Person, anybody: ApiClient
) -> None:
    status = anna.post("offen")
    anna.post("weiter", in_reply_to_id=status["id"])
    cem.post("Antwort", in_reply_to_id=status["id"])
    cem.do("reblog", status)
    anna.post("leise", visibility="unlisted")

    assert texts(anybody, PUBLIC) == ["weiter", "offen"]


def test_parts_of_the_public_timeline(anna: Person, anybody: ApiClient, from_afar: Status) -> None:
    anna.post("nah")
    anna.post("Bild", media_ids=[upload(anna)])

    assert texts(anybody, PUBLIC) == ["Bild", "nah", "fern"]
    assert texts(anybody, PUBLIC, local="true") == ["Bild", "nah"]
    assert texts(anybody, PUBLIC, remote="true") == ["fern"]
    assert texts(anybody, PUBLIC, only_media="true") == ["Bild"]


def test_silenced_accounts_are_not_in_it(anna: Person, anybody: ApiClient) -> None:
    anna.post("offen")
    Account.objects.filter(pk=anna.account.pk).update(silenced_at=datetime.now(UTC))

    assert texts(anybody, PUBLIC) == []


@pytest.mark.parametrize("path", [PUBLIC, "/api/v1/timelines/tag/nah"])
def test_the_reader_decides_whom_not_to_read(anna: Person, cem: Person, from_afar: Status, path: str) -> None:
    anna.post("#nah")
    assert len(texts(cem.app, path)) == 2

    block_domain(cem.account, "elsewhere.example")
    assert len(texts(cem.app, path)) == 1
    mute(cem.account, anna.account)
    assert texts(cem.app, path) == []


def test_timelines_page_by_links(anna: Person, anybody: ApiClient) -> None:
    ids = [anna.post(str(number))["id"] for number in range(5)]

    answer = anybody.get(PUBLIC, {"limit": 2, "local": "true"})

    assert [status["id"] for status in answer.json()] == [ids[4], ids[3]]
    base = f"https://{settings.WEB_DOMAIN}{PUBLIC}?limit=2&local=true"
    assert answer["Link"] == f'<{base}&max_id={ids[3]}>; rel="next", <{base}&min_id={ids[4]}>; rel="prev"'
    assert texts(anybody, PUBLIC, max_id=ids[3]) == ["2", "1", "0"]
    assert texts(anybody, PUBLIC, min_id=ids[0], limit=2) == ["2", "1"]
    assert texts(anybody, PUBLIC, since_id=ids[0], limit=2) == ["4", "3"]
    assert len(texts(anybody, PUBLIC, limit=-3)) == 3
    assert "public" in answer["Cache-Control"]


def test_hashtags_are_found_however_they_are_written(anna: Person, cem: Person, anybody: ApiClient) -> None:
    status = anna.post("#Straßenfest heute")
    cem.post("#straßenfest ich auch", in_reply_to_id=status["id"])
    cem.post("#strassenfest")
    anna.post("#Straßenfest leise", visibility="unlisted")

    assert len(texts(anybody, "/api/v1/timelines/tag/STRASSENFEST")) == 1
    assert len(texts(anybody, "/api/v1/timelines/tag/Straßenfest")) == 2
    assert texts(anybody, "/api/v1/timelines/tag/unbekannt") == []


def test_hashtags_can_be_combined(anna: Person, anybody: ApiClient) -> None:
    for text in ("#a", "#b", "#a #b", "#a #c"):
        anna.post(text)

    def count(**params: Any) -> int:
        return len(texts(anybody, "/api/v1/timelines/tag/a", **params))

    assert count() == 3
    assert count(**{"any[]": ["b"]}) == 4
    assert count(**{"all[]": ["b"]}) == 1
    assert count(**{"none[]": ["b", "c"]}) == 1


def test_a_hashtag_has_a_name_even_if_unused(anna: Person, anybody: ApiClient) -> None:
    anna.post("#GutenMorgen")

    known, unknown = (anybody.get(f"/api/v1/tags/{name}") for name in ("gutenmorgen", "Nie"))

    for answer in (known, unknown):
        assert entity_faults("Tag", answer.json()) == []
    assert known.json()["name"] == "GutenMorgen"
    assert unknown.json()["id"] == ""
    assert anna.see("/api/v1/tags/nie")["following"] is False
    assert anybody.get("/api/v1/tags/!!").status_code == 404


def test_statuses_of_an_account_can_be_narrowed(anna: Person, cem: Person) -> None:
    path = f"/api/v1/accounts/{anna.account.pk}/statuses"
    foreign = cem.post("fremd")
    own = anna.post("eins #x")
    anna.post("Bild", media_ids=[upload(anna)])
    anna.post("weiter", in_reply_to_id=own["id"])
    anna.post("Antwort", in_reply_to_id=foreign["id"])
    anna.do("reblog", foreign)
    anna.post("@cem psst", visibility="direct")

    def count(**params: Any) -> int:
        return len(texts(cem.app, path, **params))

    assert count() == 6
    assert count(only_media="true") == 1
    assert count(exclude_replies="true") == 5
    assert count(exclude_reblogs="true") == 5
    assert count(exclude_direct="true") == 5
    assert count(tagged="x") == 1
    assert count(pinned="true") == 0
    assert cem.app.get("/api/v1/accounts/12345/statuses").status_code == 404
    answer = cem.app.get(path, {"limit": 2, "exclude_replies": "true"})
    assert f"exclude_replies=true&max_id={answer.json()[1]['id']}" in answer["Link"]


def test_a_blocked_reader_finds_the_list_empty(anna: Person, cem: Person) -> None:
    anna.post()
    block(anna.account, cem.account)

    assert texts(cem.app, f"/api/v1/accounts/{anna.account.pk}/statuses") == []
