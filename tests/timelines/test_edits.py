"""Edits and deletions: what changes, what is kept, who is told, what can be used again."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import Account
from media.models import MediaAttachment
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, let_follow
from tests.timelines.sent import forget_sent, types_sent
from timelines.models import Mention, Notification, Status, StatusEdit
from timelines.statuses import delete_status, purge_deleted

pytestmark = pytest.mark.django_db


def picture() -> SimpleUploadedFile:
    """Return a small picture to upload."""
    import io

    data = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(data, "PNG")
    return SimpleUploadedFile("bild.png", data.getvalue(), "image/png")


def upload(who: Person, description: str = "") -> str:
    """Upload a picture and return its id."""
    answer = who.app.post(
        "/api/v2/media", {"file": picture(), "description": description}, encoding="multipart"
    )
    assert answer.status_code == 200, answer.content
    return answer.json()["id"]


def edit(who: Person, edited: dict[str, Any], /, **fields: Any) -> Any:
    """Edit a status and return the answer."""
    return who.app.put(f"/api/v1/statuses/{edited['id']}", fields)


def test_an_edit_keeps_the_old_version(anna: Person, cem: Person) -> None:
    status = anna.post("Erste Fasung", spoiler_text="Entwurf")

    after = edit(anna, status, status="Erste Fassung #neu", spoiler_text="").json()

    assert entity_faults("AuthenticatedStatus", after) == []
    assert after["content"].startswith("<p>Erste Fassung")
    assert after["edited_at"] is not None
    assert [tag["name"] for tag in after["tags"]] == ["neu"]
    history = cem.see(f"/api/v1/statuses/{status['id']}/history")
    for version in history:
        assert entity_faults("StatusEdit", version) == []
    assert [version["content"] for version in history] == ["<p>Erste Fasung</p>", after["content"]]
    assert [version["spoiler_text"] for version in history] == ["Entwurf", ""]
    assert history[0]["created_at"] == status["created_at"]
    assert history[1]["created_at"] == after["edited_at"]
    source = anna.see(f"/api/v1/statuses/{status['id']}/source")
    assert entity_faults("StatusSource", source) == []
    assert (source["text"], source["spoiler_text"]) == ("Erste Fassung #neu", "")


def test_what_changes_nothing_leaves_no_trace(anna: Person) -> None:
    status = anna.post("bleibt", language="de")
    forget_sent()

    after = edit(anna, status, status="bleibt", language="de", sensitive=False).json()

    assert after["edited_at"] is None
    assert not StatusEdit.objects.exists()
    assert len(anna.see(f"/api/v1/statuses/{status['id']}/history")) == 1


def test_what_is_not_given_stays(anna: Person) -> None:
    status = anna.post("Text", spoiler_text="Warnung", language="fr")

    after = edit(anna, status, status="Neuer Text").json()

    assert (after["spoiler_text"], after["sensitive"], after["language"]) == ("Warnung", True, "fr")


def test_pictures_come_go_and_are_described(anna: Person) -> None:
    first, second, third = (upload(anna, name) for name in ("eins", "zwei", "drei"))
    status = anna.post("", media_ids=[second, first])
    assert [media["id"] for media in status["media_attachments"]] == [second, first]

    attributes = [{"id": first, "description": "anders", "focus": "0.5,-0.5"}]
    after = edit(anna, status, status="Bilder", media_ids=[first, third], media_attributes=attributes).json()

    assert [media["description"] for media in after["media_attachments"]] == ["anders", "drei"]
    assert after["media_attachments"][0]["meta"]["focus"] == {"x": 0.5, "y": -0.5}
    history = anna.see(f"/api/v1/statuses/{status['id']}/history")
    before = [media["description"] for media in history[0]["media_attachments"]]
    assert before == ["zwei", "eins"]
    # The removed picture may be used again, the added one may not.
    assert anna.post("wieder", media_ids=[second])["media_attachments"][0]["id"] == second
    taken = anna.app.post("/api/v1/statuses", {"status": "x", "media_ids": [third]})
    assert taken.status_code == 422


def test_a_new_alt_text_alone_is_an_edit(anna: Person) -> None:
    media_id = upload(anna)
    status = anna.post("Bild", media_ids=[media_id])

    after = edit(anna, status, media_attributes=[{"id": media_id, "description": "Ein Haus"}]).json()

    assert after["edited_at"] is not None
    assert after["media_attachments"][0]["description"] == "Ein Haus"


@pytest.mark.parametrize("fields", [{"status": ""}, {"status": "a" * 2001}, {"media_ids": ["1"]}])
def test_a_bad_edit_changes_nothing(anna: Person, fields: dict[str, Any]) -> None:
    status = anna.post("bleibt")

    assert edit(anna, status, **fields).status_code == 422
    assert anna.see(f"/api/v1/statuses/{status['id']}")["content"] == "<p>bleibt</p>"


def test_only_who_is_newly_mentioned_is_told(anna: Person, bertha: Person, cem: Person) -> None:
    status = anna.post("Hallo @bertha", visibility="private")
    assert bertha.told() == [("mention", "anna")]
    bertha.app.post("/api/v1/notifications/clear")

    edit(anna, status, status="Hallo @bertha und @cem")

    assert bertha.told() == []
    assert cem.told() == [("mention", "anna")]
    edit(anna, status, status="Hallo @bertha")
    # Who was mentioned keeps access, in silence.
    assert Mention.objects.get(account=cem.account).silent is True
    assert [who["acct"] for who in cem.see(f"/api/v1/statuses/{status['id']}")["mentions"]] == ["bertha"]


def test_who_reblogged_it_hears_of_the_edit(anna: Person, cem: Person) -> None:
    status = anna.post()
    cem.do("reblog", status)

    edit(anna, status, status="anders")
    edit(anna, status, status="noch anders")

    assert cem.told() == [("update", "anna"), ("update", "anna")]


def test_followers_elsewhere_get_the_edit_and_the_deletion(anna: Person, dora: Account) -> None:
    let_follow(dora, anna.account)
    status = anna.post()
    forget_sent()

    edit(anna, status, status="anders")
    anna.app.delete(f"/api/v1/statuses/{status['id']}")

    assert types_sent() == ["Update", "Delete"]


def test_a_deleted_status_comes_back_as_text(anna: Person) -> None:
    media_id = upload(anna)
    status = anna.post("Hallo #Welt", media_ids=[media_id])

    answer = anna.app.delete(f"/api/v1/statuses/{status['id']}")

    assert answer.status_code == 200
    assert entity_faults("DeletedStatus", answer.json()) == []
    assert answer.json()["text"] == "Hallo #Welt"
    assert "content" not in answer.json()
    assert anna.app.get(f"/api/v1/statuses/{status['id']}").status_code == 404
    assert anna.app.delete(f"/api/v1/statuses/{status['id']}").status_code == 404
    # A redraft may use the picture again.
    anna.post("Hallo #Welt!", media_ids=[media_id])


def test_media_go_with_the_status_if_wished(anna: Person) -> None:
    status = anna.post("Bild", media_ids=[upload(anna)])

    anna.app.delete(f"/api/v1/statuses/{status['id']}", {"delete_media": True})

    assert not MediaAttachment.objects.exists()


def test_a_deletion_leaves_nothing_behind(anna: Person, cem: Person) -> None:
    root = anna.post("Frage")
    reply = anna.post("@cem sieh an", in_reply_to_id=root["id"])
    anna.do("pin", reply)
    for verb in ("favourite", "bookmark", "reblog"):
        cem.do(verb, reply)

    anna.app.delete(f"/api/v1/statuses/{reply['id']}")

    assert anna.see(f"/api/v1/statuses/{root['id']}")["replies_count"] == 0
    for path in ("/api/v1/favourites", "/api/v1/bookmarks", f"/api/v1/accounts/{cem.account.pk}/statuses"):
        assert cem.see(path) == []
    assert anna.see(f"/api/v1/accounts/{anna.account.pk}/statuses", pinned="true") == []
    assert not Notification.objects.exists()
    for who, count in ((anna, 1), (cem, 0)):
        who.account.refresh_from_db()
        assert who.account.statuses_count == count


def test_deleting_twice_counts_once(anna: Person) -> None:
    anna.post("bleibt")
    status = Status.objects.get(pk=anna.post("geht")["id"])

    delete_status(status)
    delete_status(status)

    anna.account.refresh_from_db()
    assert anna.account.statuses_count == 1


def test_rows_of_deleted_statuses_go_after_a_month(anna: Person) -> None:
    from datetime import timedelta

    from django.utils import timezone

    root = anna.post("weg")
    reply = anna.post("bleibt", in_reply_to_id=root["id"])
    anna.app.delete(f"/api/v1/statuses/{root['id']}")

    purge_deleted(timezone.now() + timedelta(days=29))
    assert Status.objects.count() == 2
    purge_deleted(timezone.now() + timedelta(days=31))

    assert Status.objects.get().pk == int(reply["id"])
    assert anna.see(f"/api/v1/statuses/{reply['id']}")["in_reply_to_id"] is None
