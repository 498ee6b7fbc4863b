"""Who may see what: four visibilities for author, mentioned, follower, stranger and nobody, at every door."""

from datetime import UTC, datetime

import pytest

from accounts.models import Account
from accounts.relationships import block
from tests.cast import ApiClient, make_remote_account
from tests.timelines.people import Person, let_follow
from timelines.models import Mention, Status
from timelines.visibility import can_see

pytestmark = pytest.mark.django_db

#           author, mentioned, follower, stranger, nobody
MATRIX = {
    "public": (True, True, True, True, True),
    "unlisted": (True, True, True, True, True),
    "private": (True, True, True, False, False),
    "direct": (True, True, False, False, False),
}


@pytest.fixture
def mentioned(db: None) -> Person:
    from tests.timelines.people import person

    return person("emma")


@pytest.mark.parametrize("visibility", MATRIX)
def test_each_visibility_has_its_readers(
    anna: Person, mentioned: Person, bertha: Person, cem: Person, anybody: ApiClient, visibility: str
) -> None:
    status = anna.post("@emma hört zu #thema", visibility=visibility)
    readers = (anna.app, mentioned.app, bertha.app, cem.app, anybody)

    for reader, may_see in zip(readers, MATRIX[visibility], strict=True):
        path = f"/api/v1/statuses/{status['id']}"
        expected = 200 if may_see else 404
        for detail in ("", "/context", "/history", "/favourited_by"):
            assert reader.get(path + detail).status_code == expected, detail
        listed = reader.get(f"/api/v1/accounts/{anna.account.pk}/statuses").json()
        assert [entry["id"] for entry in listed] == ([status["id"]] if may_see else [])
        for public in ("/api/v1/timelines/public", "/api/v1/timelines/tag/thema"):
            shown = [entry["id"] for entry in reader.get(public).json()]
            assert shown == ([status["id"]] if visibility == "public" else [])


@pytest.mark.parametrize("verb", ["favourite", "reblog", "bookmark", "pin"])
def test_nobody_touches_what_they_cannot_see(anna: Person, cem: Person, verb: str) -> None:
    secret = anna.post(visibility="direct")

    assert cem.app.post(f"/api/v1/statuses/{secret['id']}/{verb}").status_code == 404


def test_others_cannot_edit_or_delete(anna: Person, cem: Person) -> None:
    status = anna.post()

    assert cem.app.put(f"/api/v1/statuses/{status['id']}", {"status": "neu"}).status_code == 404
    assert cem.app.delete(f"/api/v1/statuses/{status['id']}").status_code == 404


@pytest.mark.parametrize("blocker", ["anna", "cem"])
def test_a_block_hides_both_from_each_other(anna: Person, cem: Person, blocker: str) -> None:
    status = anna.post()
    pair = [anna.account, cem.account]
    block(*(pair if blocker == "anna" else pair[::-1]))

    assert cem.app.get(f"/api/v1/statuses/{status['id']}").status_code == 404
    assert cem.see(f"/api/v1/accounts/{anna.account.pk}/statuses") == []
    assert cem.see("/api/v1/timelines/public") == []
    assert anna.see(f"/api/v1/statuses/{status['id']}")["id"] == status["id"]


def test_what_a_suspended_account_wrote_is_gone(anna: Person, cem: Person) -> None:
    status = anna.post()
    cem.do("reblog", status)
    Account.objects.filter(pk=anna.account.pk).update(suspended_at=datetime.now(UTC))

    assert cem.app.get(f"/api/v1/statuses/{status['id']}").status_code == 404
    assert cem.see(f"/api/v1/accounts/{cem.account.pk}/statuses") == []


def test_a_reblog_shows_nothing_that_its_original_hides(anna: Person, cem: Person, bertha: Person) -> None:
    from tests.timelines.people import person

    status = anna.post()
    reblog = bertha.do("reblog", status)
    reader = person("frida")
    block(anna.account, reader.account)

    assert cem.app.get(f"/api/v1/statuses/{reblog['id']}").status_code == 200
    assert reader.app.get(f"/api/v1/statuses/{reblog['id']}").status_code == 404


def test_limited_is_for_the_silently_addressed_and_looks_private(cem: Person, bertha: Person) -> None:
    author = make_remote_account("dora")
    status = Status.objects.create(
        uri=f"{author.uri}/statuses/1",
        account=author,
        is_local=False,
        content="<p>nur für dich</p>",
        visibility="limited",
        created_at=datetime.now(UTC),
    )
    Mention.objects.create(status=status, account=cem.account, silent=True)
    let_follow(bertha.account, author)

    shown = cem.see(f"/api/v1/statuses/{status.pk}")
    assert (shown["visibility"], shown["mentions"]) == ("private", [])
    assert not can_see(bertha.account, status)
    assert not can_see(None, status)


@pytest.mark.parametrize("status_id", ["abc", "0", "-1", "9" * 30, "1.5", "%00"])
def test_what_is_no_id_is_not_found(anna: Person, status_id: str) -> None:
    answer = anna.app.get(f"/api/v1/statuses/{status_id}")

    assert answer.status_code == 404
    assert answer.json().keys() == {"error"}
