"""What the policy of a person holds back or drops, and the requests that come of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, Follow
from accounts.relationships import follow
from core import pubsub
from tests.contract.contract import entity_faults
from tests.jobs import run_waiting_jobs
from tests.timelines.people import Person, let_follow, person
from timelines.models import Notification, NotificationPermission, NotificationRequest
from timelines.notification_requests import merge_notifications, sweep_merges

POLICY = "/api/v2/notifications/policy"
REQUESTS = "/api/v1/notifications/requests"


@pytest.fixture
def old(cem: Person) -> Person:
    """Cem, who has been here for long and whom nobody follows."""
    Account.objects.filter(pk=cem.account.pk).update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    cem.account.refresh_from_db()
    return cem


def let(anna: Person, **conditions: str) -> dict[str, Any]:
    """Change Anna's policy."""
    answer = anna.app.patch(POLICY, conditions)
    assert answer.status_code == 200, answer.content
    assert entity_faults("NotificationPolicy", answer.json()) == []
    return answer.json()  # type: ignore[no-any-return]


def test_everybody_is_heard_save_limited_people_unless_anna_says_so(anna: Person, old: Person) -> None:
    shown = anna.see(POLICY)
    assert shown.pop("summary") == {"pending_requests_count": 0, "pending_notifications_count": 0}
    assert shown.pop("for_limited_accounts") == "filter"
    assert set(shown.values()) == {"accept"}
    old.post("@anna leise", visibility="direct")
    assert anna.told() == [("mention", "cem")]


def test_a_policy_is_changed_in_part_and_by_both_versions(anna: Person) -> None:
    assert let(anna, for_bots="drop", for_not_following="filter")["for_bots"] == "drop"
    assert anna.app.put(POLICY, {"for_not_followers": "filter"}).json()["for_not_following"] == "filter"
    first = "/api/v1/notifications/policy"
    switches = anna.see(first)
    assert entity_faults("V1_NotificationPolicy", switches) == []
    assert (switches["filter_bots"], switches["filter_new_accounts"]) == (True, False)
    for send in (anna.app.put, anna.app.patch):
        changed = send(first, {"filter_not_following": False, "filter_private_mentions": True}).json()
        assert (changed["filter_not_following"], changed["filter_private_mentions"]) == (False, True)
    assert anna.see(POLICY)["for_private_mentions"] == "filter"
    for wrong in ("perhaps", "x" * 9999, "fil\x00ter\ud800".encode("utf-8", "replace").decode(), 5):
        assert anna.app.patch(POLICY, {"for_bots": wrong}).status_code == 422
    assert anna.app.patch(POLICY, {"for_bots": ["drop"]}).status_code == 400
    assert anna.see(POLICY)["for_bots"] == "drop"


def test_what_is_filtered_waits_and_what_is_dropped_never_was(anna: Person, old: Person) -> None:
    let(anna, for_not_following="filter")
    old.post("@anna hallo")
    assert anna.told() == []
    assert anna.see("/api/v2/notifications")["notification_groups"] == []
    assert anna.see("/api/v1/notifications/unread_count") == {"count": 0}
    (held_back,) = anna.see("/api/v1/notifications", include_filtered="true")
    assert entity_faults("Notification", held_back) == []
    assert held_back["filtered"] is True
    assert held_back["group_key"] == f"ungrouped-{held_back['id']}"
    assert anna.see("/api/v1/notifications", account_id=old.account.pk) == [held_back]
    assert len(anna.see("/api/v2/notifications", include_filtered=1)["notification_groups"]) == 1
    let(anna, for_not_following="drop")
    old.post("@anna noch etwas")
    assert Notification.objects.filter(account=anna.account).count() == 1


def _new(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(created_at=timezone.now() - timedelta(days=29))


def _limited(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(silenced_at=timezone.now())


def _bot(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(actor_type="Service")


def _nothing(account: Account) -> None:
    """Leave it."""


@pytest.mark.parametrize(
    ("condition", "make", "visibility"),
    [
        ("for_new_accounts", _new, "public"),
        ("for_limited_accounts", _limited, "public"),
        ("for_bots", _bot, "public"),
        ("for_private_mentions", _nothing, "direct"),
    ],
)
def test_conditions_hold_for_strangers_but_not_for_followed_people(
    anna: Person, old: Person, condition: str, make: Any, visibility: str
) -> None:
    let(anna, for_limited_accounts="accept")
    make(old.account)
    old.post("@anna eins", visibility=visibility)
    assert anna.told() == [("mention", "cem")]
    let(anna, **{condition: "drop"})
    old.post("@anna zwei", visibility=visibility)
    assert anna.told() == [("mention", "cem")]
    follow(anna.account, old.account)
    old.post("@anna drei", visibility=visibility)
    assert anna.told() == [("mention", "cem")] * 2


def test_a_private_answer_to_anna_is_no_surprise(anna: Person, old: Person) -> None:
    let(anna, for_private_mentions="drop")
    question = anna.post("@cem kommst du?", visibility="direct")
    old.post("@anna ja", visibility="direct", in_reply_to_id=question["id"])
    assert anna.told() == [("mention", "cem")]


def test_followers_of_some_days_only(anna: Person, old: Person) -> None:
    let(anna, for_not_followers="drop")
    follow(old.account, anna.account)
    old.post("@anna neu")
    assert anna.told() == []
    Follow.objects.update(accepted_at=timezone.now() - timedelta(days=3, minutes=1))
    old.post("@anna alt")
    assert anna.told() == [("mention", "cem")]


def test_staff_is_heard_when_it_speaks(anna: Person) -> None:
    admin = person("verwalterin", role="admin")
    let(anna, for_not_following="drop", for_new_accounts="filter")
    admin.do("favourite", anna.post())
    admin.post("@anna wichtig")
    assert anna.told() == [("mention", "verwalterin")]


def test_a_request_is_shown_counted_and_dismissed(anna: Person, old: Person) -> None:
    let(anna, for_not_following="filter")
    status = anna.post()
    old.post("@anna eins")
    last = old.post("@anna zwei")
    old.do("favourite", status)

    (request,) = anna.see(REQUESTS)
    assert entity_faults("NotificationRequest", request) == []
    assert (request["account"]["acct"], request["notifications_count"]) == ("cem", "2")
    assert request["last_status"]["id"] == last["id"]
    assert anna.see(f"{REQUESTS}/{request['id']}") == request
    assert anna.see(POLICY)["summary"] == {"pending_requests_count": 1, "pending_notifications_count": 2}
    assert old.app.get(f"{REQUESTS}/{request['id']}").status_code == 404
    assert old.app.post(f"{REQUESTS}/{request['id']}/dismiss").status_code == 404
    assert anna.app.post(f"{REQUESTS}/{request['id']}/dismiss").json() == {}
    assert anna.app.post(f"{REQUESTS}/{request['id']}/dismiss").status_code == 404
    assert anna.see(REQUESTS) == []
    assert anna.see("/api/v1/notifications", include_filtered=True) == []
    old.post("@anna drei")
    assert anna.see(REQUESTS)[0]["id"] != request["id"]
    for wrong in ("abc", "-1", "9" * 40, "%00", "0"):
        assert anna.app.get(f"{REQUESTS}/{wrong}").status_code == 404
        assert anna.app.post(f"{REQUESTS}/{wrong}/accept").status_code == 404


def test_a_deleted_post_asks_for_nothing(anna: Person, old: Person) -> None:
    let(anna, for_not_following="filter")
    said = old.post("@anna eins")
    old.app.delete(f"/api/v1/statuses/{said['id']}")
    assert anna.see(REQUESTS) == []


def test_who_is_accepted_is_heard_for_good(anna: Person, old: Person) -> None:
    let(anna, for_not_following="filter")
    old.post("@anna eins")
    (request,) = anna.see(REQUESTS)
    run_waiting_jobs()
    listener = pubsub.connection().pubsub()
    listener.subscribe(pubsub.wire_name(f"timeline:{anna.account.pk}"))

    assert anna.app.post(f"{REQUESTS}/{request['id']}/accept").json() == {}
    assert anna.see(f"{REQUESTS}/merged") == {"merged": False}
    run_waiting_jobs()

    assert anna.see(f"{REQUESTS}/merged") == {"merged": True}
    assert anna.told() == [("mention", "cem")]
    assert anna.see(REQUESTS) == []
    heard = [message["data"] for message in _messages(listener)]
    assert heard == [b'{"event":"notifications_merged","payload":"1"}']
    old.post("@anna zwei")
    assert len(anna.told()) == 2
    merge_notifications(account_id=anna.account.pk, from_account_id=old.account.pk)
    assert len(anna.told()) == 2


def _messages(listener: Any) -> list[Any]:
    found = []
    while (message := listener.get_message(timeout=0.2)) is not None:
        if message["type"] == "message":
            found.append(message)
    listener.close()
    return found


def test_an_acceptance_whose_job_was_lost_is_made_up_for(anna: Person, old: Person) -> None:
    let(anna, for_not_following="filter")
    old.post("@anna eins")
    NotificationPermission.objects.create(account=anna.account, from_account=old.account)
    assert anna.see(f"{REQUESTS}/merged") == {"merged": False}
    sweep_merges()
    assert anna.told() == [("mention", "cem")]
    sweep_merges()


def test_many_are_answered_at_once(anna: Person) -> None:
    let(anna, for_not_following="filter")
    people = [person(f"fremd{number}") for number in range(4)]
    for stranger in people:
        stranger.post("@anna")
    ids = [request["id"] for request in anna.see(REQUESTS)]
    assert len(ids) == 4
    page = anna.app.get(REQUESTS, {"limit": 2})
    assert [request["id"] for request in page.json()] == ids[:2]
    assert f"max_id={ids[1]}" in page["Link"]
    assert anna.app.post(f"{REQUESTS}/accept", {"id": [ids[0], ids[1], "nein", "1"]}).json() == {}
    assert anna.app.post(f"{REQUESTS}/dismiss", f"id[]={ids[2]}", encoding="form").json() == {}
    run_waiting_jobs()
    assert anna.told() == [("mention", "fremd3"), ("mention", "fremd2")]
    assert [request["id"] for request in anna.see(REQUESTS)] == [ids[3]]
    assert people[0].app.post(f"{REQUESTS}/accept", {"id": ids[3]}).json() == {}
    assert NotificationRequest.objects.filter(account=anna.account).count() == 1
    for nothing in ({}, {"id": {"a": {"b": 1}}}, {"id": "x\x00"}):
        assert anna.app.post(f"{REQUESTS}/accept", nothing).status_code == 200


def test_requests_cost_the_same_for_few_and_for_many(anna: Person) -> None:
    let(anna, for_not_following="filter")
    for number in range(5):
        person(f"fremd{number}").post("@anna")
    costs = []
    for limit in (1, 5):
        with CaptureQueriesContext(connection) as captured:
            assert len(anna.see(REQUESTS, limit=limit)) == limit
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_the_same_post_tells_people_by_their_own_policies(anna: Person, bertha: Person, old: Person) -> None:
    let(anna, for_not_following="filter")
    let_follow(bertha.account, old.account)
    old.post("@anna @bertha")
    assert (anna.told(**{"types[]": "mention"}), bertha.told(**{"types[]": "mention"})) == (
        [],
        [("mention", "cem")],
    )
