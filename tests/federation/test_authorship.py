"""Activities that somebody else passes on: believed when their author signed them inside, and only that."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from time_machine import travel

from federation import authorship, inbox
from federation.models import DomainPolicy, InboxItem
from federation.signatures import SignatureInvalid, integrity, linked_data, multikey
from federation.signatures.pem import load_own_key, load_public_key
from federation.vocab import Activity
from tests.federation.fake_peer import FakePeer, key_pair, send

pytestmark = pytest.mark.django_db
AS2 = "https://www.w3.org/ns/activitystreams"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

received: list[Activity] = []
ROUTES = {("Create", None): f"{__name__}.receive", ("Like", None): f"{__name__}.receive"}


def receive(activity: Activity) -> None:
    """The receiver that the table names in these tests."""
    received.append(activity)


@pytest.fixture(autouse=True)
def _routes(settings: Any) -> Iterator[None]:
    settings.INBOX_ROUTES = f"{__name__}.ROUTES"
    inbox._routes.cache_clear()
    received.clear()
    yield
    inbox._routes.cache_clear()


def create(peer: FakePeer, **changes: Any) -> dict[str, Any]:
    actor = f"{peer.base}/users/dora"
    note = {"id": f"{actor}/statuses/1", "type": "Note", "attributedTo": actor, "content": "<p>Hi</p>"}
    return {
        "@context": [AS2, {"sensitive": "as:sensitive"}],
        "id": f"{actor}/statuses/1/activity",
        "type": "Create",
        "actor": actor,
        "to": [f"{AS2}#Public"],
        "object": note | {"to": [f"{AS2}#Public"], "sensitive": False},
        **changes,
    }


def signed(document: dict[str, Any], *, key: str = "dora", at: datetime | None = None) -> dict[str, Any]:
    return linked_data.sign_document(
        document,
        key_id=f"{document['actor']}#main-key",
        private_key=load_own_key(key_pair(key)[0]),
        now=at or datetime.now(UTC),
    )


@pytest.fixture
def pass_on(client: Client, emil: FakePeer, run_jobs: Callable[[], None]) -> Callable[[dict[str, Any]], str]:
    """Let Emil's server send it; returns why it was refused, "" when it was processed."""

    def send_it(document: dict[str, Any]) -> str:
        assert send(client, document, signer=f"{emil.base}/users/emil").status_code == 202
        run_jobs()
        item = InboxItem.objects.order_by("id").last()
        return item.last_error if item is not None else "not stored"

    return send_it


Passing = Callable[[dict[str, Any]], str]


def test_what_its_author_signed_may_come_from_anybody(dora: FakePeer, pass_on: Passing) -> None:
    assert pass_on(signed(create(dora))) == ""
    [activity] = received
    assert (activity.actor_uri, activity.object_uri) == (
        f"{dora.base}/users/dora",
        f"{dora.base}/users/dora/statuses/1",
    )
    assert activity.object["content"] == "<p>Hi</p>"


def test_what_is_not_signed_inside_is_not_stored(dora: FakePeer, pass_on: Passing) -> None:
    assert pass_on(create(dora)) == "not stored"
    assert received == []


@pytest.mark.parametrize(
    "change",
    [
        {"object": {"type": "Note", "content": "forged"}},
        {"signature": {"type": "RsaSignature2017"}},
        {"signature": {"type": "Ed25519Signature2018", "creator": "x", "signatureValue": "AAAA"}},
        {"proof": {"type": "DataIntegrityProof"}, "signature": None},
    ],
)
def test_what_its_author_did_not_sign_is_refused(
    dora: FakePeer, pass_on: Passing, change: dict[str, Any]
) -> None:
    assert "nothing in it proves the author" in pass_on(signed(create(dora)) | change)
    assert received == []


def test_a_key_of_somebody_else_proves_nothing(dora: FakePeer, emil: FakePeer, pass_on: Passing) -> None:
    forged = linked_data.sign_document(
        create(dora),
        key_id=f"{emil.base}/users/emil#main-key",
        private_key=load_own_key(key_pair("emil")[0]),
        now=datetime.now(UTC),
    )
    assert "nothing in it proves the author" in pass_on(forged)


def test_a_forged_activity_does_not_take_the_place_of_the_real_one(
    client: Client, dora: FakePeer, pass_on: Passing, run_jobs: Callable[[], None]
) -> None:
    pass_on(signed(create(dora), key="mallory"))
    real = create(dora)
    send(client, real, signer=real["actor"])
    run_jobs()
    assert [activity.actor_uri for activity in received] == [real["actor"]]


def test_the_author_may_not_be_of_a_blocked_domain(dora: FakePeer, pass_on: Passing) -> None:
    DomainPolicy.objects.create(domain="dora.localhost", severity=DomainPolicy.Severity.SUSPEND)
    assert "blocked domain" in pass_on(signed(create(dora)))
    assert received == []


def test_a_signature_does_not_last(dora: FakePeer, pass_on: Passing) -> None:
    document = signed(create(dora), at=datetime.now(UTC) - timedelta(days=3))
    assert "nothing in it proves the author" in pass_on(document)


def test_only_what_was_signed_is_read(dora: FakePeer, pass_on: Passing) -> None:
    document = signed(create(dora))
    document["object"]["directMessage"] = True
    assert pass_on(document) == ""
    assert "directMessage" not in received[0].object


def test_keys_that_an_actor_announces_by_way_of_others(dora: FakePeer) -> None:
    """All that is read of an actor is defined: else it would fall out of what was signed."""
    uri = dora.add_actor("dora")
    method = {"id": f"{uri}#ed25519", "type": "Multikey", "controller": uri, "publicKeyMultibase": "z6MkA"}
    contexts = [AS2, "https://w3id.org/security/v1", "https://www.w3.org/ns/did/v1"]
    actor = {"id": uri, "type": "Person", "inbox": f"{uri}/inbox", "assertionMethod": [method]}
    update = {
        "@context": [*contexts, "https://w3id.org/security/multikey/v1"],
        "id": f"{uri}#updates/1",
        "type": "Update",
        "actor": uri,
        "object": actor,
    }
    proven = authorship.get_proven(signed(update), datetime.now(UTC))
    assert proven["object"]["assertionMethod"] == [method]
    assert authorship.is_forwardable(signed(update), datetime.now(UTC))


def test_a_key_that_changed_is_fetched_anew(dora: FakePeer, pass_on: Passing) -> None:
    pass_on(signed(create(dora)))
    dora.add_actor("dora", key="dora-new")
    again = create(dora, id=f"{dora.base}/users/dora/statuses/2/activity")
    assert pass_on(signed(again, key="dora-new")) == ""
    assert len(received) == 2


# Forwarding


def test_only_what_reads_the_same_as_it_was_signed_is_forwarded(dora: FakePeer) -> None:
    document = signed(create(dora))
    assert authorship.is_forwardable(document, datetime.now(UTC))
    assert not authorship.is_forwardable(document | {"movedTo": "https://evil.example/u"}, datetime.now(UTC))
    assert not authorship.is_forwardable(create(dora), datetime.now(UTC))
    with travel(datetime.now(UTC) + timedelta(days=3)):
        assert not authorship.is_forwardable(document, datetime.now(UTC))


# Hostile documents


def nested(depth: int, inner: Any) -> dict[str, Any]:
    for _ in range(depth):
        inner = {"@context": [AS2, {"x": "https://x.example/"}], "tag": inner}
    return inner


@pytest.mark.parametrize(
    "hostile",
    [
        {"items": [{"id": f"_:n{i}", "to": [f"_:n{j}" for j in range(7) if j != i]} for i in range(7)]},
        {"tag": [{"attachment": [{"tag": [{"name": "x"}]} for _ in range(9)]} for _ in range(2)]},
        {"tag": [{"@context": AS2, "name": str(number)} for number in range(50)]},
        {"to": [f"https://x.example/{number}" for number in range(1000)]},
        {"tag": [{"name": str(number)} for number in range(249)]},
        {"tag": nested(20, {"name": "x"})},
        {"@context": [AS2] * 50},
        {"@context": "https://evil.example/context.json"},
        {"@context": {"@import": "https://evil.example/context.json"}},
        {"@context": {"x": "@graph"}},
        {"object": {"@included": []}},
    ],
)
def test_what_would_take_too_long_is_refused(dora: FakePeer, hostile: dict[str, Any]) -> None:
    document = {**create(dora), **hostile, "signature": signed(create(dora))["signature"]}
    with pytest.raises(SignatureInvalid) as caught:
        verify_linked_data(document)
    assert caught.value.reason in ("too_complex", "context_not_allowed", "forbidden_jsonld_keyword")


def verify_linked_data(document: dict[str, Any]) -> None:
    signature = linked_data.read_signature(document, datetime.now(UTC))
    linked_data.verify_document(document, signature, load_public_key(key_pair("dora")[1]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["@context", "@id", "@type", "@value", "@list", "@language", "id", "to", "object", "x"]
            )
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
SIGNATURE = {"type": "RsaSignature2017", "creator": "https://a.example/u#k", "signatureValue": "AAAA"}
PROOF = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "proofPurpose": "assertionMethod",
    "verificationMethod": "https://a.example/u#k",
    "proofValue": "zAAAA",
}


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4), JSON, st.booleans())
def test_any_document_is_verified_or_refused(
    document: dict[str, Any], context: Any, with_options: bool
) -> None:
    extra = {"created": context, "x": context} if with_options else {}
    with contextlib.suppress(SignatureInvalid):
        verify_linked_data({**document, "@context": context, "signature": {**SIGNATURE, **extra}})
    with contextlib.suppress(SignatureInvalid):
        integrity.read_proof({**document, "@context": context, "proof": {**PROOF, **extra}}, NOW)


@given(JSON)
def test_any_signature_is_read_or_refused(value: Any) -> None:
    for read, name in ((linked_data.read_signature, "signature"), (integrity.read_proof, "proof")):
        for part in (value, {"type": value, "creator": value}, {**SIGNATURE, **PROOF, "expires": value}):
            with contextlib.suppress(SignatureInvalid):
                read({"actor": "https://a.example/u", name: part}, NOW)


@given(st.text(max_size=60) | st.from_regex(r"z[1-9A-HJ-NP-Za-km-z]{0,60}", fullmatch=True))
def test_any_multikey_is_read_or_refused(text: str) -> None:
    try:
        multikey.load_multikey(text)
    except SignatureInvalid:
        return
