"""Threads: muted ones, direct ones, and what is answered to those who want a translation."""

from typing import Any

import pytest

from accounts.models import Account
from tests.contract.contract import entity_faults
from tests.timelines.people import Person
from tests.timelines.test_edits import edit
from timelines.models import Conversation, Mention, Notification, Status
from timelines.statuses import delete_status, status_created

pytestmark = pytest.mark.django_db


def threads(who: Person, **params: Any) -> list[tuple[str, bool, list[str]]]:
    """Return text of the last status, unread flag and participants of somebody's conversations."""
    found = who.see("/api/v1/conversations", **params)
    for entity in found:
        assert entity_faults("Conversation", entity) == []
    return [
        (
            entity["last_status"]["content"].rpartition(" ")[2].removesuffix("</p>"),
            entity["unread"],
            [person["acct"] for person in entity["accounts"]],
        )
        for entity in found
    ]


def write(who: Person, text: str, **fields: Any) -> dict[str, Any]:
    return who.post(text, visibility="direct", **fields)


# Muting


def test_a_muted_thread_tells_nothing_and_says_so(anna: Person, cem: Person) -> None:
    root = anna.post("Thema")
    muted = anna.do("mute", root)
    assert entity_faults("AuthenticatedStatus", muted) == []
    assert muted["muted"] is True

    reply = cem.post("@anna na?", in_reply_to_id=root["id"])
    cem.do("favourite", root)
    cem.do("reblog", root)
    assert anna.told() == []
    assert anna.see(f"/api/v1/statuses/{reply['id']}")["muted"] is True
    assert cem.see(f"/api/v1/statuses/{reply['id']}")["muted"] is False
    assert anna.post("anderes")["muted"] is False

    assert anna.do("unmute", reply)["muted"] is False
    cem.post("@anna doch", in_reply_to_id=reply["id"])
    assert anna.told() == [("mention", "cem")]


def test_a_reblog_stands_for_the_thread_of_its_original(anna: Person, cem: Person) -> None:
    root = anna.post("Thema")
    wrapper = cem.do("reblog", root)
    muted = cem.do("mute", wrapper)
    assert (muted["muted"], muted["reblog"]["muted"]) == (True, True)
    assert cem.do("mute", root)["muted"] is True
    assert cem.do("unmute", root)["muted"] is False
    assert cem.do("unmute", root)["muted"] is False


def test_nobody_mutes_what_they_cannot_see(anna: Person, cem: Person) -> None:
    secret = write(anna, "geheim")
    for status_id in (secret["id"], "0", "abc", "-1", "9" * 30):
        assert cem.app.post(f"/api/v1/statuses/{status_id}/mute").status_code == 404
        assert cem.app.post(f"/api/v1/statuses/{status_id}/unmute").status_code == 404


# Direct messages


def test_a_direct_message_is_unread_for_those_it_names(anna: Person, bertha: Person, cem: Person) -> None:
    first = write(anna, "@cem hallo")
    assert threads(anna) == [("hallo", False, ["cem"])]
    assert threads(cem) == [("hallo", True, ["anna"])]
    assert threads(bertha) == []

    write(cem, "@anna selber", in_reply_to_id=first["id"])
    assert threads(anna) == [("selber", True, ["cem"])]
    assert threads(cem) == [("selber", False, ["anna"])]


def test_what_is_not_direct_is_no_conversation(anna: Person, cem: Person) -> None:
    for visibility in ("public", "unlisted", "private"):
        anna.post("@cem offen", visibility=visibility)
    assert threads(cem) == []


def test_talking_to_oneself(anna: Person) -> None:
    write(anna, "Merkzettel")
    assert threads(anna)[0][1:] == (False, ["anna"])


def test_reading_deleting_and_coming_back(anna: Person, cem: Person) -> None:
    first = write(anna, "@cem eins")
    thread = cem.see("/api/v1/conversations")[0]
    path = f"/api/v1/conversations/{thread['id']}"

    read = cem.app.post(f"{path}/read").json()
    assert entity_faults("Conversation", read) == []
    assert read["unread"] is False
    assert cem.app.post(f"{path}/unread").json()["unread"] is True
    for method, action in (("post", "/read"), ("post", "/unread"), ("delete", "")):
        assert getattr(anna.app, method)(path + action).status_code == 404
    deleted = cem.app.delete(path)
    assert (deleted.status_code, deleted.json()) == (200, {})
    assert threads(cem) == []
    assert threads(anna) != []
    assert cem.app.delete(path).status_code == 404

    write(anna, "@cem zwei", in_reply_to_id=first["id"])
    assert threads(cem) == [("zwei", True, ["anna"])]


@pytest.mark.parametrize("conversation_id", ["0", "-1", "abc", "9" * 30, "%00"])
def test_unknown_conversations_are_404(anna: Person, conversation_id: str) -> None:
    path = f"/api/v1/conversations/{conversation_id}"
    assert anna.app.delete(path).status_code == 404
    assert anna.app.post(f"{path}/read").status_code == anna.app.post(f"{path}/unread").status_code == 404


def test_pages_go_by_last_statuses(anna: Person, cem: Person) -> None:
    roots = [write(anna, f"@cem {number}") for number in range(3)]
    newest = write(anna, "@cem 0neu", in_reply_to_id=roots[0]["id"])

    assert [text for text, _, _ in threads(cem)] == ["0neu", "2", "1"]
    assert [text for text, _, _ in threads(cem, max_id=newest["id"])] == ["2", "1"]
    assert [text for text, _, _ in threads(cem, min_id=roots[1]["id"], limit=1)] == ["2"]
    first = cem.app.get("/api/v1/conversations", {"limit": 1})
    assert f"max_id={newest['id']}" in first["Link"] and f"min_id={newest['id']}" in first["Link"]


def test_a_deleted_message_gives_way_to_the_one_before(anna: Person, cem: Person) -> None:
    first = write(anna, "@cem eins")
    second = write(cem, "@anna zwei", in_reply_to_id=first["id"])

    cem.app.delete(f"/api/v1/statuses/{second['id']}")
    assert (threads(anna)[0][0], threads(cem)[0][0]) == ("eins", "eins")
    anna.app.delete(f"/api/v1/statuses/{first['id']}")
    assert threads(anna) == threads(cem) == []
    assert not Conversation.objects.exists()


def test_who_blocks_or_mutes_keeps_the_thread_as_it_was(anna: Person, cem: Person) -> None:
    first = write(anna, "@cem eins")
    cem.do("mute", first)
    write(anna, "@cem zwei", in_reply_to_id=first["id"])
    assert threads(cem) == [("eins", True, ["anna"])]
    assert Notification.objects.filter(account=cem.account).count() == 1
    other = write(anna, "@cem drei")
    cem.app.post(f"/api/v1/accounts/{anna.account.pk}/mute")
    write(anna, "@cem vier", in_reply_to_id=other["id"])
    assert threads(cem) == []
    cem.app.post(f"/api/v1/accounts/{anna.account.pk}/unmute")
    assert [text for text, _, _ in threads(cem)] == ["drei", "eins"]
    thread_id = cem.see("/api/v1/conversations")[0]["id"]
    cem.app.post(f"/api/v1/accounts/{anna.account.pk}/block")
    assert threads(cem) == []
    assert cem.app.post(f"/api/v1/conversations/{thread_id}/read").status_code == 404


def test_a_message_from_elsewhere_without_a_thread(anna: Person, dora: Account) -> None:
    status = Status.objects.create(
        uri=f"{dora.uri}/1",
        account=dora,
        is_local=False,
        content="<p>psst leise</p>",
        visibility="direct",
        created_at=anna.account.created_at,
    )
    Mention.objects.create(status=status, account=anna.account)
    status_created(status)
    assert threads(anna) == [("leise", True, ["dora@elsewhere.example"])]
    delete_status(status)
    assert threads(anna) == []


# Translation


def test_there_is_no_translator(anna: Person, cem: Person) -> None:
    public, direct = anna.post("Guten Morgen"), write(anna, "geheim")
    answer = cem.app.post(f"/api/v1/statuses/{public['id']}/translate", {"lang": "en"})
    assert (answer.status_code, answer.json()) == (404, {"error": "This server has no translator"})
    assert anna.app.post(f"/api/v1/statuses/{direct['id']}/translate").status_code == 403
    assert cem.app.post(f"/api/v1/statuses/{direct['id']}/translate").status_code == 404
    assert anna.see("/api/v2/instance")["configuration"]["translation"] == {"enabled": False}


def test_an_edit_tells_nobody_in_a_muted_thread(anna: Person, cem: Person) -> None:
    root = anna.post("Thema")
    cem.do("mute", root)
    assert edit(anna, root, status="Thema, @cem").status_code == 200
    assert cem.told() == []
