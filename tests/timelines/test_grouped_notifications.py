"""Notifications of the API's second version: what belongs together is one entry."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.relationships import follow, mute
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, person
from timelines.models import Notification

PATH = "/api/v2/notifications"


@pytest.fixture
def friends(db: None) -> list[Person]:
    """Ten people who favour things."""
    return [person(f"freund{number}") for number in range(10)]


def favour(status: dict[str, Any], *people: Person) -> None:
    """Let people favour a status, one after the other."""
    for friend in people:
        friend.do("favourite", status)


def groups(anna: Person, **params: Any) -> list[dict[str, Any]]:
    """Return the groups of a page, which keeps the contract."""
    page = anna.see(PATH, **params)
    assert entity_faults("GroupedNotificationsResults", page) == []
    found: list[dict[str, Any]] = page["notification_groups"]
    return found


def test_favourites_of_one_status_are_one_group(anna: Person, friends: list[Person]) -> None:
    first, second = anna.post("Brot"), anna.post("Butter")
    favour(first, *friends)
    favour(second, friends[0])
    friends[1].post("@anna Hallo")

    page = anna.see(PATH)
    mention, butter, bread = page["notification_groups"]

    assert entity_faults("GroupedNotificationsResults", page) == []
    assert (mention["type"], butter["notifications_count"], bread["notifications_count"]) == (
        "mention",
        1,
        10,
    )
    assert bread["sample_account_ids"] == [str(friend.account.pk) for friend in reversed(friends)][:8]
    assert (bread["status_id"], butter["status_id"]) == (first["id"], second["id"])
    assert {entity["id"] for entity in page["accounts"]} == {
        account_id for group in page["notification_groups"] for account_id in group["sample_account_ids"]
    }
    assert len(page["accounts"]) == len({entity["id"] for entity in page["accounts"]})
    assert {entity["id"] for entity in page["statuses"]} == {
        group["status_id"] for group in page["notification_groups"]
    }
    told = {entry["id"]: entry for entry in anna.see("/api/v1/notifications")}
    newest = told[str(bread["most_recent_notification_id"])]
    assert newest["group_key"] == bread["group_key"]
    assert bread["group_key"].startswith(f"favourite-{first['id']}-")
    assert bread["page_max_id"] == newest["id"]
    assert bread["latest_page_notification_at"] == newest["created_at"]
    assert told[bread["page_min_id"]]["account"]["acct"] == "freund0"
    assert mention["group_key"] == f"ungrouped-{mention['most_recent_notification_id']}"


def test_ids_fit_into_the_numbers_of_javascript(anna: Person, friends: list[Person]) -> None:
    favour(anna.post(), friends[0])
    assert groups(anna)[0]["most_recent_notification_id"] < 2**53


def test_a_group_takes_in_more_for_twelve_hours(
    anna: Person, friends: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, now = anna.post(), timezone.now().replace(minute=30)
    for hours, friend in zip((0, 5, 11, 12, 13), friends, strict=False):
        _set_clock(monkeypatch, now + timedelta(hours=hours))
        favour(status, friend)

    assert [group["notifications_count"] for group in groups(anna)] == [2, 3]


def _set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr("timelines.notifications.timezone.now", lambda: moment)


def test_pages_split_groups_without_losing_or_repeating_any(anna: Person, friends: list[Person]) -> None:
    first, second, third = (anna.post(str(number)) for number in range(3))
    for friend in friends[:4]:
        favour(first, friend)
        favour(second, friend)
    favour(third, friends[0])
    everything = {entry["id"] for entry in anna.see("/api/v1/notifications")}

    covered: list[set[str]] = []
    address: str | None = f"{PATH}?limit=2"
    while address is not None:
        answer = anna.app.get(address)
        page = answer.json()["notification_groups"]
        keys = {group["group_key"] for group in page}
        assert len(keys) == len(page) <= 2
        covered.append(_members(anna, page))
        address = _link(answer, "next")
    assert set.union(*covered) == everything
    assert sum(len(ids) for ids in covered) == len(everything)

    oldest = min(everything, key=int)
    upwards: list[set[str]] = []
    address = f"{PATH}?limit=2&min_id={oldest}"
    while address is not None:
        answer = anna.app.get(address)
        upwards.append(_members(anna, answer.json()["notification_groups"]))
        address = _link(answer, "prev")
    assert set.union(*upwards) == everything - {oldest}


def _members(anna: Person, page: list[dict[str, Any]]) -> set[str]:
    """Return the ids that the groups of a page stand for."""
    rows = Notification.objects.filter(account=anna.account)
    return {
        str(row.pk)
        for row in rows
        for group in page
        if int(group["page_min_id"]) <= row.pk <= int(group["page_max_id"])
        and group["group_key"] in (row.group_key, f"ungrouped-{row.pk}")
    }


def _link(answer: Any, rel: str) -> str | None:
    if "Link" not in answer:
        return None
    links = {
        part.split('rel="')[1][:-1]: part.split("<")[1].split(">")[0] for part in answer["Link"].split(", ")
    }
    return links.get(rel)


def test_grouping_can_be_narrowed(anna: Person, friends: list[Person]) -> None:
    status = anna.post()
    favour(status, *friends[:2])
    for friend in friends[:2]:
        friend.do("reblog", status)
        follow(friend.account, anna.account)

    assert [group["type"] for group in groups(anna)] == ["follow", "reblog", "favourite"]
    narrowed = groups(anna, **{"grouped_types[]": ["favourite", "mention"]})
    assert [group["type"] for group in narrowed] == ["follow", "reblog", "follow", "reblog", "favourite"]
    assert narrowed[0]["group_key"] == f"ungrouped-{narrowed[0]['page_max_id']}"
    assert [group["type"] for group in groups(anna, **{"types[]": ["reblog"]})] == ["reblog"]
    assert [group["type"] for group in groups(anna, **{"exclude_types[]": ["reblog"]})] == [
        "follow",
        "favourite",
    ]
    lone = anna.see(f"{PATH}/{narrowed[0]['group_key']}")["notification_groups"]
    assert [group["notifications_count"] for group in lone] == [1]


def test_whom_anna_mutes_counts_in_no_group(anna: Person, friends: list[Person]) -> None:
    favour(anna.post(), *friends[:3])
    mute(anna.account, friends[2].account)

    assert [group["notifications_count"] for group in groups(anna)] == [2]


def test_most_accounts_can_come_in_short(anna: Person, friends: list[Person]) -> None:
    favour(anna.post(), *friends[:3])

    page = anna.see(PATH, expand_accounts="partial_avatars")

    assert entity_faults("GroupedNotificationsResults", page) == []
    assert [entity["acct"] for entity in page["accounts"]] == ["freund2"]
    assert [entity["acct"] for entity in page["partial_accounts"]] == ["freund1", "freund0"]
    assert "partial_accounts" not in anna.see(PATH, expand_accounts="full")
    for wrong in ("some", "x\x00"):
        assert anna.app.get(PATH, {"expand_accounts": wrong}).status_code == 400
    assert anna.app.get(f"{PATH}?expand_accounts[]=full").status_code == 400


def test_a_group_is_shown_with_its_accounts_and_dismissed(anna: Person, friends: list[Person]) -> None:
    favour(anna.post(), *friends)
    anna.do("bookmark", anna.post("anderes"))
    key = groups(anna)[0]["group_key"]

    shown = anna.see(f"{PATH}/{key}")
    (group,) = shown["notification_groups"]
    assert entity_faults("GroupedNotificationsResults", shown) == []
    assert group["notifications_count"] == 10
    assert not {"page_min_id", "page_max_id", "latest_page_notification_at"} & group.keys()
    answer = anna.app.get(f"{PATH}/{key}/accounts", {"limit": 4})
    assert [entity["acct"] for entity in answer.json()] == [f"freund{number}" for number in (9, 8, 7, 6)]
    rest = anna.app.get(_link(answer, "next"))
    assert [entity["acct"] for entity in rest.json()] == [f"freund{number}" for number in (5, 4, 3, 2)]
    assert friends[0].app.get(f"{PATH}/{key}").status_code == 404
    assert friends[0].app.post(f"{PATH}/{key}/dismiss").status_code == 404
    assert anna.app.post(f"{PATH}/{key}/dismiss").json() == {}
    assert anna.told() == []
    assert anna.app.get(f"{PATH}/{key}/accounts").status_code == 404


@pytest.mark.parametrize("key", ["ungrouped-1", "ungrouped-x", "favourite-1-2", "%00", "ungrouped--1", "ü"])
def test_an_unknown_group_is_404(anna: Person, key: str) -> None:
    for path in (f"{PATH}/{key}", f"{PATH}/{key}/accounts"):
        assert anna.app.get(path).status_code == 404
    assert anna.app.post(f"{PATH}/{key}/dismiss").status_code == 404


def test_unread_groups_are_those_above_the_marker(anna: Person, friends: list[Person]) -> None:
    first, second = anna.post("a"), anna.post("b")
    favour(first, *friends[:3])
    assert anna.see(f"{PATH}/unread_count") == {"count": 1}
    anna.app.post("/api/v1/markers", {"notifications": {"last_read_id": groups(anna)[0]["page_max_id"]}})
    assert anna.see(f"{PATH}/unread_count") == {"count": 0}
    favour(second, *friends[:3])
    favour(first, friends[3])
    assert anna.see(f"{PATH}/unread_count") == {"count": 2}
    assert anna.see(f"{PATH}/unread_count", limit=1) == {"count": 1}
    assert anna.see(f"{PATH}/unread_count", **{"grouped_types[]": "follow"}) == {"count": 4}


def test_a_page_costs_the_same_for_few_and_for_many(anna: Person, friends: list[Person]) -> None:
    for number in range(6):
        favour(anna.post(str(number)), *friends[: number + 2])
    costs = []
    for limit in (1, 6):
        with CaptureQueriesContext(connection) as captured:
            assert len(groups(anna, limit=limit)) == limit
        costs.append(len(captured))
    assert costs[0] == costs[1]
