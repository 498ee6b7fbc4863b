"""POST /inbox: who gets in, what is kept, and what becomes of it."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from time_machine import travel

from core.errors import NotFound, RemoteUnreachable
from federation import inbox, inbox_queue, peers, remote_keys, tasks
from federation.fetch import fetch_document
from federation.models import DomainPolicy, InboxItem, Peer, RemoteKey
from federation.vocab import Activity
from tests.federation.fake_peer import FakePeer, send
from tests.loopback import Received, answer

pytestmark = pytest.mark.django_db
HERE = "tests.federation.test_inbox"

received: list[Activity] = []
trouble: list[Exception] = []


def receive(activity: Activity) -> None:
    """The receiver that the table names in these tests."""
    received.append(activity)
    if trouble:
        raise trouble[0]


def receive_other(activity: Activity) -> None:
    received.append(activity)


ROUTES = {
    ("Like", None): f"{HERE}.receive",
    ("Create", None): f"{HERE}.receive_other",
    ("Create", "Note"): f"{HERE}.receive",
}


@pytest.fixture(autouse=True)
def _routes(settings: Any) -> Iterator[None]:
    settings.INBOX_ROUTES = f"{HERE}.ROUTES"
    inbox._routes.cache_clear()
    received.clear()
    trouble.clear()
    yield
    inbox._routes.cache_clear()


def like(peer: FakePeer, name: str = "dora", number: int = 1, **changes: Any) -> dict[str, Any]:
    actor = f"{peer.base}/users/{name}"
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{actor}#likes/{number}",
        "type": "Like",
        "actor": actor,
        "object": "https://social.example/users/anna/statuses/1",
        **changes,
    }


def claim(most: int = 100, each: int = 20, *, needs_network: bool = False) -> list[int]:
    items = inbox_queue.claim(datetime.now(UTC), needs_network=needs_network, most=most, each=each)
    return [item.id for item in items]


def make_due() -> None:
    InboxItem.objects.update(next_attempt_at=datetime.now(UTC))


def queued_like(peer: FakePeer, number: int = 1, **changes: Any) -> InboxItem:
    activity = like(peer, number=number, **changes)
    now = datetime.now(UTC)
    return InboxItem.objects.create(
        activity_id=activity["id"],
        actor_uri=activity["actor"],
        subject_uri=activity["id"],
        host=peer.host,
        activity_type=activity["type"],
        body=orjson.dumps(activity).decode(),
        next_attempt_at=now,
        received_at=now,
    )


# Taken in


def test_a_signed_activity_is_stored_and_answered_202(client: Client, dora: FakePeer) -> None:
    activity = like(dora)
    response = send(client, activity, signer=activity["actor"])
    assert (response.status_code, response.content) == (202, b"")
    item = InboxItem.objects.get()
    assert (item.activity_id, item.actor_uri, item.host) == (activity["id"], activity["actor"], dora.host)
    assert (item.state, item.activity_type, item.recipient_uri) == ("queued", "Like", "")
    assert orjson.loads(item.body) == activity


def test_it_reaches_its_receiver(client: Client, dora: FakePeer, run_jobs: Callable[[], None]) -> None:
    activity = like(dora)
    send(client, activity, signer=activity["actor"])
    run_jobs()
    [got] = received
    assert (got.type, got.actor_uri, got.object_uri) == ("Like", activity["actor"], activity["object"])
    assert (got.document, got.recipient_uri) == (activity, "")
    item = InboxItem.objects.get()
    assert (item.state, item.body, item.last_error) == ("done", "", "")


def test_the_key_is_fetched_once_and_signed_for(client: Client, dora: FakePeer) -> None:
    for number in (1, 2, 3):
        activity = like(dora, number=number)
        assert send(client, activity, signer=activity["actor"]).status_code == 202
    assert dora.targets() == ["/users/dora"]
    assert 'keyId="https://social.example/actor#main-key"' in dora.server.received[0].headers["signature"]


def test_the_same_activity_twice_is_one_row(client: Client, dora: FakePeer) -> None:
    activity = like(dora)
    for _ in range(2):
        assert send(client, activity, signer=activity["actor"]).status_code == 202
    assert InboxItem.objects.count() == 1


def test_only_what_is_not_public_is_kept_for_each_inbox(client: Client, dora: FakePeer) -> None:
    private, public = like(dora), like(dora, number=2, to=["https://www.w3.org/ns/activitystreams#Public"])
    for activity in (private, public):
        for path in ("/inbox", "/actor/inbox"):
            assert send(client, activity, signer=activity["actor"], path=path).status_code == 202
    kept = InboxItem.objects.order_by("id").values_list("activity_id", "recipient_uri")
    ours = "https://social.example/actor"
    assert list(kept) == [(private["id"], ""), (private["id"], ours), (public["id"], "")]


def test_an_activity_without_id_is_one_row_per_content(client: Client, dora: FakePeer) -> None:
    activity = like(dora)
    del activity["id"]
    for _ in range(2):
        send(client, activity, signer=activity["actor"])
    send(
        client,
        {**activity, "object": "https://social.example/users/anna/statuses/2"},
        signer=activity["actor"],
    )
    assert InboxItem.objects.count() == 2


def test_the_inbox_of_the_instance_actor_says_whose_it_is(client: Client, dora: FakePeer) -> None:
    activity = like(dora)
    send(client, activity, signer=activity["actor"], path="/actor/inbox")
    assert InboxItem.objects.get().recipient_uri == "https://social.example/actor"


def test_the_object_type_chooses_the_receiver(
    client: Client, dora: FakePeer, run_jobs: Callable[[], None]
) -> None:
    trouble.append(NotFound(cause="only receive raises"))
    note = like(dora, type="Create", object={"id": f"{dora.base}/n/1", "type": "Note"})
    page = like(dora, number=2, type="Create", object={"id": f"{dora.base}/n/2", "type": "Page"})
    listen = like(dora, number=3, type="Listen")
    for activity in (note, page, listen):
        send(client, activity, signer=activity["actor"])
    run_jobs()
    outcomes = list(InboxItem.objects.order_by("id").values_list("state", "last_error"))
    assert outcomes == [("done", "refused: only receive raises"), ("done", ""), ("done", "")]
    assert [activity.object_type for activity in received] == ["Note", "Page"]


# Refused, with nothing stored


def refused(response: Any, status: int) -> None:
    assert response.status_code == status
    assert response["Content-Type"].startswith("application/json")
    assert orjson.loads(response.content)["error"]
    assert not InboxItem.objects.exists()


def test_unsigned(client: Client, dora: FakePeer) -> None:
    refused(send(client, like(dora), signer=f"{dora.base}/users/dora", changed={"Signature": None}), 401)
    assert dora.targets() == []


def test_signed_with_another_key(client: Client, dora: FakePeer) -> None:
    refused(send(client, like(dora), signer=f"{dora.base}/users/dora", key="mallory"), 401)


def test_stale(client: Client, dora: FakePeer) -> None:
    at = datetime.now(UTC) - timedelta(hours=3)
    refused(send(client, like(dora), signer=f"{dora.base}/users/dora", at=at), 401)
    assert dora.targets() == []


def test_tampered(client: Client, dora: FakePeer) -> None:
    body = orjson.dumps(like(dora, object="https://social.example/users/bertha/statuses/9"))
    refused(send(client, like(dora), signer=f"{dora.base}/users/dora", sent_body=body), 401)


def test_over_long(client: Client, dora: FakePeer) -> None:
    activity = like(dora, content="x" * 1_048_576)
    refused(send(client, activity, signer=activity["actor"]), 413)
    assert dora.targets() == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"]
)
def test_another_content_type(client: Client, dora: FakePeer, content_type: str) -> None:
    activity = like(dora)
    refused(send(client, activity, signer=activity["actor"], content_type=content_type), 415)


@pytest.mark.parametrize("body", [b" ", b"{", b"[]", b'{"a":1,"a":2}', b'{"a":' * 100 + b"1" + b"}" * 100])
def test_broken_json(client: Client, dora: FakePeer, body: bytes) -> None:
    refused(send(client, body, signer=f"{dora.base}/users/dora"), 400)


def test_replayed_from_another_server(client: Client, dora: FakePeer, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    activity = like(dora)
    refused(send(client, activity, signer=activity["actor"], changed={"Host": "other.example"}), 400)


def test_a_key_that_cannot_be_reached_now_is_503(client: Client, settings: Any) -> None:
    settings.FEDERATION_PRIVATE_HOSTS = ("gone.localhost:9",)
    activity = {"type": "Like", "actor": "http://gone.localhost:9/users/x", "object": "y"}
    refused(send(client, activity, signer=activity["actor"]), 503)


def test_a_key_server_that_hangs_does_not_hold_up_the_door(
    client: Client, dora: FakePeer, monkeypatch: Any
) -> None:
    monkeypatch.setattr(remote_keys, "KEY_SECONDS", 0.1)
    released = threading.Event()

    def hang(request: Received) -> bytes:
        released.wait(5)
        return answer(status=404)

    dora.add("/users/dora", hang)
    activity = like(dora)
    response = send(client, activity, signer=activity["actor"])
    released.set()
    refused(response, 503)


def test_a_key_on_a_private_address_is_refused(client: Client) -> None:
    activity = {"type": "Like", "actor": "https://127.0.0.1/users/x", "object": "y"}
    refused(send(client, activity, signer=activity["actor"]), 401)


def test_a_get_is_not_allowed(client: Client) -> None:
    assert client.get("/inbox", headers={"Host": "social.example"}).status_code == 405


# Answered 202, and dropped


def dropped(response: Any) -> None:
    assert response.status_code == 202
    assert not InboxItem.objects.exists()


def test_signed_by_somebody_else_than_its_actor(client: Client, dora: FakePeer, emil: FakePeer) -> None:
    dropped(send(client, like(emil, "emil"), signer=f"{dora.base}/users/dora"))


def test_two_actors(client: Client, dora: FakePeer, emil: FakePeer) -> None:
    signer = f"{dora.base}/users/dora"
    dropped(send(client, like(dora, actor=[signer, f"{emil.base}/users/emil"]), signer=signer))


def test_an_id_on_another_host(client: Client, dora: FakePeer) -> None:
    activity = like(dora, id="https://social.example/users/anna#likes/1")
    dropped(send(client, activity, signer=activity["actor"]))


def test_the_departure_of_a_stranger_is_dropped_before_any_key_is_fetched(
    client: Client, dora: FakePeer
) -> None:
    signer = f"{dora.base}/users/unknown"
    activity = like(dora, type="Delete", actor=signer, object=signer)
    dropped(send(client, activity, signer=signer))
    assert dora.targets() == []


def test_the_departure_of_somebody_known_is_taken_in(client: Client, dora: FakePeer) -> None:
    first = like(dora)
    send(client, first, signer=first["actor"])
    dora.replies.clear()
    activity = like(dora, number=2, type="Delete", object=first["actor"])
    assert send(client, activity, signer=first["actor"]).status_code == 202
    assert InboxItem.objects.filter(activity_type="Delete").exists()


@pytest.mark.parametrize("domain", ["dora.localhost", "localhost"])
def test_a_blocked_domain(client: Client, dora: FakePeer, domain: str) -> None:
    DomainPolicy.objects.create(domain=domain, severity=DomainPolicy.Severity.SUSPEND)
    activity = like(dora)
    dropped(send(client, activity, signer=activity["actor"]))


# Peers and keys


def test_a_signed_request_brings_a_host_back(
    client: Client, dora: FakePeer, run_jobs: Callable[[], None]
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    Peer.objects.create(
        domain=dora.host,
        unavailable_since=long_ago,
        consecutive_failures=99,
        failure_days=[long_ago.date()],
        paused_until=datetime.now(UTC) + timedelta(hours=1),
    )
    activity = like(dora)
    send(client, activity, signer=activity["actor"])
    run_jobs()
    peer = Peer.objects.get()
    assert (peer.unavailable_since, peer.consecutive_failures, peer.failure_days) == (None, 0, [])
    assert peer.paused_until is None


def test_a_host_that_sends_a_lot_is_brought_back_after_every_failure(
    client: Client, dora: FakePeer, run_jobs: Callable[[], None]
) -> None:
    for number in (1, 2):
        peers.note_failures({dora.host: 1}, datetime.now(UTC))
        assert Peer.objects.get().consecutive_failures == 1
        activity = like(dora, number=number)
        send(client, activity, signer=activity["actor"])
        run_jobs()
        assert Peer.objects.get().consecutive_failures == 0


def test_a_new_key_is_found_once(client: Client, dora: FakePeer) -> None:
    activity = like(dora)
    send(client, activity, signer=activity["actor"])
    dora.add_actor("dora", key="dora-new")
    second = like(dora, number=2)
    assert send(client, second, signer=activity["actor"], key="dora-new").status_code == 202
    # Whoever now comes with wrong signatures makes us fetch no more.
    for number in (3, 4):
        assert send(client, like(dora, number=number), signer=activity["actor"]).status_code == 401
    assert dora.targets() == ["/users/dora", "/users/dora"]
    assert RemoteKey.objects.count() == 1


def test_a_key_that_its_owner_does_not_list_is_not_believed(client: Client, dora: FakePeer) -> None:
    victim = f"{dora.base}/users/dora"
    dora.add(
        "/uploads/key",
        {"id": f"{dora.base}/uploads/key#main-key", "owner": victim, "publicKeyPem": "…", "type": "Key"},
    )
    response = send(client, like(dora), signer=f"{dora.base}/uploads/key", key="mallory")
    refused(response, 401)


def test_a_key_of_another_host_is_not_believed(client: Client, dora: FakePeer, emil: FakePeer) -> None:
    victim = f"{dora.base}/users/dora"
    emil.add_actor("mallory", publicKey={"id": f"{emil.base}/users/mallory#main-key", "owner": victim})
    emil.add("/users/mallory", {"type": "Person", "id": victim, "publicKey": {}})
    refused(send(client, like(dora), signer=f"{emil.base}/users/mallory"), 401)


def test_a_missing_key_is_asked_for_once(client: Client, dora: FakePeer) -> None:
    for _ in range(3):
        refused(send(client, like(dora), signer=f"{dora.base}/users/nobody", key="dora"), 401)
    assert dora.targets() == ["/users/nobody"]


def test_a_key_at_an_address_of_its_own(client: Client, dora: FakePeer) -> None:
    """GoToSocial: the key id is a path that serves a stub of the actor."""
    uri = f"{dora.base}/users/gita"
    key = {"id": f"{uri}/main-key#main-key", "owner": uri}
    dora.add_actor("gita")
    full = orjson.loads(dora.replies["/users/gita"].partition(b"\r\n\r\n")[2])  # type: ignore[union-attr]
    key["publicKeyPem"] = full["publicKey"]["publicKeyPem"]
    dora.add("/users/gita", {**full, "publicKey": key})
    dora.add("/users/gita/main-key", {"id": uri, "type": "Person", "publicKey": key})
    activity = like(dora, "gita")
    assert send(client, activity, signer=f"{uri}/main-key", key="gita").status_code == 202
    assert InboxItem.objects.get().actor_uri == uri


# Processing


def test_trouble_that_may_pass_is_tried_again_later(dora: FakePeer) -> None:
    item = queued_like(dora)
    trouble.append(RemoteUnreachable(cause="the parent's server is down"))
    tasks.process_inbox()
    item.refresh_from_db()
    assert (item.state, item.attempts, item.last_error) == ("queued", 1, "the parent's server is down")
    assert item.claimed_until is None and item.next_attempt_at > datetime.now(UTC)
    tasks.process_inbox()
    assert len(received) == 1
    trouble.clear()
    make_due()
    tasks.process_inbox()
    item.refresh_from_db()
    assert (item.state, len(received)) == ("done", 2)


def test_poison_ends_dead_with_its_reason(dora: FakePeer) -> None:
    item = queued_like(dora)
    healthy = queued_like(dora, number=2)
    trouble.append(ZeroDivisionError("by zero"))
    for _ in range(inbox_queue.MAX_ATTEMPTS + 3):
        make_due()
        tasks.process_inbox()
    item.refresh_from_db()
    assert (item.state, item.attempts) == ("dead", inbox_queue.MAX_ATTEMPTS)
    assert item.last_error == "ZeroDivisionError: by zero"
    assert item.body
    assert InboxItem.objects.filter(pk=healthy.pk, state="dead").exists()


def test_one_poisoned_activity_does_not_hold_up_the_next(dora: FakePeer) -> None:
    _, second = queued_like(dora), queued_like(dora, number=2)
    trouble.append(ZeroDivisionError("by zero"))
    InboxItem.objects.filter(pk=second.pk).update(
        activity_type="Create", body=orjson.dumps(like(dora, number=2, type="Create")).decode()
    )
    tasks.process_inbox()
    assert InboxItem.objects.get(pk=second.pk).state == "done"
    assert [activity.type for activity in received] == ["Like", "Create"]


def test_what_kills_its_worker_each_time_ends_dead(dora: FakePeer) -> None:
    item = queued_like(dora)
    InboxItem.objects.update(attempts=inbox_queue.MAX_ATTEMPTS)
    tasks.process_inbox()
    item.refresh_from_db()
    assert (item.state, received) == ("dead", [])
    assert "ended with the worker" in item.last_error


def test_what_is_about_the_same_waits_for_what_came_before(dora: FakePeer) -> None:
    items = [queued_like(dora, number, type=kind) for number, kind in enumerate(["Like", "Create", "Create"])]
    InboxItem.objects.filter(pk=items[1].pk).update(subject_uri=items[0].subject_uri)
    trouble.append(RemoteUnreachable(cause="not now"))
    tasks.process_inbox()
    assert [activity.id.rpartition("/")[2] for activity in received] == ["0", "2"]
    tasks.process_inbox()
    assert len(received) == 2
    trouble.clear()
    make_due()
    tasks.process_inbox()
    assert [activity.id.rpartition("/")[2] for activity in received[2:]] == ["0", "1"]
    assert set(InboxItem.objects.values_list("state", flat=True)) == {"done"}


def test_what_fails_leaves_nothing_behind(dora: FakePeer, monkeypatch: Any) -> None:
    item = queued_like(dora)

    def fail(item: inbox_queue.Item) -> None:
        Peer.objects.create(domain="half.example")
        raise ZeroDivisionError

    monkeypatch.setattr(inbox, "_dispatch", fail)
    tasks.process_inbox()
    item.refresh_from_db()
    assert (item.state, bool(item.body)) == ("queued", True)
    assert not Peer.objects.filter(domain="half.example").exists()


# Hosts, and waiting for them


def test_a_host_that_sends_a_lot_does_not_hold_up_the_others(dora: FakePeer, emil: FakePeer) -> None:
    flood = [queued_like(dora, number).pk for number in range(30)]
    single = queued_like(emil).pk
    assert claim(most=10) == [*flood[:9], single]


def test_what_needs_another_server_is_done_aside(
    client: Client, dora: FakePeer, run_jobs: Callable[[], None], monkeypatch: Any
) -> None:
    parent = dora.add("/n/1", {"id": f"{dora.base}/n/1", "type": "Note"})
    fetched: list[Any] = []
    monkeypatch.setattr(inbox, "_dispatch", lambda item: fetched.append(fetch_document(parent)["id"]))
    activity = like(dora)
    send(client, activity, signer=activity["actor"])
    run_jobs()
    item = InboxItem.objects.get()
    assert (item.state, item.body, item.attempts, item.needs_network) == ("done", "", 1, True)
    assert fetched == [parent]


def test_a_host_that_hangs_has_one_place_of_those_who_wait(dora: FakePeer, emil: FakePeer) -> None:
    first, second, other = queued_like(dora), queued_like(emil, 2), queued_like(emil)
    InboxItem.objects.update(needs_network=True)
    InboxItem.objects.filter(pk=other.pk).update(host=dora.host, actor_uri=f"{dora.base}/users/other")
    assert claim() == []
    assert claim(1, 1, needs_network=True) == [first.pk]
    assert claim(1, 1, needs_network=True) == [second.pk]
    assert claim(1, 1, needs_network=True) == []


def test_what_a_killed_worker_held_is_swept_up(dora: FakePeer) -> None:
    item = queued_like(dora)
    assert claim() == [item.pk]
    tasks.sweep_inbox()
    assert received == []
    with travel(datetime.now(UTC) + inbox_queue.CLAIM + timedelta(seconds=1), tick=True):
        tasks.sweep_inbox()
    assert len(received) == 1
    assert InboxItem.objects.get().state == "done"


def test_what_a_flushed_redis_forgot_is_swept_up(client: Client, dora: FakePeer) -> None:
    activity = like(dora)
    send(client, activity, signer=activity["actor"])  # its job is never run
    with travel(datetime.now(UTC) + timedelta(seconds=30), tick=True):
        tasks.sweep_inbox()
    assert len(received) == 1


def test_done_rows_are_forgotten_when_no_duplicate_can_come(dora: FakePeer) -> None:
    queued_like(dora)
    tasks.process_inbox()
    tasks.forget_done()
    assert InboxItem.objects.exists()
    with travel(datetime.now(UTC) + timedelta(days=8), tick=True):
        tasks.forget_done()
    assert not InboxItem.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_keep_the_order_of_one_actor(dora: FakePeer, monkeypatch: Any) -> None:
    items = [queued_like(dora, number=number) for number in range(20)]
    at_once: list[int] = []
    done: list[int] = []
    busy = threading.Semaphore(1)

    def slow(item: inbox_queue.Item) -> None:
        at_once.append(busy.acquire(blocking=False))
        threading.Event().wait(0.005)
        done.append(item.id)
        if at_once[-1]:
            busy.release()

    monkeypatch.setattr(inbox, "_dispatch", slow)

    def work() -> None:
        try:
            tasks.process_inbox()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [item.pk for item in items]
    assert all(at_once)
