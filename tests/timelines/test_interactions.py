"""Favourites, reblogs, bookmarks and pins: counted once, told once, taken back without a trace."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Account
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, let_follow, person
from tests.timelines.sent import forget_sent, types_sent
from timelines.interactions import favourite, reblog
from timelines.models import Favourite, Status

pytestmark = pytest.mark.django_db


def a_remote_status(author: Account, **fields: Any) -> Status:
    """Make a status of another server."""
    number = Status.objects.count() + 1
    return Status.objects.create(
        **{
            "uri": f"{author.uri}/statuses/{number}",
            "account": author,
            "is_local": False,
            "content": "<p>von fern</p>",
            "visibility": "public",
            "created_at": datetime.now(UTC),
            **fields,
        }
    )


def test_a_favourite_counts_once_and_can_be_taken_back(anna: Person, cem: Person) -> None:
    status = anna.post()

    for _ in range(2):
        after = cem.do("favourite", status)
    assert (after["favourited"], after["favourites_count"]) == (True, 1)
    assert anna.told() == [("favourite", "cem")]
    assert [who["acct"] for who in anna.see(f"/api/v1/statuses/{status['id']}/favourited_by")] == ["cem"]

    for _ in range(2):
        after = cem.do("unfavourite", status)
    assert (after["favourited"], after["favourites_count"]) == (False, 0)
    assert anna.told() == []


def test_own_favourites_are_no_news(anna: Person) -> None:
    anna.do("favourite", anna.post())

    assert anna.told() == []


def test_a_favourite_of_a_reblog_is_one_of_the_original(anna: Person, bertha: Person, cem: Person) -> None:
    status = anna.post()
    wrapper = bertha.do("reblog", status)

    after = cem.do("favourite", wrapper)

    assert after["id"] == wrapper["id"]
    assert after["favourited"] is True
    assert after["reblog"]["favourites_count"] == 1
    assert Favourite.objects.get().status_id == int(status["id"])


def test_a_reblog_wraps_the_original_and_is_made_once(anna: Person, cem: Person) -> None:
    status = anna.post()

    first, second = cem.do("reblog", status), cem.do("reblog", status)

    assert first["id"] == second["id"] != status["id"]
    assert entity_faults("AuthenticatedStatus", first) == []
    assert (first["content"], first["reblog"]["id"], first["reblogged"]) == ("", status["id"], True)
    assert first["reblog"]["reblogs_count"] == 1
    assert "pinned" not in first
    assert anna.told() == [("reblog", "cem")]
    assert anna.see("/api/v1/notifications")[0]["status"]["id"] == status["id"]
    assert [who["acct"] for who in anna.see(f"/api/v1/statuses/{status['id']}/reblogged_by")] == ["cem"]


def test_a_reblog_taken_back_is_gone_and_can_be_made_again(anna: Person, cem: Person) -> None:
    status = anna.post()
    wrapper = cem.do("reblog", status)

    after = cem.do("unreblog", status)

    assert (after["id"], after["reblogged"], after["reblogs_count"]) == (status["id"], False, 0)
    assert cem.app.get(f"/api/v1/statuses/{wrapper['id']}").status_code == 404
    assert anna.told() == []
    cem.account.refresh_from_db()
    assert cem.account.statuses_count == 0
    assert cem.do("unreblog", status)["reblogs_count"] == 0
    assert cem.do("reblog", status)["id"] != wrapper["id"]


@pytest.mark.parametrize(
    ("original", "wanted", "result"),
    [
        ("public", None, "public"),
        ("public", "private", "private"),
        ("unlisted", "public", "unlisted"),
        ("unlisted", None, "unlisted"),
    ],
)
def test_a_reblog_is_never_more_open_than_its_original(
    anna: Person, cem: Person, original: str, wanted: str | None, result: str
) -> None:
    status = anna.post(visibility=original)

    fields = {"visibility": wanted} if wanted else {}

    assert cem.do("reblog", status, **fields)["visibility"] == result


def test_only_the_author_reblogs_a_private_status_and_nobody_a_direct_one(
    anna: Person, bertha: Person
) -> None:
    private, direct = anna.post(visibility="private"), anna.post(visibility="direct")

    assert bertha.app.post(f"/api/v1/statuses/{private['id']}/reblog").status_code == 403
    assert anna.app.post(f"/api/v1/statuses/{direct['id']}/reblog").status_code == 403
    assert anna.do("reblog", private, visibility="public")["visibility"] == "private"
    wrong = anna.app.post(f"/api/v1/statuses/{anna.post()['id']}/reblog", {"visibility": "direct"})
    assert wrong.status_code == 422


def test_authors_elsewhere_learn_of_it(anna: Person, dora: Account) -> None:
    status = {"id": str(a_remote_status(dora).pk)}

    for verb in ("favourite", "unfavourite", "reblog", "unreblog", "bookmark"):
        anna.do(verb, status)

    assert types_sent() == ["Like", "Undo", "Announce", "Undo"]


def test_what_others_do_reaches_the_author_here(anna: Person, dora: Account) -> None:
    status = Status.objects.get(pk=anna.post()["id"])
    published = datetime(2024, 5, 1, tzinfo=UTC)

    for _ in range(2):
        favourite(dora, status, uri=f"{dora.uri}#likes/1")
        wrapper = reblog(dora, status, uri=f"{dora.uri}/announces/1", created_at=published)

    assert wrapper.created_at == published
    assert anna.told() == [
        ("reblog", "dora@elsewhere.example"),
        ("favourite", "dora@elsewhere.example"),
    ]
    assert types_sent() == []


def test_bookmarks_are_a_private_list(anna: Person, cem: Person) -> None:
    statuses = [anna.post(str(number)) for number in range(3)]
    for status in statuses:
        assert cem.do("bookmark", status)["bookmarked"] is True
    cem.do("bookmark", statuses[0])

    page = cem.app.get("/api/v1/bookmarks", {"limit": 2})

    assert [entry["id"] for entry in page.json()] == [statuses[2]["id"], statuses[1]["id"]]
    rest = cem.app.get(next_link(page))
    assert [entry["id"] for entry in rest.json()] == [statuses[0]["id"]]
    assert anna.told() == []
    assert cem.do("unbookmark", statuses[1])["bookmarked"] is False
    assert len(cem.see("/api/v1/bookmarks")) == 2


def next_link(answer: Any) -> str:
    """Return path and query of the next page."""
    links = dict(part.split("; ")[::-1] for part in answer["Link"].split(", "))
    return "/" + links['rel="next"'].strip("<>").split("/", 3)[3]


def test_favourites_page_by_their_own_ids_and_lose_what_became_invisible(anna: Person, cem: Person) -> None:
    statuses = [anna.post(str(number)) for number in range(3)]
    for status in (statuses[1], statuses[0], statuses[2]):
        cem.do("favourite", status)

    page = cem.app.get("/api/v1/favourites", {"limit": 2})
    assert [entry["id"] for entry in page.json()] == [statuses[2]["id"], statuses[0]["id"]]
    assert [entry["id"] for entry in cem.app.get(next_link(page)).json()] == [statuses[1]["id"]]

    Status.objects.filter(pk=statuses[0]["id"]).update(visibility="direct")
    assert [entry["id"] for entry in cem.see("/api/v1/favourites")] == [statuses[2]["id"], statuses[1]["id"]]


def test_pins_stand_on_top_the_latest_first(anna: Person, cem: Person) -> None:
    statuses = [anna.post(str(number)) for number in range(6)]
    for status in statuses[:5]:
        assert anna.do("pin", status)["pinned"] is True

    assert anna.app.post(f"/api/v1/statuses/{statuses[5]['id']}/pin").status_code == 422
    anna.do("pin", statuses[0])
    path = f"/api/v1/accounts/{anna.account.pk}/statuses"
    shown = [entry["id"] for entry in cem.see(path, pinned="true")]
    assert shown == [status["id"] for status in reversed(statuses[:5])]
    assert anna.do("unpin", statuses[0])["pinned"] is False
    anna.do("pin", statuses[5])


def test_only_own_statuses_that_others_can_see_are_pinned(anna: Person, cem: Person) -> None:
    direct, foreign = anna.post(visibility="direct"), cem.post()
    wrapper = anna.do("reblog", foreign)

    for status in (direct, foreign, wrapper):
        assert anna.app.post(f"/api/v1/statuses/{status['id']}/pin").status_code == 422


def test_pins_are_told_to_followers_elsewhere(anna: Person, dora: Account) -> None:
    let_follow(dora, anna.account)
    status = anna.post()
    forget_sent()

    anna.do("pin", status)
    anna.do("unpin", status)

    assert types_sent() == ["Add", "Remove"]


def test_blocked_people_are_not_listed(anna: Person, cem: Person) -> None:
    from accounts.relationships import mute

    reader = person("frida")
    status = anna.post()
    cem.do("favourite", status)
    cem.do("reblog", status)
    mute(reader.account, cem.account)

    assert reader.see(f"/api/v1/statuses/{status['id']}/favourited_by") == []
    assert reader.see(f"/api/v1/statuses/{status['id']}/reblogged_by") == []
