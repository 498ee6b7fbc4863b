"""Favourites and reblogs from other servers: counted once, told, undone, and refused where nobody may."""

from typing import Any

import pytest

from accounts import relationships
from accounts.models import Account
from tests.cast import api_client, make_account
from tests.loopback import answer
from tests.peer import PUBLIC, Document, Person, verdicts
from timelines.drafts import StatusDraft
from timelines.models import Favourite, Notification, Status
from timelines.statuses import publish_status

pytestmark = pytest.mark.django_db


def publish(account: Account, visibility: str = "public") -> Status:
    return publish_status(account, StatusDraft(text="Hello", visibility=visibility))


def follow(account: Account, person: Person) -> None:
    relationships.accept_follow(relationships.follow(account, person.account()))


def announce(dora: Person, uri: str, **changes: Any) -> Document:
    return dora.does("Announce", uri, **{"to": [PUBLIC], "cc": [dora.followers], **changes})


# Favourites


def test_a_like_is_counted_once_and_told(anna: Account, dora: Person) -> None:
    status = publish(anna)
    dora.does("Like", status.uri)
    dora.does("Like", status.uri, content="🦊")

    status.refresh_from_db()
    assert status.favourites_count == Favourite.objects.count() == 1
    assert Notification.objects.get(type="favourite").from_account.uri == dora.uri


@pytest.mark.parametrize("form", ["id", "whole", "without id"])
def test_an_undone_like_is_gone(anna: Account, dora: Person, form: str) -> None:
    status = publish(anna)
    like = dora.does("Like", status.uri)
    without_id = {key: value for key, value in like.items() if key != "id"}
    dora.does("Undo", {"id": like["id"], "whole": like, "without id": without_id}[form])
    status.refresh_from_db()
    assert status.favourites_count == Favourite.objects.count() == 0


def test_a_like_that_comes_after_its_undo_is_dropped(anna: Account, dora: Person) -> None:
    like = dora.activity("Like", publish(anna).uri)
    dora.does("Undo", like)
    dora.say(like)
    assert not Favourite.objects.exists()


def test_nobody_likes_what_they_cannot_see(anna: Account, dora: Person) -> None:
    for visibility in ("private", "direct"):
        dora.does("Like", publish(anna, visibility).uri)
        assert verdicts()[-1][1].startswith("refused")
    relationships.block(anna, dora.account())
    dora.does("Like", publish(anna).uri)
    assert not Favourite.objects.exists()


def test_a_like_of_what_is_not_ours_is_ignored(dora: Person, emil: Person) -> None:
    note = emil.serve(emil.note())
    dora.does("Like", note["id"])
    dora.does("Like", "https://social.example/users/anna/statuses/1")
    assert not Status.objects.exists() and not Favourite.objects.exists()
    assert emil.peer.server.received == []


# Reblogs


def test_a_reblog_of_ours_is_counted_once_and_told(anna: Account, dora: Person) -> None:
    status = publish(anna)
    first = announce(dora, status.uri, published="2026-01-02T03:04:05Z")
    announce(dora, status.uri)

    reblog = Status.objects.get(reblog_of=status)
    assert (reblog.uri, reblog.visibility) == (first["id"], "public")
    assert reblog.created_at.isoformat() == "2026-01-02T03:04:05+00:00"
    status.refresh_from_db()
    assert status.reblogs_count == 1
    assert Notification.objects.get(type="reblog").from_account.uri == dora.uri


def test_a_reblog_by_somebody_we_follow_brings_the_post(anna: Account, dora: Person, emil: Person) -> None:
    follow(anna, dora)
    note = emil.serve(emil.note("<p>Far away</p>"))
    # Whoever reblogs cannot put words into the author's mouth.
    announce(dora, {**note, "content": "<p>Forged</p>"}["id"])
    [shown] = api_client(anna).get("/api/v1/timelines/home").json()
    assert shown["reblog"]["content"] == "<p>Far away</p>"
    assert shown["account"]["acct"] == f"dora@{dora.peer.host}"


def test_an_embedded_foreign_post_is_fetched_instead(anna: Account, dora: Person, emil: Person) -> None:
    follow(anna, dora)
    note = emil.serve(emil.note("<p>Real</p>"))
    dora.does("Announce", {**note, "content": "<p>Forged</p>"}, to=[PUBLIC])
    assert Status.objects.get(uri=note["id"]).content == "<p>Real</p>"


def test_an_embedded_private_post_of_ones_own_is_taken(anna: Account, dora: Person) -> None:
    follow(anna, dora)
    note = dora.note(to=[dora.followers], cc=[])
    dora.does("Announce", note, to=[dora.followers])
    reblog = Status.objects.get(reblog_of__uri=note["id"])
    assert reblog.visibility == "private"


def test_a_private_post_of_somebody_else_is_not_reblogged(anna: Account, dora: Person) -> None:
    follow(anna, dora)
    for visibility in ("private", "direct"):
        announce(dora, publish(anna, visibility).uri)
    assert not Status.objects.filter(reblog_of__isnull=False).exists()


def test_a_reblog_that_concerns_nobody_is_ignored(anna: Account, dora: Person, emil: Person) -> None:
    note = emil.serve(emil.note())
    announce(dora, note["id"])
    assert not Status.objects.exists() and emil.peer.server.received == []


@pytest.mark.parametrize("form", ["id", "whole", "delete"])
def test_an_undone_reblog_is_gone(anna: Account, dora: Person, form: str) -> None:
    status = publish(anna)
    reblog = announce(dora, status.uri)
    if form == "delete":
        dora.does("Delete", reblog["id"])
    else:
        dora.does("Undo", reblog["id"] if form == "id" else reblog)
    status.refresh_from_db()
    assert status.reblogs_count == 0
    assert not Status.objects.kept().filter(reblog_of=status).exists()


def test_a_reblog_that_comes_after_its_undo_is_dropped(anna: Account, dora: Person) -> None:
    status = publish(anna)
    reblog = dora.activity("Announce", status.uri, to=[PUBLIC])
    dora.does("Undo", reblog)
    dora.say(reblog)
    assert not Status.objects.filter(reblog_of=status).exists()


def test_a_reblog_of_a_post_that_cannot_be_had_now_is_tried_again(
    anna: Account, dora: Person, emil: Person
) -> None:
    follow(anna, dora)
    emil.peer.add("/notes/1", answer(status=503))
    announce(dora, f"{emil.peer.base}/notes/1")
    assert verdicts()[-1][0] == "queued"
    assert not Status.objects.exists()


def test_a_group_that_announces_activities_is_not_understood_as_reblogging_them(
    anna: Account, dora: Person
) -> None:
    follow(anna, dora)
    like = dora.activity("Like", publish(anna).uri)
    dora.does("Announce", like, to=[PUBLIC])
    assert not Status.objects.filter(reblog_of__isnull=False).exists()
    assert not Favourite.objects.exists()


def test_an_undo_of_what_nobody_keeps_is_ignored(anna: Account, dora: Person) -> None:
    dora.does("Undo", {"type": "EmojiReact", "id": f"{dora.uri}/reacts/1", "object": publish(anna).uri})
    assert verdicts()[-1] == ("done", "")


def test_a_blocked_person_cannot_reblog(anna: Account, dora: Person) -> None:
    follow(make_account("cem"), dora)
    status = publish(anna)
    relationships.block(anna, dora.account())
    announce(dora, status.uri)
    assert not Status.objects.filter(reblog_of__isnull=False).exists()
    assert not Notification.objects.filter(account=anna, type="reblog").exists()
