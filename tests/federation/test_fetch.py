"""Fetching documents: which answers count, and as whose."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from time_machine import travel

from core.errors import RemoteUnreachable
from federation import keys
from federation.fetch import BadDocument, DocumentGone, DocumentRefused, fetch_document, fetch_pasted
from federation.models import Peer, RemoteKey
from tests.federation.fake_peer import FakePeer, key_pair
from tests.loopback import Received, answer

pytestmark = pytest.mark.django_db
AS2 = "https://www.w3.org/ns/activitystreams"


def note(peer: FakePeer, path: str = "/notes/1", **changes: Any) -> dict[str, Any]:
    return {"@context": AS2, "id": f"{peer.base}{path}", "type": "Note", "content": "Hi", **changes}


def test_a_document_is_fetched_with_a_signature(dora: FakePeer) -> None:
    uri = dora.add("/notes/1", note(dora))
    assert fetch_document(uri) == note(dora)
    [request] = dora.server.received
    assert request.headers["accept"] == f'application/activity+json, application/ld+json; profile="{AS2}"'
    assert 'keyId="https://social.example/actor#main-key"' in request.headers["signature"]
    assert 'headers="(request-target) host date"' in request.headers["signature"]


def only_reads(scheme: str, document: dict[str, Any], status: int = 401) -> Callable[[Received], bytes]:
    """Answer with the document when the request is signed in the scheme, else with the status."""

    def reply(request: Received) -> bytes:
        found = "rfc9421" if "signature-input" in request.headers else "cavage"
        return answer(document) if found == scheme else answer(status=status)

    return reply


@pytest.mark.parametrize("status", [400, 401])
def test_a_server_that_reads_only_the_new_scheme(dora: FakePeer, status: int) -> None:
    uri = dora.add("/notes/1", only_reads("rfc9421", note(dora), status))
    assert fetch_document(uri) == note(dora)
    first, second = dora.server.received
    assert "signature-input" not in first.headers and "signature-input" in second.headers
    assert '("@method" "@target-uri");created=' in second.headers["signature-input"]
    assert fetch_document(uri) == note(dora)
    assert "signature-input" in dora.server.received[2].headers


def test_the_scheme_of_a_server_is_remembered_for_a_month(dora: FakePeer) -> None:
    uri = dora.add("/notes/1", only_reads("rfc9421", note(dora)))
    fetch_document(uri)
    dora.add("/notes/1", note(dora))
    with travel(datetime.now(UTC) + timedelta(days=31)):
        fetch_document(uri)
    assert "signature-input" not in dora.server.received[-1].headers


def test_a_server_that_went_back_to_the_old_scheme(dora: FakePeer) -> None:
    fetch_document(dora.add("/notes/1", only_reads("rfc9421", note(dora))))
    uri = dora.add("/notes/1", only_reads("cavage", note(dora)))
    for _ in range(2):
        assert fetch_document(uri) == note(dora)
    assert len(dora.server.received) == 2 + 2 + 1


def test_a_server_that_refuses_both_schemes_is_asked_twice(dora: FakePeer) -> None:
    with pytest.raises(DocumentRefused):
        fetch_document(dora.add("/notes/1", answer(status=401)))
    assert len(dora.server.received) == 2
    assert not Peer.objects.exists()


def test_a_member_of_ours_may_sign(dora: FakePeer) -> None:
    keys.create_signing_key("https://social.example/users/anna")
    fetch_document(dora.add("/notes/1", note(dora)), signed_by="https://social.example/users/anna")
    assert (
        'keyId="https://social.example/users/anna#main-key"' in dora.server.received[0].headers["signature"]
    )


@pytest.mark.parametrize(
    "content_type",
    [
        "application/activity+json",
        "application/activity+json; charset=utf-8",
        "Application/Activity+JSON",
        f'application/ld+json; profile="{AS2}"',
        f'application/ld+json; charset=utf-8; profile="{AS2}"',
    ],
)
def test_content_types_that_count(dora: FakePeer, content_type: str) -> None:
    uri = dora.add("/notes/1", answer(note(dora), content_type=content_type))
    assert fetch_document(uri)["type"] == "Note"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/html", "application/ld+json", "text/plain", "image/png", ""]
    + ['application/ld+json; profile="https://example.com/"', "application/octet-stream"],
)
def test_content_types_that_may_be_somebodys_upload(dora: FakePeer, content_type: str) -> None:
    uri = dora.add("/notes/1", answer(note(dora), content_type=content_type))
    with pytest.raises(BadDocument):
        fetch_document(uri)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"<html>", b'{"id":1,"id":2}'])
def test_bodies_that_are_no_document(dora: FakePeer, body: bytes) -> None:
    with pytest.raises(BadDocument):
        fetch_document(dora.add("/notes/1", answer(body)))


@pytest.mark.parametrize(
    ("status", "error", "is_permanent"),
    [
        (404, DocumentGone, True),
        (410, DocumentGone, True),
        (401, DocumentRefused, True),
        (403, DocumentRefused, True),
        (400, BadDocument, True),
        (204, BadDocument, True),
        (500, RemoteUnreachable, False),
        (429, RemoteUnreachable, False),
    ],
)
def test_statuses(dora: FakePeer, status: int, error: type[RemoteUnreachable], is_permanent: bool) -> None:
    with pytest.raises(error) as caught:
        fetch_document(dora.add("/notes/1", answer(note(dora), status=status)))
    assert caught.value.permanent is is_permanent
    assert caught.value.message == RemoteUnreachable.default_message


def test_a_tombstone_is_gone(dora: FakePeer) -> None:
    with pytest.raises(DocumentGone):
        fetch_document(dora.add("/notes/1", note(dora, type="Tombstone")))


def test_another_id_is_fetched_and_must_name_itself(dora: FakePeer) -> None:
    dora.add("/notes/1", note(dora))
    assert fetch_document(dora.add("/short", note(dora)))["id"] == f"{dora.base}/notes/1"
    assert dora.targets() == ["/short", "/notes/1"]


def test_an_id_that_does_not_name_itself_is_refused(dora: FakePeer) -> None:
    dora.add("/notes/1", note(dora, "/notes/2"))
    with pytest.raises(BadDocument):
        fetch_document(dora.add("/short", note(dora)))


def test_somebody_elses_id_is_only_believed_at_its_own_host(dora: FakePeer, emil: FakePeer) -> None:
    emil.add("/notes/1", note(emil, content="what Emil said"))
    forged = dora.add("/forged", note(emil, content="what Emil never said"))
    assert fetch_document(forged)["content"] == "what Emil said"


def test_a_document_that_another_host_answered_is_refused(dora: FakePeer, emil: FakePeer) -> None:
    """Emil's open redirect must not let Dora speak as Emil."""
    uri = emil.add("/redirect", answer(status=302, Location=f"{dora.base}/forged"))
    dora.add("/forged", note(emil, "/redirect"))
    with pytest.raises(BadDocument):
        fetch_document(uri)


def test_a_document_without_an_id_is_refused(dora: FakePeer) -> None:
    with pytest.raises(BadDocument):
        fetch_document(dora.add("/notes/1", {"type": "Note"}))


def test_our_own_uris_are_never_fetched() -> None:
    with pytest.raises(BadDocument):
        fetch_document("https://social.example/users/anna")


# Pasted addresses


@pytest.mark.parametrize(
    ("page", "headers"),
    [
        ('<html><head><LINK rel="alternate" type="application/activity+json" href="/notes/1"></head>', {}),
        ("<link href='/notes/1' type='application/activity+json' rel='me alternate'>", {}),
        ("", {"Link": '</notes/1>; rel="alternate"; type="application/activity+json"'}),
    ],
)
def test_a_page_leads_to_its_document(dora: FakePeer, page: str, headers: dict[str, str]) -> None:
    dora.add("/notes/1", note(dora))
    url = dora.add("/@dora/1", answer(page, content_type="text/html; charset=utf-8", **headers))
    assert fetch_pasted(url) == note(dora)


def test_an_address_that_negotiates_leads_to_its_document(dora: FakePeer) -> None:
    dora.add("/notes/1", note(dora))
    assert fetch_pasted(dora.add("/@dora/1", note(dora))) == note(dora)
    assert fetch_pasted(f"{dora.base}/notes/1") == note(dora)


def test_a_page_about_nothing_is_refused(dora: FakePeer) -> None:
    url = dora.add("/", answer("<link rel=stylesheet href=/x.css>", content_type="text/html"))
    with pytest.raises(BadDocument):
        fetch_pasted(url)


def test_a_page_cannot_vouch_for_a_document_elsewhere(dora: FakePeer, emil: FakePeer) -> None:
    emil.add("/notes/1", note(dora, content="forged"))
    dora.add("/notes/1", note(dora))
    link = f'<link rel=alternate type=application/activity+json href="{emil.base}/notes/1">'
    assert fetch_pasted(dora.add("/page", answer(link, content_type="text/html")))["content"] == "Hi"


# Keys in actor documents


def actor(peer: FakePeer, **changes: Any) -> dict[str, Any]:
    uri = f"{peer.base}/users/dora"
    key = {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": key_pair("dora")[1]}
    return {"id": uri, "type": "Person", "publicKey": key, **changes}


def test_keys_are_stored_and_dropped_with_the_document(dora: FakePeer) -> None:
    document = actor(dora)
    keys.store_actor_keys(document)
    [row] = RemoteKey.objects.all()
    assert (row.key_id, row.actor_uri) == (document["publicKey"]["id"], document["id"])
    second = {**document["publicKey"], "id": f"{document['id']}#second", "publicKeyPem": key_pair("emil")[1]}
    keys.store_actor_keys({**document, "publicKey": [second, None, "https://x.example/key"]})
    assert [row.key_id for row in RemoteKey.objects.all()] == [second["id"]]
    keys.forget_actor_keys(document["id"])
    assert not RemoteKey.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "https://evil.example/key"},
        {"owner": "https://evil.example/users/x"},
        {"publicKeyPem": "nonsense"},
        {"publicKeyPem": None},
        {"id": None},
    ],
)
def test_keys_that_are_not_the_actors_own(dora: FakePeer, change: dict[str, Any]) -> None:
    document = actor(dora)
    keys.store_actor_keys({**document, "publicKey": {**document["publicKey"], **change}})
    assert not RemoteKey.objects.exists()


def test_a_key_of_another_actor_is_never_overwritten(dora: FakePeer) -> None:
    document = actor(dora)
    keys.store_actor_keys(document)
    mallory = f"{dora.base}/users/mallory"
    stolen = {"id": document["publicKey"]["id"], "owner": mallory, "publicKeyPem": key_pair("mallory")[1]}
    keys.store_actor_keys({"id": mallory, "type": "Person", "publicKey": stolen})
    row = RemoteKey.objects.get()
    assert (row.actor_uri, row.public_key_pem) == (document["id"], key_pair("dora")[1])


def test_no_more_than_ten_keys(dora: FakePeer) -> None:
    document = actor(dora)
    many = [{**document["publicKey"], "id": f"{document['id']}#{number}"} for number in range(50)]
    keys.store_actor_keys({**document, "publicKey": many})
    assert RemoteKey.objects.count() == 10
