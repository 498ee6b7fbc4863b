"""Scheduled statuses: kept, moved, taken back, published once and on time."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from media.models import MediaAttachment
from tests.contract.contract import entity_faults
from tests.timelines.people import Person
from tests.timelines.test_edits import upload
from timelines import scheduled
from timelines.models import ScheduledStatus, Status
from timelines.scheduled import publish_scheduled, sweep_scheduled

pytestmark = pytest.mark.django_db

PATH = "/api/v1/scheduled_statuses"


def in_(**duration: float) -> str:
    return (timezone.now() + timedelta(**duration)).isoformat()


def schedule(who: Person, text: str = "Später", *, at: str | None = None, **fields: Any) -> Any:
    """Schedule a status and return the answer."""
    headers = {"Idempotency_Key": fields.pop("key")} if "key" in fields else {}
    body = {"status": text, "scheduled_at": at or in_(hours=1), **fields}
    return who.app.post("/api/v1/statuses", body, **headers)


def scheduled_by(who: Person, **fields: Any) -> dict[str, Any]:
    """Schedule a status and return it as the app gets it."""
    answer = schedule(who, **fields)
    assert answer.status_code == 200, answer.content
    assert entity_faults("ScheduledStatus", answer.json()) == []
    entity: dict[str, Any] = answer.json()
    return entity


def come_due() -> None:
    ScheduledStatus.objects.update(scheduled_at=timezone.now() - timedelta(seconds=1))


def test_nothing_is_lost_on_the_way(anna: Person, cem: Person, run_jobs: Any) -> None:
    root, media_id = cem.post("Frage"), upload(anna, "Bild")
    entity = scheduled_by(
        anna,
        text="@cem Antwort #spät",
        spoiler_text="Achtung",
        visibility="unlisted",
        language="fr",
        in_reply_to_id=root["id"],
        media_ids=[media_id],
        poll={"options": ["ja", "nein"], "expires_in": 600, "multiple": True},
        allowed_mentions=[str(cem.account.pk)],
    )
    params = entity["params"]
    assert (params["text"], params["in_reply_to_id"]) == ("@cem Antwort #spät", int(root["id"]))
    assert isinstance(params["application_id"], int)
    assert params["media_ids"] == [media_id]
    assert [shown["id"] for shown in entity["media_attachments"]] == [media_id]
    assert params["poll"]["options"] == ["ja", "nein"]
    assert anna.see(PATH) == [entity] == [anna.see(f"{PATH}/{entity['id']}")]
    run_jobs()
    assert cem.told() == [] and Status.objects.count() == 1

    come_due()
    sweep_scheduled(timezone.now())
    run_jobs()

    assert anna.see(PATH) == []
    status = anna.see(f"/api/v1/accounts/{anna.account.pk}/statuses")[0]
    assert entity_faults("AuthenticatedStatus", status) == []
    assert (status["spoiler_text"], status["visibility"], status["language"]) == ("Achtung", "unlisted", "fr")
    assert (status["in_reply_to_id"], status["application"]["name"]) == (root["id"], "Test app")
    assert [shown["id"] for shown in status["media_attachments"]] == [media_id]
    assert status["poll"]["multiple"] is True
    ends_in = datetime.fromisoformat(status["poll"]["expires_at"]) - timezone.now()
    assert ends_in > timedelta(minutes=9)
    assert cem.told() == [("mention", "anna")]


def test_before_its_time_nothing_happens_and_afterwards_once(anna: Person) -> None:
    entity = scheduled_by(anna)
    sweep_scheduled(timezone.now())
    publish_scheduled(scheduled_id=int(entity["id"]))
    assert not Status.objects.exists()

    come_due()
    for _ in range(2):
        publish_scheduled(scheduled_id=int(entity["id"]))
        sweep_scheduled(timezone.now())
    assert Status.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"at": "in 4 minutes"},
        {"at": "morgen"},
        {"at": "9999-12-31T23:59:59-14:00"},
        {"text": ""},
        {"text": "a" * 2001},
        {"media_ids": ["1"]},
        {"visibility": "everyone"},
        {"poll": {"options": ["ja"], "expires_in": 600}},
        {"text": "@cem", "allowed_mentions": []},
    ],
)
def test_what_could_not_be_published_is_refused_at_once(
    anna: Person, cem: Person, fields: dict[str, Any]
) -> None:
    if fields.get("at") == "in 4 minutes":
        fields = {"at": in_(minutes=4)}
    answer = schedule(anna, **fields)
    assert answer.status_code == 422, answer.content
    assert not ScheduledStatus.objects.exists()


def test_a_reply_to_something_invisible_is_404(anna: Person, cem: Person) -> None:
    secret = cem.post("geheim", visibility="direct")
    assert schedule(anna, in_reply_to_id=secret["id"]).status_code == 404


def test_one_key_schedules_once(anna: Person) -> None:
    media_id = upload(anna)
    first = scheduled_by(anna, key="k", media_ids=[media_id])
    assert schedule(anna, key="k", media_ids=[media_id]).json() == first
    assert ScheduledStatus.objects.count() == 1
    ScheduledStatus.objects.update(created_at=timezone.now() - timedelta(hours=2))
    sweep_scheduled(timezone.now())
    assert schedule(anna, key="k").json()["id"] != first["id"]


def test_only_the_time_can_change(anna: Person, cem: Person) -> None:
    entity = scheduled_by(anna)
    path, later = f"{PATH}/{entity['id']}", "2099-05-06T07:08:09.000Z"

    for send in (anna.app.put, anna.app.patch):
        moved = send(path, {"scheduled_at": later, "status": "anders"}).json()
        assert entity_faults("ScheduledStatus", moved) == []
        assert (moved["scheduled_at"], moved["params"]["text"]) == (later, "Später")
    assert anna.app.put(path, {}).json()["scheduled_at"] == later
    for wrong in (in_(minutes=4), "gestern", "2001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"):
        assert anna.app.put(path, {"scheduled_at": wrong}).status_code == 422
    assert cem.app.put(path, {"scheduled_at": later}).status_code == 404
    assert anna.see(path)["scheduled_at"] == later


def test_taking_back_frees_the_media(anna: Person, cem: Person) -> None:
    media_id = upload(anna)
    entity = scheduled_by(anna, media_ids=[media_id])
    taken = anna.app.post("/api/v1/statuses", {"status": "jetzt", "media_ids": [media_id]})
    assert taken.status_code == 422

    assert cem.app.delete(f"{PATH}/{entity['id']}").status_code == 404
    deleted = anna.app.delete(f"{PATH}/{entity['id']}")
    assert (deleted.status_code, deleted.json()) == (200, {})
    assert anna.app.delete(f"{PATH}/{entity['id']}").status_code == 404
    anna.post("jetzt", media_ids=[media_id])


@pytest.mark.parametrize("scheduled_id", ["0", "-1", "abc", "9" * 30, "%00"])
def test_unknown_ones_are_404(anna: Person, scheduled_id: str) -> None:
    path = f"{PATH}/{scheduled_id}"
    assert anna.app.get(path).status_code == anna.app.delete(path).status_code == 404
    assert anna.app.put(path, {"scheduled_at": in_(hours=1)}).status_code == 404


def test_pages(anna: Person) -> None:
    ids = [scheduled_by(anna, text=str(number))["id"] for number in range(3)][::-1]
    assert [entity["id"] for entity in anna.see(PATH)] == ids
    assert [entity["id"] for entity in anna.see(PATH, max_id=ids[1])] == ids[2:]
    assert [entity["id"] for entity in anna.see(PATH, min_id=ids[2], limit=1)] == [ids[1]]
    assert 'rel="next"' in anna.app.get(PATH, {"limit": 1})["Link"]


def test_there_are_limits_in_all_and_for_a_day(anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduled, "MAX_PER_DAY", 2)
    monkeypatch.setattr(scheduled, "MAX_SCHEDULED", 3)
    for _ in range(2):
        scheduled_by(anna, at="2099-01-01T10:00:00Z")
    assert schedule(anna, at="2099-01-01T23:00:00Z").status_code == 422
    other = scheduled_by(anna, at="2099-01-02T00:00:00Z")
    assert schedule(anna, at="2099-01-03T00:00:00Z").status_code == 422
    full = anna.app.put(f"{PATH}/{other['id']}", {"scheduled_at": "2099-01-01T11:00:00Z"})
    assert full.status_code == 422
    assert (scheduled.MAX_PER_DAY, scheduled.MAX_SCHEDULED) == (2, 3)


# What goes wrong by then


def test_what_it_answered_is_gone(anna: Person, cem: Person, caplog: pytest.LogCaptureFixture) -> None:
    root, media_id = cem.post("Frage"), upload(anna)
    scheduled_by(anna, in_reply_to_id=root["id"], media_ids=[media_id])
    cem.app.delete(f"/api/v1/statuses/{root['id']}")
    come_due()

    sweep_scheduled(timezone.now())

    assert not ScheduledStatus.objects.exists()
    assert not Status.objects.kept().exists()
    assert "scheduled_status_failed" in caplog.text
    anna.post("dann eben so", media_ids=[media_id])


def test_its_media_are_gone(anna: Person, caplog: pytest.LogCaptureFixture) -> None:
    scheduled_by(anna, media_ids=[upload(anna)])
    MediaAttachment.objects.all().delete()
    come_due()
    sweep_scheduled(timezone.now())
    assert not ScheduledStatus.objects.exists() and not Status.objects.exists()
    assert "scheduled_status_failed" in caplog.text


def test_its_author_is_suspended(anna: Person) -> None:
    scheduled_by(anna)
    Account.objects.update(suspended_at=timezone.now())
    come_due()
    sweep_scheduled(timezone.now())
    assert not ScheduledStatus.objects.exists() and not Status.objects.exists()


def test_it_was_moved_the_moment_before(anna: Person) -> None:
    entity = scheduled_by(anna)
    publish_scheduled(scheduled_id=int(entity["id"]))
    assert anna.see(PATH) == [entity]
