"""Statuses written as Markdown: shown, edited, scheduled and told to others."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from media.models import CustomEmoji
from tests.contract.contract import entity_faults
from tests.timelines.people import Person
from tests.timelines.test_edits import edit
from tests.timelines.test_scheduled import come_due, scheduled_by
from timelines.documents.note import load_note, render_note
from timelines.models import ScheduledStatus, Status
from timelines.scheduled import publish_scheduled

pytestmark = pytest.mark.django_db

MARKDOWN = {"content_type": "text/markdown"}
TEXT = "**Hallo** @cem, `@bertha #nein` #Ja"


def source(who: Person, status: dict[str, Any]) -> str:
    found = who.see(f"/api/v1/statuses/{status['id']}/source")
    assert entity_faults("StatusSource", found) == []
    return str(found["text"])


def note_of(status: dict[str, Any]) -> dict[str, Any]:
    return render_note(load_note(Status.objects.get(pk=status["id"])))


def test_it_is_shown_as_html_and_kept_as_typed(anna: Person, bertha: Person, cem: Person) -> None:
    status = anna.post(TEXT, **MARKDOWN)

    assert entity_faults("AuthenticatedStatus", status) == []
    assert status["content"].startswith("<p><strong>Hallo</strong> ")
    assert "<code>@bertha #nein</code>" in status["content"]
    assert [mention["acct"] for mention in status["mentions"]] == ["cem"]
    assert [tag["name"] for tag in status["tags"]] == ["ja"]
    assert source(anna, status) == TEXT
    assert bertha.told() == []


@pytest.mark.parametrize("given", ["", "text/plain", None])
def test_plain_text_stays_plain(anna: Person, given: str | None) -> None:
    status = anna.post("**Hallo**", **({} if given is None else {"content_type": given}))

    assert status["content"] == "<p>**Hallo**</p>"
    assert "source" not in note_of(status)


@pytest.mark.parametrize("given", ["text/html", "text/x.misskeymarkdown", "TEXT/PLAIN", "x" * 5000])
def test_what_cannot_be_read_is_refused(anna: Person, given: str) -> None:
    answer = anna.app.post("/api/v1/statuses", {"status": "Hallo", "content_type": given})

    assert answer.status_code == 422
    status = anna.post("Hallo")
    assert edit(anna, status, content_type="text/html").status_code == 422


def test_marks_count_towards_the_limit(anna: Person, settings: Any) -> None:
    settings.MAX_STATUS_CHARACTERS = 10

    assert anna.app.post("/api/v1/statuses", {"status": "**1234567**", **MARKDOWN}).status_code == 422
    assert anna.app.post("/api/v1/statuses", {"status": "**123456**", **MARKDOWN}).status_code == 200


def test_emoji_in_code_are_no_emoji(anna: Person) -> None:
    for shortcode in ("ja", "nein"):
        CustomEmoji.objects.create(shortcode=shortcode, updated_at=timezone.now())

    status = anna.post("*:ja:* `:nein:`", **MARKDOWN)

    assert [emoji["shortcode"] for emoji in status["emojis"]] == ["ja"]
    assert [tag["name"] for tag in note_of(status)["tag"]] == [":ja:"]


def test_an_edit_keeps_it_unless_told_otherwise(anna: Person, cem: Person) -> None:
    status = anna.post("*eins*", **MARKDOWN)

    second = edit(anna, status, status="*zwei* @cem").json()
    third = edit(anna, status, content_type="text/plain").json()

    assert second["content"].startswith("<p><em>zwei</em> ")
    assert cem.told() == [("mention", "anna")]
    assert third["content"].startswith("<p>*zwei* ")
    assert source(anna, status) == "*zwei* @cem"
    assert len(anna.see(f"/api/v1/statuses/{status['id']}/history")) == 3


def test_a_scheduled_one_is_published_as_it_was_written(anna: Person, run_jobs: Any) -> None:
    entity = scheduled_by(anna, text="*später*", **MARKDOWN)
    assert entity["params"]["text"] == "*später*"

    come_due()
    publish_scheduled(scheduled_id=int(entity["id"]))

    status = Status.objects.get(account=anna.account)
    assert (status.content, status.text) == ("<p><em>später</em></p>", "*später*")
    assert not ScheduledStatus.objects.exists()


def test_other_servers_get_html_and_the_source(anna: Person, dora: Account) -> None:
    text = f"*Hallo* @{dora.acct}"
    status = anna.post(text, **MARKDOWN)

    note = note_of(status)

    assert note["source"] == {"content": text, "mediaType": "text/markdown"}
    assert note["content"].startswith("<p><em>Hallo</em> ")
    assert [tag["href"] for tag in note["tag"]] == [dora.uri]
