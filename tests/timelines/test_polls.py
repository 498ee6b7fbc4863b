"""Polls: asked, seen, voted in, changed, closed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from media.models import CustomEmoji
from tests.cast import api_client
from tests.contract.contract import entity_faults
from tests.timelines.people import Person
from tests.timelines.test_edits import edit, upload
from timelines.models import Notification, Poll, PollVote, Status
from timelines.polls import close_poll, sweep_polls

pytestmark = pytest.mark.django_db

DAY = 86_400


def ask(
    who: Person, *options: str, text: str = "Brot?", expires_in: Any = DAY, **fields: Any
) -> dict[str, Any]:
    """Publish a status with a poll and return it; names that begin with ``poll_`` are fields of the poll."""
    poll = {"options": list(options) or ["ja", "nein"], "expires_in": expires_in}
    poll |= {
        name.removeprefix("poll_"): fields.pop(name) for name in list(fields) if name.startswith("poll_")
    }
    return who.post(text, poll=poll, **fields)


def vote(who: Person, status: dict[str, Any], *choices: Any) -> Any:
    """Vote and return the answer."""
    return who.app.post(f"/api/v1/polls/{status['poll']['id']}/votes", {"choices": list(choices)})


def poll_seen_by(who: Person, status: dict[str, Any]) -> dict[str, Any]:
    """Return the poll as somebody gets it alone; in its status it looks the same."""
    alone = who.see(f"/api/v1/polls/{status['poll']['id']}")
    assert entity_faults("Poll", alone) == []
    assert who.see(f"/api/v1/statuses/{status['id']}")["poll"] == alone
    return alone


def end(status: dict[str, Any]) -> None:
    """Let the time of a poll be over."""
    Poll.objects.filter(pk=status["poll"]["id"]).update(expires_at=timezone.now() - timedelta(seconds=1))


def votes_of(poll: dict[str, Any]) -> list[int | None]:
    return [option["votes_count"] for option in poll["options"]]


# Asking


@pytest.mark.parametrize("encoding", ["json", "form", "multipart"])
def test_a_poll_is_asked_in_every_encoding(anna: Person, encoding: str) -> None:
    body: dict[str, Any] = {
        "status": "Brot?",
        "poll[options][]": ["ja", "nein"],
        "poll[expires_in]": "300",
        "poll[multiple]": "true",
    }
    if encoding == "json":
        body = {"status": "Brot?", "poll": {"options": ["ja", "nein"], "expires_in": 300, "multiple": True}}

    answer = anna.app.post("/api/v1/statuses", body, encoding=encoding)

    assert answer.status_code == 200, answer.content
    assert entity_faults("AuthenticatedStatus", answer.json()) == []
    poll = answer.json()["poll"]
    assert [option["title"] for option in poll["options"]] == ["ja", "nein"]
    assert (poll["multiple"], poll["expired"], poll["voted"], poll["own_votes"]) == (True, False, True, [])
    assert (poll["votes_count"], poll["voters_count"]) == (0, 0)


def test_a_poll_may_stand_alone_or_beside_pictures(anna: Person) -> None:
    assert ask(anna, text="")["content"] == ""
    status = ask(anna, media_ids=[upload(anna)])
    assert len(status["media_attachments"]) == 1
    assert status["poll"] is not None


def test_emojis_in_options_are_shown(anna: Person, cem: Person) -> None:
    CustomEmoji.objects.create(shortcode="brot", file="emojis/brot.png", updated_at=timezone.now())
    status = ask(anna, "mehr :brot:", "weniger")
    poll = poll_seen_by(cem, status)
    assert [emoji["shortcode"] for emoji in poll["emojis"]] == ["brot"]
    assert [emoji["shortcode"] for emoji in status["emojis"]] == ["brot"]


@pytest.mark.parametrize(
    "poll",
    [
        {"options": ["ja"], "expires_in": DAY},
        {"options": ["ja", " "], "expires_in": DAY},
        {"options": ["ja", "ja "], "expires_in": DAY},
        {"options": list("abcde"), "expires_in": DAY},
        {"options": ["ja", "n" * 51], "expires_in": DAY},
        {"options": ["ja", "nein"]},
        {"options": ["ja", "nein"], "expires_in": 299},
        {"options": ["ja", "nein"], "expires_in": 2_629_747},
        {"options": ["ja", "nein"], "expires_in": str(10**30)},
        {"options": ["ja", "nein"], "expires_in": "bald"},
        {"options": [], "expires_in": DAY},
        {"expires_in": DAY},
        "ja",
    ],
)
def test_what_is_no_poll_is_refused(anna: Person, poll: Any) -> None:
    answer = anna.app.post("/api/v1/statuses", {"status": "Brot?", "poll": poll})
    assert answer.status_code == 422, answer.content
    assert answer.json()["error"]
    assert not Status.objects.exists()


def test_fifty_characters_are_counted_as_people_see_them(anna: Person) -> None:
    families = "👩‍👩‍👧" * 50
    assert ask(anna, families, "https://example.org/" + "a" * 30)["poll"]["options"][0]["title"] == families


@pytest.mark.parametrize("poll", [None, "", {}])
def test_an_empty_poll_is_none(anna: Person, poll: Any) -> None:
    assert anna.post("Text", poll=poll)["poll"] is None


# Who sees what


def test_strangers_and_voters_see_it_each_in_their_way(anna: Person, bertha: Person, cem: Person) -> None:
    status = ask(anna)
    assert vote(bertha, status, "1").json()["own_votes"] == [1]

    assert (poll_seen_by(bertha, status)["voted"], poll_seen_by(cem, status)["voted"]) == (True, False)
    assert poll_seen_by(cem, status)["own_votes"] == []
    assert poll_seen_by(anna, status) | {"voted": True, "own_votes": []} == poll_seen_by(anna, status)
    nobody = api_client().get(f"/api/v1/polls/{status['poll']['id']}").json()
    assert entity_faults("Poll", nobody) == []
    assert not {"voted", "own_votes"} & nobody.keys()
    assert votes_of(nobody) == [0, 1]
    assert (nobody["votes_count"], nobody["voters_count"]) == (1, 1)


def test_a_poll_is_as_visible_as_its_status(anna: Person, bertha: Person, cem: Person) -> None:
    status = ask(anna, visibility="private")
    path = f"/api/v1/polls/{status['poll']['id']}"

    assert cem.app.get(path).status_code == api_client().get(path).status_code == 404
    assert vote(cem, status, 0).status_code == 404
    assert vote(bertha, status, 0).status_code == 200
    assert anna.app.delete(f"/api/v1/statuses/{status['id']}").status_code == 200
    assert bertha.app.get(path).status_code == vote(bertha, status, 1).status_code == 404


@pytest.mark.parametrize("poll_id", ["0", "-1", "abc", "9" * 30, "%00"])
def test_unknown_polls_are_404(anna: Person, poll_id: str) -> None:
    assert anna.app.get(f"/api/v1/polls/{poll_id}").status_code == 404
    assert anna.app.post(f"/api/v1/polls/{poll_id}/votes", {"choices": [0]}).status_code == 404


def test_hidden_totals_are_shown_at_the_end(anna: Person, cem: Person) -> None:
    status = ask(anna, poll_hide_totals=True)
    vote(cem, status, 0)

    assert votes_of(poll_seen_by(anna, status)) == [None, None]
    end(status)
    assert votes_of(poll_seen_by(cem, status)) == [1, 0]


# Voting


def test_one_choice_once(anna: Person, cem: Person) -> None:
    status = ask(anna)

    assert vote(cem, status, 0, 1).status_code == 422
    assert vote(cem, status, 0).status_code == 200
    for choice in (0, 1):
        assert vote(cem, status, choice).status_code == 422
    assert votes_of(poll_seen_by(cem, status)) == [1, 0]


def test_several_choices_also_one_after_the_other(anna: Person, cem: Person) -> None:
    status = ask(anna, "a", "b", "c", poll_multiple=True)

    assert vote(cem, status, 0).status_code == 200
    assert vote(cem, status, 0, 1).status_code == 422
    assert vote(cem, status, "2").status_code == 200
    poll = poll_seen_by(cem, status)
    assert (votes_of(poll), poll["own_votes"]) == ([1, 0, 1], [0, 2])
    assert (poll["votes_count"], poll["voters_count"]) == (2, 1)


@pytest.mark.parametrize("choice", ["2", "-1", "erste", "", None, {"a": 1}, 10**30, "\x00", "\ud800", 0.5])
def test_what_is_no_option_is_refused(anna: Person, cem: Person, choice: Any) -> None:
    status = ask(anna)
    if isinstance(choice, str) and choice == "\ud800":
        path = f"/api/v1/polls/{status['poll']['id']}/votes"
        answer = cem.app.http.post(
            path,
            b'{"choices": ["\\ud800"]}',
            "application/json",
            secure=True,
            headers={"Authorization": f"Bearer {cem.app.token}"},
        )
    elif choice == 10**30:
        answer = vote(cem, status, str(choice))
    else:
        answer = vote(cem, status, choice)
    assert answer.status_code in (400, 422), answer.content
    assert answer.json()["error"]
    assert not PollVote.objects.exists()


def test_no_choice_is_400(anna: Person, cem: Person) -> None:
    status = ask(anna)
    assert vote(cem, status).status_code == 400
    assert cem.app.post(f"/api/v1/polls/{status['poll']['id']}/votes").status_code == 400


def test_nobody_votes_in_an_own_poll_or_after_the_end(anna: Person, cem: Person) -> None:
    status = ask(anna)
    assert vote(anna, status, 0).status_code == 422
    end(status)
    assert vote(cem, status, 0).status_code == 422
    assert poll_seen_by(cem, status)["expired"] is True
    assert not PollVote.objects.exists()


# Editing


def test_other_options_start_without_votes(anna: Person, cem: Person) -> None:
    status = ask(anna)
    vote(cem, status, 0)

    after = edit(
        anna, status, status="Brot?", poll={"options": ["ja", "nein", "doch"], "expires_in": DAY}
    ).json()

    assert after["edited_at"] is not None
    assert (votes_of(after["poll"]), after["poll"]["voters_count"]) == ([0, 0, 0], 0)
    assert poll_seen_by(cem, status)["voted"] is False
    history = anna.see(f"/api/v1/statuses/{status['id']}/history")
    for version in history:
        assert entity_faults("StatusEdit", version) == []
    assert [version["poll"] for version in history] == [
        {"options": [{"title": "ja"}, {"title": "nein"}]},
        {"options": [{"title": "ja"}, {"title": "nein"}, {"title": "doch"}]},
    ]


def test_other_multiplicity_starts_without_votes(anna: Person, cem: Person) -> None:
    status = ask(anna)
    vote(cem, status, 0)
    poll = {"options": ["ja", "nein"], "expires_in": DAY, "multiple": True}
    assert votes_of(edit(anna, status, status="Brot?", poll=poll).json()["poll"]) == [0, 0]


def test_the_same_options_keep_votes_and_are_no_edit(anna: Person, cem: Person) -> None:
    status = ask(anna)
    vote(cem, status, 0)

    after = edit(anna, status, status="Brot?", poll={"options": ["ja", "nein"], "expires_in": 600}).json()

    assert after["edited_at"] is None
    assert votes_of(after["poll"]) == [1, 0]
    assert after["poll"]["expires_at"] < status["poll"]["expires_at"]


def test_a_poll_stays_comes_and_goes(anna: Person) -> None:
    status = ask(anna)
    assert edit(anna, status, status="Brot oder nicht?").json()["poll"] is not None
    assert edit(anna, status, status="Brot!", poll=None).json()["poll"] is None
    assert edit(anna, status, poll={"options": ["a", "b"], "expires_in": DAY}).json()["poll"] is not None
    wrong = edit(anna, status, status="Oha", poll={"options": ["a"], "expires_in": DAY})
    assert wrong.status_code == 422
    assert anna.see(f"/api/v1/statuses/{status['id']}")["content"] == "<p>Brot!</p>"
    versions = anna.see(f"/api/v1/statuses/{status['id']}/history")
    assert ["poll" in version for version in versions] == [True, True, False, True]


def test_a_text_may_go_but_not_with_the_poll(anna: Person) -> None:
    status = ask(anna)
    assert edit(anna, status, status="").json()["content"] == ""
    assert edit(anna, status, poll=None).status_code == 422


def test_a_deleted_status_returns_its_poll_for_a_redraft(anna: Person) -> None:
    status = ask(anna)
    deleted = anna.app.delete(f"/api/v1/statuses/{status['id']}").json()
    assert entity_faults("DeletedStatus", deleted) == []
    assert [option["title"] for option in deleted["poll"]["options"]] == ["ja", "nein"]
    assert not Poll.objects.exists()


# The end


def test_the_end_is_told_once_to_author_and_voters(
    anna: Person, bertha: Person, cem: Person, run_jobs: Any
) -> None:
    status = ask(anna)
    vote(cem, status, 0)
    sweep_polls(timezone.now())
    run_jobs()
    assert not Notification.objects.filter(type="poll").exists()

    end(status)
    for _ in range(2):
        sweep_polls(timezone.now())
        close_poll(poll_id=int(status["poll"]["id"]))
        run_jobs()

    told = [("poll", "anna")]
    assert (anna.told(**{"types[]": ["poll"]}), cem.told(), bertha.told()) == (told, told, [])
    entity = cem.see("/api/v1/notifications")[0]
    assert entity_faults("Notification", entity) == []
    assert entity["status"]["poll"]["expired"] is True
    assert cem.told(**{"exclude_types[]": ["poll"]}) == []


def test_who_reopens_a_poll_ends_it_anew(anna: Person, cem: Person) -> None:
    status = ask(anna)
    vote(cem, status, 0)
    end(status)
    sweep_polls(timezone.now())
    assert cem.told() == [("poll", "anna")]

    edit(anna, status, status="Brot?", poll={"options": ["ja", "nein"], "expires_in": DAY})
    assert cem.told() == []
    end(status)
    sweep_polls(timezone.now())
    assert cem.told() == [("poll", "anna")]


def test_a_page_of_polls_costs_no_more_than_one(anna: Person, bertha: Person, run_jobs: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries() -> int:
        # What is rendered for everybody is there after the first time.
        bertha.home()
        with CaptureQueriesContext(connection) as seen:
            bertha.home()
        return len(seen)

    vote(bertha, ask(anna), 0)
    run_jobs()
    one = queries()
    for _ in range(5):
        vote(bertha, ask(anna), 0)
    run_jobs()
    assert queries() == one
