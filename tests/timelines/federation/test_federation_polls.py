"""Polls between servers: theirs are shown and voted in, ours are sent and count the votes of others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import relationships
from accounts.models import Account
from tests.cast import api_client
from tests.peer import Document, Person, stamp
from timelines.models import Poll, PollVote, Status
from timelines.polls import close_poll, send_tallies

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _anna_follows_dora(anna: Account, dora: Person) -> None:
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    relationships.accept_follow(relationships.follow(dora.account(), anna))


def question(dora: Person, *names: str, kind: str = "oneOf", **changes: Any) -> Document:
    options = [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": number}}
        for number, name in enumerate(names)
    ]
    ends = {"endTime": stamp(datetime.now(UTC) + timedelta(hours=1)), "votersCount": len(names)}
    return dora.posts("<p>Tee?</p>", **{"type": "Question", kind: options, **ends, **changes})


def poll_of(note: Document) -> Poll:
    return Poll.objects.get(status__uri=note["id"])


def asks(account: Account, **poll: Any) -> Status:
    body = {"status": "Brot?", "poll": {"options": ["ja", "nein"], "expires_in": 3600, **poll}}
    answer = api_client(account).post("/api/v1/statuses", body)
    assert answer.status_code == 200, answer.content
    return Status.objects.get(pk=answer.json()["id"])


def votes(dora: Person, status: Status, name: str) -> None:
    note = dora.note() | {"name": name, "inReplyTo": status.uri, "to": [status.account.uri], "cc": []}
    del note["content"]
    dora.does("Create", note)


def test_a_question_is_a_status_with_a_poll(anna: Account, dora: Person) -> None:
    note = question(dora, "Ja", "Nein", "Doch", kind="anyOf")
    entity = api_client(anna).get(f"/api/v1/statuses/{Status.objects.get(uri=note['id']).pk}").json()
    assert entity["content"] == "<p>Tee?</p>"
    assert [option["votes_count"] for option in entity["poll"]["options"]] == [0, 1, 2]
    assert (entity["poll"]["multiple"], entity["poll"]["voters_count"]) == (True, 3)
    assert entity["poll"]["voted"] is False


def test_odd_questions_are_read_as_far_as_they_make_sense(dora: Person) -> None:
    odd = question(dora, oneOf=[3, {"name": "a", "replies": {"totalItems": -4}}, {"name": "b", "replies": 7}])
    assert (poll_of(odd).options, poll_of(odd).tallies) == (["a", "b"], [0, 0])
    many = question(dora, *(str(number) for number in range(501)), votersCount="x", endTime=None)
    assert (len(poll_of(many).options), poll_of(many).voters_count, poll_of(many).expires_at) == (
        500,
        None,
        None,
    )
    none = question(dora)
    assert not Poll.objects.filter(status__uri=none["id"]).exists()
    assert poll_of(question(dora, "a", "b", closed=True)).is_over(timezone.now())


def test_a_vote_of_ours_is_sent_without_content(anna: Account, dora: Person) -> None:
    note = question(dora, "Ja", "Nein")
    path = f"/api/v1/polls/{poll_of(note).pk}/votes"
    assert api_client(anna).post(path, {"choices": [1]}).status_code == 200
    dora.run_jobs()
    [create] = [sent for sent in dora.inbox("Create") if sent["object"].get("name")]
    assert create["object"]["name"] == "Nein"
    assert create["object"]["inReplyTo"] == note["id"]
    assert "content" not in create["object"] and create["to"] == [dora.uri]


def test_a_vote_from_elsewhere_counts_once(anna: Account, dora: Person) -> None:
    status = asks(anna)
    for name in ("ja", "ja", "nein", "doch"):
        votes(dora, status, name)
    poll = Poll.objects.get(status=status)
    assert (poll.tallies, poll.voters_count) == ([1, 0], 1)
    assert PollVote.objects.count() == 1
    assert Status.objects.count() == 1


def test_our_poll_is_a_question_and_its_tallies_follow(anna: Account, dora: Person) -> None:
    status = asks(anna)
    dora.run_jobs()
    [create] = dora.inbox("Create")
    assert create["object"]["type"] == "Question"
    assert [option["name"] for option in create["object"]["oneOf"]] == ["ja", "nein"]
    votes(dora, status, "nein")
    poll = Poll.objects.get(status=status)
    for _ in range(2):
        send_tallies(poll_id=poll.pk)
    dora.run_jobs()
    [update] = dora.inbox("Update")
    assert [option["replies"]["totalItems"] for option in update["object"]["oneOf"]] == [0, 1]
    assert update["object"]["votersCount"] == 1 and "updated" not in update["object"]


def test_hidden_tallies_leave_with_the_end(anna: Account, dora: Person) -> None:
    status = asks(anna, hide_totals=True)
    votes(dora, status, "ja")
    poll = Poll.objects.get(status=status)
    assert poll.unsent_since is None
    Poll.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    close_poll(poll_id=poll.pk)
    send_tallies(poll_id=poll.pk)
    dora.run_jobs()
    assert dora.inbox("Update")[0]["object"]["oneOf"][0]["replies"]["totalItems"] == 1
    assert "closed" in dora.inbox("Update")[0]["object"]


def test_new_tallies_are_no_edit_and_other_options_are(anna: Account, dora: Person) -> None:
    note = question(dora, "Ja", "Nein")
    again = note | {"oneOf": [{"name": "Ja", "replies": {"totalItems": 5}}, {"name": "Nein"}]}
    dora.does("Update", again)
    assert poll_of(note).tallies == [5, 0]
    assert not Status.objects.get(uri=note["id"]).edits.exists()

    changed = again | {"oneOf": [{"name": "Nie"}, {"name": "Nein"}], "updated": stamp(datetime.now(UTC))}
    dora.does("Update", changed)
    assert poll_of(note).options == ["Nie", "Nein"]
    [before] = Status.objects.get(uri=note["id"]).edits.all()
    assert before.poll_options == ["Ja", "Nein"]


def test_who_looks_after_a_minute_gets_fresh_tallies(anna: Account, dora: Person) -> None:
    note = question(dora, "Ja", "Nein")
    dora.serve(note | {"oneOf": [{"name": "Ja", "replies": {"totalItems": 9}}, {"name": "Nein"}]})
    path = f"/api/v1/polls/{poll_of(note).pk}"
    assert api_client(anna).get(path).json()["votes_count"] == 1
    Poll.objects.update(fetched_at=timezone.now() - timedelta(seconds=61))
    assert api_client().get(path).json()["votes_count"] == 1
    assert api_client(anna).get(path).json()["votes_count"] == 9
