"""Relays: asked, answered, left; what they pass on, and what they get of us."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Account
from accounts.outbox import send_actor_update
from core.errors import Forbidden
from federation.authorship import get_proven
from federation.keys import instance_actor_uri, public_key_pem
from federation.models import Relay, RemoteKey
from federation.signatures.linked_data import sign_document
from federation.signatures.pem import load_own_key
from tests.federation.fake_peer import key_pair
from tests.peer import PUBLIC, Document, Person
from timelines.drafts import StatusDraft
from timelines.models import Status
from timelines.statuses import delete_status, publish_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(dora: Person, run_jobs: Callable[[], None]) -> Document:
    """Dora's server is a relay, and we asked it."""
    call_command("relay", "add", f"{dora.peer.base}/inbox")
    run_jobs()
    [follow] = dora.inbox("Follow")
    return follow


@pytest.fixture
def relay(asked: Document, dora: Person) -> Person:
    """Dora's server is a relay that agreed."""
    dora.does("Accept", asked["id"])
    return dora


def test_a_relay_is_asked_answers_and_is_left(asked: Document, dora: Person, emil: Person) -> None:
    assert (asked["actor"], asked["object"]) == (instance_actor_uri(), PUBLIC)
    emil.does("Accept", asked["id"])
    assert Relay.objects.get().state == Relay.State.PENDING
    dora.does("Accept", {**asked, "actor": instance_actor_uri()})
    assert (Relay.objects.get().state, Relay.objects.get().actor_uri) == (Relay.State.ACCEPTED, dora.uri)
    dora.does("Reject", asked["id"])
    assert Relay.objects.get().state == Relay.State.REJECTED

    call_command("relay", "remove", f"{dora.peer.base}/inbox")
    dora.run_jobs()
    [undo] = dora.inbox("Undo")
    assert undo["object"]["id"] == asked["id"] and not Relay.objects.exists()


def test_relays_are_listed_and_mistakes_told(relay: Person, capsys: Any) -> None:
    capsys.readouterr()
    call_command("relay", "list")
    assert capsys.readouterr().out.split() == [f"{relay.peer.base}/inbox", "accepted", relay.uri]
    for arguments in (
        ("add", f"{relay.peer.base}/inbox"),
        ("add", "x"),
        ("remove", "https://x.example/inbox"),
    ):
        with pytest.raises(CommandError):
            call_command("relay", *arguments)


def test_what_a_relay_passes_on_is_read_but_nobody_reblogged_it(
    anna: Account, relay: Person, emil: Person
) -> None:
    note = emil.serve(emil.note())
    relay.does("Announce", note["id"], to=[PUBLIC])
    assert list(Status.objects.values_list("uri", "reblog_of")) == [(note["id"], None)]


def test_what_a_relay_sends_on_as_it_is_is_read(anna: Account, relay: Person, emil: Person) -> None:
    create = emil.activity("Create", emil.note(), to=[PUBLIC])
    key = load_own_key(key_pair("emil")[0])
    signed = sign_document(create, key_id=f"{emil.uri}#main-key", private_key=key, now=timezone.now())
    relay.say(signed)
    assert Status.objects.get().account.uri == emil.uri


def test_what_others_pass_on_without_being_a_relay_concerns_nobody(
    anna: Account, asked: Document, dora: Person, emil: Person
) -> None:
    dora.does("Announce", emil.serve(emil.note())["id"], to=[PUBLIC])
    assert not Status.objects.exists()


def test_a_relay_gets_what_is_public_with_a_proof_of_who_wrote_it(anna: Account, relay: Person) -> None:
    public = publish_status(anna, StatusDraft(text="For all", visibility="public"))
    for visibility in ("unlisted", "private", "direct"):
        publish_status(anna, StatusDraft(text="Not for all", visibility=visibility))
    relay.run_jobs()
    [create] = relay.inbox("Create")
    assert create["object"]["id"] == public.uri
    delete_status(public)
    send_actor_update(anna)
    relay.run_jobs()
    assert [document["object"]["id"] for document in relay.inbox("Delete")] == [public.uri]

    # As the one who gets it from the relay checks it.
    key = {"key_id": anna.key_id, "actor_uri": anna.uri, "public_key_pem": public_key_pem(anna.uri)}
    RemoteKey.objects.create(**key, fetched_at=timezone.now())
    proven = get_proven(create, timezone.now())
    assert proven["object"]["content"] == create["object"]["content"]
    changed = {**create, "object": {**create["object"], "content": "<p>Forged</p>"}}
    with pytest.raises(Forbidden):
        get_proven(changed, timezone.now())


def test_what_is_not_for_all_carries_no_proof(anna: Account, dora: Person) -> None:
    dora.does("Follow", anna.uri)
    for visibility in ("unlisted", "private"):
        publish_status(anna, StatusDraft(text="Hello", visibility=visibility))
    dora.run_jobs()
    assert ["signature" in create for create in dora.inbox("Create")] == [True, False]


def test_nobody_follows_the_server_itself(anna: Account, dora: Person) -> None:
    follow = dora.does("Follow", instance_actor_uri())
    [reject] = dora.inbox("Reject")
    assert (reject["actor"], reject["object"]["id"]) == (instance_actor_uri(), follow["id"])
