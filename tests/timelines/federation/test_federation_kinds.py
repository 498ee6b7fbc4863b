"""What other kinds of server send beside plain notes: groups, several votes, pages, the start of a thread."""

from typing import Any

import pytest
from django.utils import timezone

from accounts import relationships
from accounts.models import Account
from core.errors import AppError
from tests.cast import api_client
from tests.loopback import answer
from tests.peer import PUBLIC, Document, Person, verdicts
from timelines.drafts import StatusDraft
from timelines.models import Poll, PollVote, Status, StatusCard, Tombstone
from timelines.remote import resolve_url
from timelines.statuses import publish_status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _anna_follows_dora(anna: Account, dora: Person) -> None:
    relationships.accept_follow(relationships.follow(anna, dora.account()))


def stored(note: Document) -> Status:
    return Status.objects.get(uri=note["id"])


# Groups


def test_a_group_passes_a_post_on_and_its_edit(dora: Person, emil: Person) -> None:
    note = emil.serve(emil.note("<p>First</p>"))
    forged = {**note, "content": "<p>Forged</p>"}
    dora.does("Announce", emil.activity("Create", forged), to=[PUBLIC])
    assert stored(note).content == "<p>First</p>"
    assert Status.objects.get(reblog_of=stored(note)).account == dora.account()

    emil.serve({**note, "content": "<p>Second</p>", "updated": "2031-01-01T00:00:00Z"})
    dora.does("Announce", emil.activity("Update", forged), to=[PUBLIC])
    assert stored(note).content == "<p>Second</p>"
    assert Status.objects.filter(reblog_of=stored(note)).count() == 1


@pytest.mark.parametrize("kind", ["Delete", "Like", "Lock", "Undo"])
def test_what_else_a_group_passes_on_is_ignored(dora: Person, emil: Person, kind: str) -> None:
    note = emil.serve(emil.note())
    dora.does("Announce", emil.activity(kind, note), to=[PUBLIC])
    assert not Status.objects.exists() and verdicts()[-1] == ("done", "")


def test_a_post_for_a_neighbour_is_taken_from_its_server(anna: Account, dora: Person) -> None:
    group = Person(dora.peer, "group", dora.run_jobs)
    relationships.accept_follow(relationships.follow(anna, group.account()))
    note = group.serve(group.note("<p>Served</p>"))
    dora.does("Create", {**note, "content": "<p>Forged</p>"})
    assert (stored(note).account, stored(note).content) == (group.account(), "<p>Served</p>")


# Votes


def test_votes_in_one_activity_are_all_counted(anna: Account, dora: Person) -> None:
    status = publish_status(anna, StatusDraft(text="What do you drink?"))
    poll = Poll.objects.create(status=status, options=["tea", "milk", "salt"], tallies=[0] * 3, multiple=True)
    votes = [
        {"type": "Note", "id": f"{dora.uri}#votes/{number}", "attributedTo": dora.uri, "name": name}
        for number, name in enumerate(["tea", "milk", "rum", "tea"])
    ]
    dora.does("Create", [{**vote, "inReplyTo": status.uri, "to": [anna.uri]} for vote in votes])
    assert sorted(PollVote.objects.filter(poll=poll).values_list("choice", flat=True)) == [0, 1]
    assert not Status.objects.exclude(pk=status.pk).exists()


# People


def test_who_is_named_by_a_page_is_found_by_name(dora: Person, emil: Person) -> None:
    page = f"{emil.peer.base}/@emil"
    emil.peer.add("/@emil", answer(b"<html></html>", content_type="text/html"))
    tag = {"type": "Mention", "href": page, "name": f"@emil@{emil.peer.host}"}
    note = dora.posts(tag=[tag])
    assert [mention.account for mention in stored(note).mentions.all()] == [emil.account()]


def test_who_is_named_by_the_page_of_somebody_else_is_not_named(dora: Person, emil: Person) -> None:
    dora.peer.add("/@emil", answer(b"<html></html>", content_type="text/html"))
    tag = {"type": "Mention", "href": f"{dora.peer.base}/@emil", "name": f"@emil@{emil.peer.host}"}
    assert not stored(dora.posts(tag=[tag])).mentions.exists()


# Pages


def test_a_post_about_a_page_shows_its_card(dora: Person, emil: Person) -> None:
    page = emil.peer.add("/news", answer(b"<title>News</title>", content_type="text/html; charset=utf-8"))
    note = dora.posts(type="Page", name="Look", content=None, attachment=[{"type": "Link", "href": page}])
    assert stored(note).media_ids == []
    assert StatusCard.objects.get(status=stored(note)).card.title == "News"


# Threads


def test_a_few_replies_come_along(dora: Person, emil: Person) -> None:
    replies = [dora.serve(dora.note(f"<p>{number}</p>")) for number in range(7)]
    elsewhere = emil.serve(emil.note())
    items = [elsewhere["id"], *(reply["id"] for reply in replies)]
    first = {"type": "CollectionPage", "items": items}
    dora.posts(replies={"type": "Collection", "first": first})
    found = set(Status.objects.values_list("uri", flat=True))
    assert found >= {reply["id"] for reply in replies[:5]}
    assert not found & {elsewhere["id"], replies[5]["id"], replies[6]["id"]}


# What is gone


@pytest.mark.parametrize("reply", [answer(status=404), answer(status=410), "tombstone"])
def test_a_post_that_is_gone_when_looked_for_is_deleted(dora: Person, reply: Any) -> None:
    note = dora.posts()
    tombstone = answer({"id": note["id"], "type": "Tombstone"})
    dora.peer.add(note["id"].removeprefix(dora.peer.base), tombstone if reply == "tombstone" else reply)
    with pytest.raises(AppError):
        resolve_url(note["id"])
    assert stored(note).deleted_at is not None and Tombstone.objects.filter(uri=note["id"]).exists()


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_post_that_cannot_be_read_now_is_kept(dora: Person, status: int) -> None:
    note = dora.posts()
    dora.peer.add(note["id"].removeprefix(dora.peer.base), answer(status=status))
    with pytest.raises(AppError):
        resolve_url(note["id"])
    assert stored(note).deleted_at is None


def test_a_private_post_that_we_may_not_see_is_kept(dora: Person) -> None:
    note = dora.posts(to=[dora.followers], cc=[])
    dora.peer.add(note["id"].removeprefix(dora.peer.base), answer(status=404))
    with pytest.raises(AppError):
        resolve_url(note["id"])
    assert stored(note).deleted_at is None


# Counters


def test_what_the_origin_counts_is_shown(anna: Account, dora: Person) -> None:
    def shown() -> tuple[int, int]:
        entity = api_client(anna).get(f"/api/v1/statuses/{stored(note).pk}").json()
        return entity["favourites_count"], entity["reblogs_count"]

    note = dora.posts(likes={"totalItems": 7}, shares={"totalItems": -3})
    assert shown() == (7, 0)
    app = api_client(anna)
    assert app.post(f"/api/v1/statuses/{stored(note).pk}/favourite").json()["favourites_count"] == 8
    dora.does("Update", {**note, "likes": {"totalItems": 9}, "shares": {"totalItems": 2}})
    assert shown() == (9, 2)
    app.post(f"/api/v1/statuses/{stored(note).pk}/unfavourite")
    assert shown() == (8, 2)
    # What others claim moves no list of what is popular.
    assert (stored(note).favourites_count, stored(note).reblogs_count) == (0, 0)


# The suspended


def test_what_those_edit_and_delete_whom_their_server_suspended_is_taken_in(dora: Person) -> None:
    kept, gone = dora.posts("<p>Old</p>"), dora.posts()
    suspended = {"suspended_at": timezone.now(), "suspended_by_origin": True}
    Account.objects.filter(uri=dora.uri).update(**suspended)
    dora.does("Update", {**kept, "content": "<p>New</p>", "updated": "2031-01-01T00:00:00Z"})
    dora.does("Delete", gone["id"])
    dora.posts("<p>Never</p>")
    assert [status.content for status in Status.objects.kept()] == ["<p>New</p>"]
