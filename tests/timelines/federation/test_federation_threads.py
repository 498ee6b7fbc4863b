"""Who opens a thread of another server gets the replies that nobody sent us, and no more than that."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from tests.cast import api_client
from tests.loopback import answer
from tests.peer import AS2, Document, Person
from timelines import remote_threads
from timelines.models import Status
from timelines.remote import status_from_uri
from timelines.remote_threads import MAX_PER_POST, Walk, fetch_thread

pytestmark = pytest.mark.django_db


def old(person: Person, **changes: Any) -> Document:
    """Serve a note of an hour ago."""
    published = (timezone.now() - timedelta(hours=1)).isoformat()
    return person.serve(person.note(published=published, **changes))


def reply(person: Person, parent: Document, **changes: Any) -> Document:
    return old(person, inReplyTo=parent["id"], **changes)


def collection(uri: str, items: list[Any], **more: Any) -> Document:
    return {"@context": AS2, "id": uri, "type": "Collection", "items": items, **more}


def let_answer(person: Person, parent: Document, *replies: Document) -> None:
    """Let the server of a note list these as its replies."""
    uri = f"{parent['id']}/replies"
    person.serve(
        {**parent, "replies": person.serve(collection(uri, [found["id"] for found in replies]))["id"]}
    )


def open_thread(anna: Account, status: Status, person: Person) -> list[str]:
    """Open the thread in an app, let the jobs run, and return the uris of what it shows then."""
    app, path = api_client(anna), f"/api/v1/statuses/{status.pk}/context"
    assert app.get(path).status_code == 200
    person.run_jobs()
    return [entry["uri"] for entry in app.get(path).json()["descendants"]]


def test_a_thread_is_filled_in_breadth_first_from_many_servers(
    anna: Account, dora: Person, emil: Person
) -> None:
    root = old(dora)
    first, second = reply(emil, root), reply(dora, root)
    third, other = reply(dora, first), reply(emil, second)
    let_answer(dora, root, first, second)
    let_answer(emil, first, third)
    let_answer(dora, second, other)
    status = status_from_uri(root["id"])
    asked = len(dora.peer.server.received)

    shown = open_thread(anna, status, dora)
    assert set(shown) == {note["id"] for note in (first, second, third, other)}
    notes = [f"{dora.peer.base}{target}" for target in dora.peer.targets()[asked:] if "/notes/" in target]
    assert [uri for uri in notes if not uri.endswith("/replies")] == [root["id"], second["id"], third["id"]]

    # Within a quarter of an hour nobody is asked again.
    asked = len(dora.peer.server.received)
    open_thread(anna, status, dora)
    assert len(dora.peer.server.received) == asked


def test_pages_are_turned_once_and_stay_on_their_host(anna: Account, dora: Person, emil: Person) -> None:
    root = old(dora)
    uri = f"{root['id']}/replies"
    replies = [reply(emil, root) for _number in range(4)]
    ids = [note["id"] for note in replies]
    # A page that leads back to itself, another that leads away, and embedded objects that are only names.
    page = {"type": "CollectionPage", "partOf": uri}
    dora.serve({**page, "id": f"{uri}/2", "items": [{"id": ids[1], "content": "forged"}], "next": f"{uri}/3"})
    elsewhere = emil.serve({**page, "id": f"{emil.uri}/page", "items": [ids[3]]})["id"]
    dora.serve({**page, "id": f"{uri}/3", "orderedItems": [ids[2], None, 7], "next": [f"{uri}/2", elsewhere]})
    first = {**page, "items": [ids[0]], "next": f"{uri}/2"}
    dora.serve({**root, "replies": {"id": uri, "type": "Collection", "first": first}})

    shown = open_thread(anna, status_from_uri(root["id"]), dora)
    assert set(shown) == set(ids[:3])
    assert not Status.objects.filter(content__contains="forged").exists()
    assert "/users/emil/page" not in emil.peer.targets()


def test_what_a_conversation_lists_belongs_to_it(anna: Account, dora: Person, emil: Person) -> None:
    context = f"{emil.peer.base}/contexts/1"
    root = old(emil, context=context)
    opened = reply(dora, root, context=context)
    later = reply(dora, opened, context=context)
    emil.serve(collection(context, [root["id"], opened["id"], later["id"]]))
    assert open_thread(anna, status_from_uri(opened["id"]), dora) == [later["id"]]


def test_what_answers_nothing_of_the_thread_is_not_kept(anna: Account, dora: Person, emil: Person) -> None:
    root = old(dora)
    stray = old(emil, inReplyTo=f"{emil.uri}/notes/somewhere-else")
    let_answer(dora, root, stray)
    assert open_thread(anna, status_from_uri(root["id"]), dora) == []
    assert not Status.objects.filter(uri=stray["id"]).exists()


@pytest.mark.parametrize(
    "replies",
    [None, 7, "nonsense", [], {"type": "Note", "items": ["https://x.example/1"]}, {"type": "Collection"}],
)
def test_a_thread_without_readable_replies_is_left_as_it_is(
    anna: Account, dora: Person, replies: Any
) -> None:
    root = old(dora, replies=replies)
    assert open_thread(anna, status_from_uri(root["id"]), dora) == []


def test_a_reply_that_is_gone_does_not_end_the_walk(anna: Account, dora: Person) -> None:
    root = old(dora)
    gone, there = reply(dora, root), reply(dora, root)
    let_answer(dora, root, gone, there)
    status_from_uri(gone["id"])
    dora.peer.add(gone["id"].removeprefix(dora.peer.base), answer(status=410))
    assert open_thread(anna, status_from_uri(root["id"]), dora) == [there["id"]]
    assert Status.objects.get(uri=gone["id"]).deleted_at is not None


def test_fresh_closed_and_own_posts_and_strangers_make_nobody_fetch(anna: Account, dora: Person) -> None:
    root = old(dora)
    status = status_from_uri(root["id"])
    dora.run_jobs()
    asked = len(dora.peer.server.received)
    api_client().get(f"/api/v1/statuses/{status.pk}/context")
    fresh = status_from_uri(dora.serve(dora.note())["id"])
    closed = status_from_uri(old(dora, to=[anna.uri], cc=[])["id"])
    dora.run_jobs()
    asked = len(dora.peer.server.received)
    for found in (fresh, closed):
        open_thread(anna, found, dora)
    assert len(dora.peer.server.received) == asked


def test_the_size_of_a_walk_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(remote_threads, "MAX_POSTS", 3)
    monkeypatch.setattr(remote_threads, "MAX_PAGES", 2)
    walk = Walk(1)
    for number in (1, 1, 2, 3, 4):
        walk.add(f"https://a.example/{number}")
    assert [walk.take() for _turn in range(4)] == [*(f"https://a.example/{n}" for n in (1, 2, 3)), None]
    assert [walk.may_turn_page() for _turn in range(3)] == [True, True, False]
    listed = {"type": "Collection", "items": [f"https://a.example/{number}" for number in range(900)]}
    assert len(remote_threads._ids(listed, "https://a.example/", walk)) == MAX_PER_POST


def test_a_long_walk_is_gone_on_with_by_other_jobs(anna: Account, dora: Person, monkeypatch: Any) -> None:
    monkeypatch.setattr(remote_threads, "_JOB_SECONDS", 0.0)
    root = old(dora)
    replies = [reply(dora, root) for _number in range(3)]
    let_answer(dora, root, *replies)
    assert len(open_thread(anna, status_from_uri(root["id"]), dora)) == 3
    fetch_thread(status_id=0)
