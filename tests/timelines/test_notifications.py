"""Notifications and markers: who is told what, once, and how far they have read."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Account, Follow
from accounts.relationships import accept_follow, block, block_domain, follow, mute, unfollow, unmute
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, let_follow, person
from timelines.models import Marker, Notification, Status
from timelines.notifications import notify
from timelines.statuses import status_created

pytestmark = pytest.mark.django_db
Run = Callable[[], None]


def test_each_type_is_told_as_the_contract_says(anna: Person, cem: Person) -> None:
    follow(cem.account, anna.account)
    follow(anna.account, cem.account, notify=True)
    status = anna.post()
    cem.do("favourite", status)
    cem.do("reblog", status)
    cem.post("Hallo @anna")
    anna.app.put(f"/api/v1/statuses/{status['id']}", {"status": "anders"})

    found = anna.see("/api/v1/notifications")

    for entry in found + cem.see("/api/v1/notifications"):
        assert entity_faults("Notification", entry) == []
        grouped = entry["type"] in ("reblog", "favourite", "follow")
        assert (entry["group_key"] == f"ungrouped-{entry['id']}") is not grouped
    assert anna.told() == [
        ("status", "cem"),
        ("mention", "cem"),
        ("reblog", "cem"),
        ("favourite", "cem"),
        ("follow", "cem"),
    ]
    assert cem.told() == [("update", "anna"), ("follow", "anna")]
    assert found[2]["status"]["id"] == status["id"]
    assert "status" not in found[4]


def test_a_request_to_follow_becomes_a_follow(cem: Person) -> None:
    locked = person("lotte", locked=True)

    row = follow(cem.account, locked.account)
    assert locked.told() == [("follow_request", "cem")]
    accept_follow(row)
    assert locked.told() == [("follow", "cem")]

    other = person("mia", locked=True)
    follow(cem.account, other.account)
    unfollow(cem.account, other.account)
    assert other.told() == []


def test_followers_from_elsewhere_are_told(anna: Person, dora: Account) -> None:
    let_follow(dora, anna.account)

    assert anna.told() == [("follow", "dora@elsewhere.example")]


def test_every_post_of_a_bell_but_no_reblog_and_no_reply(anna: Person, cem: Person) -> None:
    follow(cem.account, anna.account, notify=True)
    foreign = cem.post()
    own = anna.post("neu")
    anna.post("Antwort", in_reply_to_id=foreign["id"])
    anna.post("weiter", in_reply_to_id=own["id"])
    anna.post("leise", visibility="direct")
    anna.do("reblog", foreign)

    assert cem.told(**{"types[]": "status"}) == [("status", "anna"), ("status", "anna")]


def test_history_that_is_filled_in_is_no_news(anna: Person, dora: Account) -> None:
    from datetime import UTC, datetime

    follow(anna.account, dora, notify=True)
    accept_follow(Follow.objects.get())
    status = Status.objects.create(
        uri="https://elsewhere.example/1",
        account=dora,
        is_local=False,
        visibility="public",
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
    )

    status_created(status)

    assert anna.told() == []


def test_the_same_cause_is_told_once(anna: Person, cem: Person) -> None:
    for _ in range(2):
        notify([anna.account.pk], Notification.Type.FOLLOW, cem.account, origin_id=7)

    assert len(anna.told()) == 1


@pytest.mark.parametrize("quiet", ["block", "blocked", "mute", "domain"])
def test_nobody_hears_of_whom_they_do_not_want_to_hear(
    anna: Person, cem: Person, dora: Account, quiet: str
) -> None:
    sender = cem.account
    if quiet == "block":
        block(anna.account, sender)
    elif quiet == "blocked":
        block(sender, anna.account)
    elif quiet == "mute":
        mute(anna.account, sender)
    else:
        sender = dora
        block_domain(anna.account, "elsewhere.example")

    notify([anna.account.pk], Notification.Type.FOLLOW, sender, origin_id=1)

    assert not Notification.objects.exists()


def test_what_was_told_disappears_with_a_mute_and_comes_back(anna: Person, cem: Person) -> None:
    cem.post("Hallo @anna")

    mute(anna.account, cem.account)
    assert anna.told() == []
    unmute(anna.account, cem.account)
    assert anna.told() == [("mention", "cem")]
    mute(anna.account, cem.account, hide_notifications=False)
    assert anna.told() == [("mention", "cem")]
    block(anna.account, cem.account)
    assert not Notification.objects.exists()


def test_the_list_can_be_narrowed_and_paged(anna: Person, bertha: Person, cem: Person) -> None:
    for number in range(3):
        cem.do("favourite", anna.post(str(number)))
    bertha.post("@anna")

    assert anna.told(**{"types[]": ["mention"]}) == [("mention", "bertha")]
    assert anna.told(types="mention") == [("mention", "bertha")]
    assert len(anna.told(**{"exclude_types[]": ["favourite"]})) == 2
    assert anna.told(account_id=str(bertha.account.pk)) == [("mention", "bertha"), ("follow", "bertha")]
    assert anna.told(account_id="999") == []
    assert anna.told(**{"types[]": "menti\x00on"}) == [("mention", "bertha")]
    answer = anna.app.get("/api/v1/notifications?limit=2&types[]=favourite")
    assert len(answer.json()) == 2
    last = answer.json()[-1]["id"]
    assert f"types%5B%5D=favourite&max_id={last}" in answer["Link"]
    rest = anna.app.get(f"/api/v1/notifications?limit=2&types[]=favourite&max_id={last}")
    assert len(rest.json()) == 1
    # Also on a short page: there may always be more.
    assert 'rel="next"' in rest["Link"]


def test_one_is_shown_and_dismissed_and_all_are_cleared(anna: Person, cem: Person) -> None:
    for number in range(3):
        cem.do("favourite", anna.post(str(number)))
    first = anna.see("/api/v1/notifications")[0]

    assert anna.see(f"/api/v1/notifications/{first['id']}") == first
    assert cem.app.get(f"/api/v1/notifications/{first['id']}").status_code == 404
    assert cem.app.post(f"/api/v1/notifications/{first['id']}/dismiss").status_code == 404
    answer = anna.app.post(f"/api/v1/notifications/{first['id']}/dismiss")
    assert (answer.status_code, answer.json()) == (200, {})
    assert len(anna.told()) == 2
    assert anna.app.post("/api/v1/notifications/clear").json() == {}
    assert anna.told() == []


def test_unread_are_those_above_the_marker(anna: Person, cem: Person) -> None:
    for number in range(3):
        cem.do("favourite", anna.post(str(number)))
    middle = anna.see("/api/v1/notifications")[1]["id"]

    assert anna.see("/api/v1/notifications/unread_count") == {"count": 3}
    assert anna.see("/api/v1/notifications/unread_count", limit=2) == {"count": 2}
    anna.app.post("/api/v1/markers", {"notifications": {"last_read_id": middle}})
    assert anna.see("/api/v1/notifications/unread_count") == {"count": 1}


def test_markers_are_kept_and_numbered(anna: Person) -> None:
    path = "/api/v1/markers"
    assert anna.see(path) == {}
    assert anna.see(path, **{"timeline[]": ["home", "notifications"]}) == {}

    first = anna.app.post(path, {"home[last_read_id]": "5"}, encoding="form").json()
    again = anna.app.post(path, {"home": {"last_read_id": "3"}, "notifications": {"last_read_id": 9}}).json()

    assert entity_faults("Markers", again) == []
    assert (first["home"]["version"], first["home"]["last_read_id"]) == (0, "5")
    assert (again["home"]["version"], again["home"]["last_read_id"]) == (1, "3")
    assert anna.see(path, **{"timeline[]": ["notifications"]}) == {"notifications": again["notifications"]}
    wrong = anna.app.post(path, {"home": {"last_read_id": "abc"}})
    assert wrong.status_code == 422


def test_two_apps_that_move_a_marker_at_once_conflict(anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    anna.app.post("/api/v1/markers", {"home": {"last_read_id": "1"}})
    get_or_create = Marker.objects.get_or_create

    def and_then_the_other_app(**values: Any) -> Any:
        found = get_or_create(**values)
        Marker.objects.update(version=7)
        return found

    monkeypatch.setattr(Marker.objects, "get_or_create", and_then_the_other_app)
    answer = anna.app.post("/api/v1/markers", {"home": {"last_read_id": "2"}})

    assert answer.status_code == 409
    assert answer.json().keys() == {"error"}
