"""Deliveries: owed in the transaction, sent once in effect, whatever dies on the way."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.db import connection, transaction
from time_machine import travel

from core import posting
from federation import claims, delivery, outcomes, peers, pump, tasks
from federation.claims import claim_deliveries
from federation.delivery import deliver
from federation.keys import create_signing_key
from federation.models import Delivery, DomainPolicy, OutboundActivity, Peer, SigningKey
from federation.signatures import SignedRequest, cavage
from tests.federation.fake_peer import FakePeer, key_pair
from tests.loopback import Received, answer

pytestmark = pytest.mark.django_db
ANNA = "https://social.example/users/anna"
STATUS = f"{ANNA}/statuses/1"


@pytest.fixture(autouse=True)
def _anna() -> None:
    private_pem, public_pem = key_pair("anna")
    SigningKey.objects.create(
        actor_uri=ANNA,
        key_id=f"{ANNA}#main-key",
        private_key_pem=private_pem,
        public_key_pem=public_pem,
    )


def activity(kind: str = "Create", number: int = 1) -> dict[str, Any]:
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{STATUS}#{kind}/{number}",
        "type": kind,
        "actor": ANNA,
        "object": STATUS,
    }


def owe(*inboxes: str, kind: str = "Create", number: int = 1, object_uri: str = STATUS) -> None:
    with transaction.atomic():
        deliver(activity(kind, number), sender_uri=ANNA, inboxes=inboxes, object_uri=object_uri)


def inbox_of(peer: FakePeer, reply: Any = None, path: str = "/inbox") -> str:
    return peer.add(path, reply if reply is not None else answer(status=202))


def received_by(peer: FakePeer) -> list[str]:
    return [orjson.loads(request.body)["id"].rpartition("#")[2] for request in peer.server.received]


def make_due() -> None:
    Delivery.objects.update(next_attempt_at=datetime.now(UTC))


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


# Owing


def test_a_delivery_is_owed_and_then_made(dora: FakePeer, run_jobs: Callable[[], None]) -> None:
    owe(inbox_of(dora))
    assert dora.server.received == []
    assert states() == ["queued"]
    run_jobs()
    [request] = dora.server.received
    assert (request.method, request.target) == ("POST", "/inbox")
    assert request.headers["content-type"] == "application/activity+json"
    assert orjson.loads(request.body) == activity()
    assert states() == []


def test_the_signature_can_be_verified(dora: FakePeer, run_jobs: Callable[[], None]) -> None:
    owe(inbox_of(dora, path="/users/dora/inbox?shared=1"))
    run_jobs()
    [request] = dora.server.received
    signature = cavage.parse_signature(request.headers["signature"])
    signed = SignedRequest("POST", (request.target,), request.headers, request.body)
    cavage.check_claims(signature, signed, datetime.now(UTC))
    public_key: Any = load_pem_public_key(key_pair("anna")[1].encode())
    cavage.verify_signature(signature, signed, public_key)
    assert signature.key_id == f"{ANNA}#main-key"
    assert request.headers["host"] == dora.host


def test_it_needs_a_transaction_and_falls_with_it() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        owe("https://dora.example/inbox")
        raise ZeroDivisionError
    assert not OutboundActivity.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_refuses() -> None:
    with pytest.raises(RuntimeError):
        deliver(activity(), sender_uri=ANNA, inboxes=["https://dora.example/inbox"])


def test_who_is_left_out() -> None:
    DomainPolicy.objects.create(domain="blocked.example", severity=DomainPolicy.Severity.SUSPEND)
    DomainPolicy.objects.create(domain="quiet.example", severity=DomainPolicy.Severity.SILENCE)
    Peer.objects.create(domain="dead.example", unavailable_since=datetime.now(UTC))
    owe(
        "https://dora.example/inbox",
        "https://dora.example/inbox",
        "https://quiet.example/inbox",
        "https://social.example/inbox",
        "https://blocked.example/inbox",
        "https://sub.blocked.example/inbox",
        "https://dead.example/inbox",
        "ftp://emil.example/inbox",
        "https://user:word@emil.example/inbox",
    )
    assert set(Delivery.objects.values_list("inbox_url", "host")) == {
        ("https://dora.example/inbox", "dora.example"),
        ("https://quiet.example/inbox", "quiet.example"),
    }
    assert OutboundActivity.objects.count() == 1


def test_one_body_for_all(dora: FakePeer, emil: FakePeer, run_jobs: Callable[[], None]) -> None:
    owe(inbox_of(dora), inbox_of(emil))
    run_jobs()
    assert dora.server.received[0].body == emil.server.received[0].body


def test_the_sender_owes_until_it_is_done(dora: FakePeer, run_jobs: Callable[[], None]) -> None:
    owe(inbox_of(dora))
    assert delivery.has_open_deliveries(ANNA)
    run_jobs()
    assert not delivery.has_open_deliveries(ANNA)


# Answers


@pytest.mark.parametrize(
    ("status", "state", "failures"),
    [
        (302, "queued", 1),
        (403, "dead", 0),
        (404, "dead", 0),
        (408, "queued", 1),
        (410, "dead", 0),
        (429, "queued", 0),
        (500, "queued", 1),
        (501, "dead", 0),
        (503, "queued", 1),
    ],
)
def test_what_a_status_means(dora: FakePeer, status: int, state: str, failures: int) -> None:
    owe(inbox_of(dora, answer("No\n\x07 thanks", status=status)))
    tasks.send_deliveries()
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.claimed_until) == (state, 1, None)
    assert row.last_error == f"answered {status} No thanks"
    assert sum(Peer.objects.values_list("consecutive_failures", flat=True)) == failures
    assert len(dora.server.received) == 1


@pytest.mark.parametrize("status", [200, 202, 204])
def test_what_arrived_is_owed_no_more(dora: FakePeer, status: int) -> None:
    owe(inbox_of(dora, answer(status=status)))
    tasks.send_deliveries()
    assert states() == []
    assert Peer.objects.get().last_success_at is not None


@pytest.mark.parametrize(("status", "state"), [(400, "dead"), (401, "queued")])
def test_a_second_knock_is_the_last(dora: FakePeer, status: int, state: str) -> None:
    owe(inbox_of(dora, answer(status=status)))
    tasks.send_deliveries()
    assert states() == [state]
    assert ["signature-input" in request.headers for request in dora.server.received] == [False, True]


@pytest.mark.parametrize("status", [400, 401])
def test_the_scheme_that_was_taken_comes_first_the_next_time(dora: FakePeer, status: int) -> None:
    inbox = inbox_of(dora, lambda got: answer(status=202 if "signature-input" in got.headers else status))
    for number in range(2):
        owe(inbox, number=number, object_uri="")
        tasks.send_deliveries()
    assert states() == []
    assert ["signature-input" in got.headers for got in dora.server.received] == [False, True, True]


def test_a_failed_delivery_waits_and_arrives_later(dora: FakePeer) -> None:
    replies = [answer(status=500), answer(status=202)]
    owe(inbox_of(dora, lambda _: replies.pop(0)))
    tasks.send_deliveries()
    row = Delivery.objects.get()
    wait = row.next_attempt_at - datetime.now(UTC)
    assert timedelta(seconds=13) < wait < timedelta(seconds=25)
    tasks.send_deliveries()
    assert len(dora.server.received) == 1
    with travel(datetime.now(UTC) + timedelta(seconds=30), tick=True):
        tasks.sweep_deliveries()
    assert states() == []
    assert received_by(dora) == ["Create/1", "Create/1"]


def test_after_sixteen_tries_it_is_over(dora: FakePeer) -> None:
    owe(inbox_of(dora, answer(status=500)))
    for _ in range(20):
        Peer.objects.update(paused_until=None)
        make_due()
        tasks.send_deliveries()
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.last_status) == ("dead", 16, 500)
    assert len(dora.server.received) == 16


def test_the_schedule_lasts_for_days() -> None:
    waits = [outcomes.retry_delay(attempt) for attempt in range(1, 17)]
    assert timedelta(days=2) < sum(waits, timedelta()) < timedelta(days=5)
    assert waits[0] < timedelta(seconds=25)


def test_nobody_there_counts_against_the_host(settings: Any) -> None:
    settings.FEDERATION_PRIVATE_HOSTS = ("gone.localhost:9",)
    owe("http://gone.localhost:9/inbox")
    tasks.send_deliveries()
    row = Delivery.objects.get()
    assert (row.state, row.last_status) == ("queued", None)
    assert row.last_error.startswith("ConnectionFailed: ")
    assert Peer.objects.get().consecutive_failures == 1


def test_an_inbox_on_a_private_address_gets_nothing(dora: FakePeer, settings: Any) -> None:
    inbox = inbox_of(dora)
    settings.FEDERATION_PRIVATE_HOSTS = ()
    owe(inbox)
    tasks.send_deliveries()
    assert Delivery.objects.get().last_error.startswith("AddressRefused: ")
    assert dora.server.received == []


def test_retry_after_is_honoured(dora: FakePeer) -> None:
    owe(inbox_of(dora, answer(status=429, Retry_After="1800")))
    tasks.send_deliveries()
    wait = Delivery.objects.get().next_attempt_at - datetime.now(UTC)
    assert timedelta(minutes=29) < wait <= timedelta(minutes=30)
    owe(inbox_of(dora), number=2, object_uri="")
    tasks.send_deliveries()
    assert len(dora.server.received) == 1


@pytest.mark.parametrize(
    ("header", "minutes"),
    [("Sun, 01 Mar 2026 12:10:00 GMT", 10), ("Sat, 01 Mar 2025 12:10:00 GMT", 0), ("99999999", 1440)]
    + [("soon", None), ("", None), ("-5", None)],
)
def test_how_retry_after_is_read(header: str, minutes: int | None) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    asked = outcomes._retry_after(header, now)
    assert asked == (None if minutes is None else timedelta(minutes=minutes))


def test_a_deleted_sender_is_not_tried_again_after_401(dora: FakePeer) -> None:
    inbox = inbox_of(dora, answer(status=401))
    owe(inbox, kind="Delete")
    owe(inbox, kind="Delete", object_uri=ANNA)
    tasks.send_deliveries()
    tasks.send_deliveries()
    assert states() == ["dead", "dead"]


def test_a_sender_without_a_key_sends_nothing(dora: FakePeer) -> None:
    owe(inbox_of(dora))
    SigningKey.objects.all().delete()
    tasks.send_deliveries()
    assert Delivery.objects.get().last_error == "the sender has no key"
    assert dora.server.received == []


# Order of what is about one object


def test_an_update_waits_for_the_create_it_follows(dora: FakePeer) -> None:
    replies = [answer(status=500), answer(status=202), answer(status=202)]
    inbox = inbox_of(dora, lambda _: replies.pop(0))
    owe(inbox)
    tasks.send_deliveries()
    owe(inbox, kind="Update")
    tasks.send_deliveries()
    assert received_by(dora) == ["Create/1"]
    make_due()
    tasks.send_deliveries()
    assert received_by(dora) == ["Create/1", "Create/1", "Update/1"]
    assert states() == []


def test_a_newer_update_replaces_one_that_is_not_out(dora: FakePeer) -> None:
    inbox = inbox_of(dora)
    for number in (1, 2, 3):
        owe(inbox, kind="Update", number=number)
    tasks.send_deliveries()
    assert received_by(dora) == ["Update/3"]
    assert states() == []


def test_an_older_update_never_follows_a_newer_one(dora: FakePeer) -> None:
    replies = [answer(status=500), answer(status=202)]
    inbox = inbox_of(dora, lambda _: replies.pop(0))
    owe(inbox, kind="Update", number=1)
    tasks.send_deliveries()
    owe(inbox, kind="Update", number=2)
    make_due()
    tasks.send_deliveries()
    assert received_by(dora) == ["Update/1", "Update/2"]


@pytest.mark.parametrize("kind", ["Delete", "Undo"])
def test_the_end_of_an_object_replaces_all_before_it(dora: FakePeer, kind: str) -> None:
    inbox = inbox_of(dora)
    owe(inbox)
    owe(inbox, kind="Update")
    owe(inbox, kind=kind)
    owe(inbox, kind="Create", number=9, object_uri=f"{ANNA}/statuses/2")
    tasks.send_deliveries()
    assert sorted(received_by(dora)) == sorted([f"{kind}/1", "Create/9"])


def test_a_newer_activity_waits_while_the_older_is_on_its_way(dora: FakePeer) -> None:
    inbox = inbox_of(dora)
    owe(inbox, kind="Update", number=1)
    now = datetime.now(UTC)
    [on_its_way] = claim_deliveries(10, now)
    owe(inbox, kind="Update", number=2)
    assert claim_deliveries(10, now) == []
    outcomes.record_outcomes([(on_its_way, outcomes.judge_answer(202, {}, b"", now))], now)
    assert [owed.activity_type for owed in claim_deliveries(10, datetime.now(UTC))] == ["Update"]


@pytest.mark.parametrize(
    ("older", "newer", "is_dropped"),
    [
        ("Update", "Update", True),
        ("Create", "Update", False),
        ("Create", "Delete", True),
        ("Update", "Delete", True),
        ("Announce", "Undo", True),
    ],
)
def test_what_failed_while_something_newer_was_made(
    dora: FakePeer, older: str, newer: str, is_dropped: bool
) -> None:
    inbox = inbox_of(dora)
    owe(inbox, kind=older, number=1)
    now = datetime.now(UTC)
    [on_its_way] = claim_deliveries(10, now)
    owe(inbox, kind=newer, number=2)
    outcomes.record_outcomes([(on_its_way, outcomes.judge_answer(500, {}, b"", now))], now)
    make_due()
    tasks.send_deliveries()
    assert received_by(dora) == ([] if is_dropped else [f"{older}/1"]) + [f"{newer}/2"]


# Hosts


def test_ten_failures_in_a_row_pause_a_host() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    peers.note_failures({"dora.example": 9}, now)
    assert Peer.objects.get().paused_until is None
    peers.note_failures({"dora.example": 1}, now)
    assert Peer.objects.get().paused_until == now + timedelta(seconds=60)
    peers.note_failures({"dora.example": 30}, now)
    paused_until = Peer.objects.get().paused_until
    assert paused_until == now + timedelta(seconds=60 * 32)
    assert peers.troubled_among({"dora.example"}) == {"dora.example": paused_until}


def test_a_paused_host_is_left_alone_until_it_is_heard_of(dora: FakePeer) -> None:
    owe(inbox_of(dora))
    peers.note_failures({dora.host: 10}, datetime.now(UTC))
    owe(inbox_of(dora), number=2, object_uri="")
    tasks.send_deliveries()
    assert dora.server.received == []
    peers.note_heard_of(dora.host, datetime.now(UTC))
    tasks.send_deliveries()
    assert sorted(received_by(dora)) == ["Create/1", "Create/2"]


def test_seven_bad_days_make_a_host_unavailable_until_it_is_heard_of() -> None:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    owe("https://dora.example/inbox")
    for day in range(7):
        assert None not in peers.troubled_among({"dora.example"}).values()
        assert states() == ["queued"]
        peers.note_failures({"dora.example": 3}, start + timedelta(days=day))
    assert peers.troubled_among({"dora.example"}) == {"dora.example": None}
    assert states() == ["dead"]
    assert Peer.objects.get().failure_days == [date(2026, 3, day) for day in range(1, 8)]
    peers.note_success(["dora.example"], start)
    assert not peers.troubled_among({"dora.example"})


def test_old_bad_days_are_forgotten() -> None:
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    peers.note_failures({"dora.example": 1, "emil.example": 1, "never.example": 1}, start)
    peers.note_success(["dora.example"], start)
    Peer.objects.filter(domain="dora.example").update(failure_days=[start.date()], consecutive_failures=1)
    peers.note_failures({"emil.example": 1}, start + timedelta(days=90))
    assert len(Peer.objects.get(domain="emil.example").failure_days) == 1
    peers.forget_failures(start + timedelta(days=90))
    rows = Peer.objects.order_by("domain").values_list("domain", "consecutive_failures")
    assert list(rows) == [("dora.example", 0), ("emil.example", 2)]


def test_a_host_gets_a_few_at_once_and_a_strange_one_a_single_one(dora: FakePeer) -> None:
    peers.note_success([dora.host], datetime.now(UTC))
    for number in range(10):
        owe(inbox_of(dora), "https://emil.example/inbox", number=number, object_uri="")
    now = datetime.now(UTC)
    hosts = [owed.host for owed in claim_deliveries(100, now)]
    assert (hosts.count(dora.host), hosts.count("emil.example")) == (peers.PER_HOST_AT_ONCE, 1)
    assert claim_deliveries(100, now, full=[dora.host, "emil.example"]) == []
    assert len(claim_deliveries(100, now, held={dora.host: 3}, full=["emil.example"])) == 1


def test_a_host_that_hangs_does_not_hold_up_the_others(dora: FakePeer, emil: FakePeer) -> None:
    """Dora's server answers only after Emil's has got all of his."""
    emil_is_served = threading.Event()

    def hang(request: Received) -> bytes:
        assert emil_is_served.wait(10)
        return answer(status=202)

    def count(request: Received) -> bytes:
        if len(emil.server.received) == 30:
            emil_is_served.set()
        return answer(status=202)

    slow, quick = inbox_of(dora, hang), inbox_of(emil, count)
    for number in range(30):
        owe(slow, quick, number=number, object_uri="")
    tasks.send_deliveries()
    assert states() == []
    assert (len(dora.server.received), len(emil.server.received)) == (30, 30)


def test_many_hosts_that_hang_hold_up_nobody(dora: FakePeer, settings: Any, monkeypatch: Any) -> None:
    """Twenty hosts, first in the queue, answer only when each of sixty others has got its own."""
    monkeypatch.setattr(pump, "MAX_QUICK", 8)
    monkeypatch.setattr(pump, "QUICK_SECONDS", 0.02)
    all_are_served = threading.Event()

    def hang(request: Received) -> bytes:
        assert all_are_served.wait(20)
        return answer(status=202)

    def count(request: Received) -> bytes:
        if sum(target == "/quick" for target in dora.targets()) == 60:
            all_are_served.set()
        return answer(status=202)

    dora.add("/slow", hang)
    dora.add("/quick", count)
    paths = ["/slow"] * 20 + ["/quick"] * 60
    hosts = [f"h{number}.localhost:{dora.server.port}" for number in range(len(paths))]
    settings.FEDERATION_PRIVATE_HOSTS = tuple(hosts)
    owe(*(f"http://{host}{path}" for host, path in zip(hosts, paths, strict=True)))
    tasks.send_deliveries()
    assert states() == []
    assert Counter(dora.targets()) == {"/slow": 20, "/quick": 60}


def test_what_is_in_no_hurry_comes_last(dora: FakePeer, emil: FakePeer, monkeypatch: Any) -> None:
    monkeypatch.setattr(pump, "MAX_QUICK", 1)
    arrived: list[str] = []

    def note(request: Received) -> bytes:
        arrived.append(request.headers["host"].partition(".")[0])
        return answer(status=202)

    hurried, unhurried = inbox_of(dora, note), inbox_of(emil, note)
    with transaction.atomic():
        deliver(activity("Delete"), sender_uri=ANNA, inboxes=[hurried], unhurried=[hurried, unhurried])
    for number in range(3):
        owe(hurried, number=number, object_uri="")
    tasks.send_deliveries()
    assert arrived == ["dora"] * 4 + ["emil"]


def test_what_is_delayed_is_due_later(dora: FakePeer) -> None:
    inbox = inbox_of(dora)
    for number in range(3):
        with transaction.atomic():
            deliver(
                activity("Update", number),
                sender_uri=ANNA,
                inboxes=[inbox],
                object_uri=ANNA,
                delay=timedelta(seconds=5),
            )
    tasks.send_deliveries()
    assert received_by(dora) == []
    with travel(datetime.now(UTC) + timedelta(seconds=6)):
        tasks.send_deliveries()
    assert received_by(dora) == ["Update/2"]


# Crashes and races


def test_what_a_killed_worker_held_is_sent_again(dora: FakePeer) -> None:
    owe(inbox_of(dora))
    assert len(claim_deliveries(10, datetime.now(UTC))) == 1
    tasks.sweep_deliveries()
    assert dora.server.received == []
    with travel(datetime.now(UTC) + claims.CLAIM + timedelta(seconds=1), tick=True):
        tasks.sweep_deliveries()
    assert received_by(dora) == ["Create/1"]
    assert states() == []


def test_what_a_flushed_redis_forgot_is_sent(dora: FakePeer) -> None:
    owe(inbox_of(dora))  # its job is never run
    tasks.sweep_deliveries()
    assert states() == []


def test_a_claim_outlasts_two_knocks() -> None:
    one = posting.CONNECT_SECONDS + posting.ANSWER_SECONDS
    assert claims.CLAIM.total_seconds() >= 2 * one


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_the_work(dora: FakePeer, emil: FakePeer, monkeypatch: Any) -> None:
    monkeypatch.setattr(delivery, "_wake", lambda: None)
    for number in range(40):
        owe(inbox_of(dora), inbox_of(emil), number=number, object_uri="")
    owed = sorted(Delivery.objects.values_list("id", flat=True))
    claimed: list[int] = []

    def work() -> None:
        try:
            while found := claim_deliveries(7, datetime.now(UTC)):
                claimed.extend(owed.id for owed in found)
                Delivery.objects.filter(id__in=[owed.id for owed in found]).delete()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == owed


@pytest.mark.django_db(transaction=True)
def test_jobs_at_once_in_one_process_send_each_once(dora: FakePeer, monkeypatch: Any) -> None:
    monkeypatch.setattr(delivery, "_wake", lambda: None)
    for number in range(30):
        owe(inbox_of(dora), number=number, object_uri="")

    def work() -> None:
        try:
            tasks.send_deliveries()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(received_by(dora)) == sorted(f"Create/{number}" for number in range(30))
    assert states() == []


def test_done_activities_are_forgotten_and_dead_ones_stay(dora: FakePeer) -> None:
    owe(inbox_of(dora))
    owe(inbox_of(dora, answer(status=410), "/gone"), number=2)
    tasks.send_deliveries()
    with travel(datetime.now(UTC) + timedelta(days=3)):
        tasks.forget_done()
    assert [row.activity_id for row in OutboundActivity.objects.all()] == [f"{STATUS}#Create/2"]


def test_a_key_is_made_once() -> None:
    first = create_signing_key("https://social.example/users/bertha")
    assert create_signing_key("https://social.example/users/bertha") == first
    assert first.key_id == "https://social.example/users/bertha#main-key"


def test_the_clock_names_jobs_that_exist() -> None:
    from genosocial.celery import app

    for name, entry in tasks.BEAT_SCHEDULE.items():
        assert entry["task"] in app.tasks
        assert app.conf.beat_schedule[name] == entry
