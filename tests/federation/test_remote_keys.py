"""Keys of others: where they may be found, who vouches for them, and what a failure costs."""

import base64
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unauthenticated, Unavailable
from core.http import RemoteTimeout
from federation import events, remote_keys
from federation.keys import listed_key_ids, listed_keys, store_actor_keys
from federation.models import InboxItem, RemoteKey
from federation.remote_keys import fetch_remote_key, find_remote_key
from federation.signatures.digest import render_content_digest
from federation.signatures.pem import load_public_key
from tests.federation.fake_peer import FakePeer, key_pair
from tests.loopback import answer

pytestmark = pytest.mark.django_db

emitted: list[Any] = []
ROUTES = dict.fromkeys((events.ActorGone, events.ActorKeysReplaced), (f"{__name__}.keep",))


def keep(event: Any) -> None:
    """The handler that the table names in these tests."""
    emitted.append(event)


@pytest.fixture(autouse=True)
def _events(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("core.events._routes", lambda: ROUTES)
    emitted.clear()
    yield


def base58btc(data: bytes) -> str:
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    number, text = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        text = alphabet[digit] + text
    return "z" + text


def multikey(public_key: Any) -> str:
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return base58btc(b"\xed\x01" + public_key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    return base58btc(b"\x85\x24" + public_key.public_bytes(Encoding.DER, PublicFormat.PKCS1))


def pem(public_key: Any) -> str:
    return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def rsa_key(name: str = "dora") -> str:
    return key_pair(name)[1]


ED25519 = ed25519.Ed25519PrivateKey.generate().public_key()


# Where a key may be


def test_a_key_in_its_actor(dora: FakePeer) -> None:
    uri = dora.add_actor("dora")
    assert fetch_remote_key(f"{uri}#main-key").public_key_pem == rsa_key()
    assert fetch_remote_key(f"{uri}#main-key").actor_uri == uri


def test_the_bare_address_of_an_actor_stands_for_its_first_key(dora: FakePeer) -> None:
    uri = dora.add_actor("dora")
    assert fetch_remote_key(uri).key_id == f"{uri}#main-key"
    assert find_remote_key(uri) is not None
    assert dora.targets() == ["/users/dora"]


def test_several_keys_of_one_actor(dora: FakePeer) -> None:
    uri = f"{dora.base}/users/dora"
    dora.add_actor(
        "dora",
        publicKey=[
            {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": rsa_key()},
            {"id": f"{uri}#second", "owner": uri, "publicKeyPem": rsa_key("second")},
        ],
        assertionMethod=[
            {"id": f"{uri}#ed25519", "type": "Multikey", "controller": uri}
            | {"publicKeyMultibase": multikey(ED25519)},
            {"id": f"{uri}#rsa", "type": "Multikey", "controller": uri}
            | {"publicKeyMultibase": multikey(load_public_key(rsa_key("third")))},
        ],
    )
    assert fetch_remote_key(f"{uri}#ed25519").public_key_pem == pem(ED25519)
    found = dict(RemoteKey.objects.values_list("key_id", "public_key_pem"))
    assert found == {
        f"{uri}#main-key": rsa_key(),
        f"{uri}#second": rsa_key("second"),
        f"{uri}#ed25519": pem(ED25519),
        f"{uri}#rsa": rsa_key("third"),
    }


def standalone(peer: FakePeer, **changes: Any) -> str:
    """Serve a key in a document of its own; return its id."""
    owner = f"{peer.base}/users/dora"
    key = {"id": f"{owner}/key", "type": "Key", "owner": owner, "publicKeyPem": rsa_key(), **changes}
    peer.add("/users/dora/key", key)
    return f"{owner}/key"


@pytest.mark.parametrize("as_list", [True, False])
def test_a_key_in_a_document_of_its_own(dora: FakePeer, as_list: bool) -> None:
    key_id = standalone(dora)
    uri = dora.add_actor("dora", publicKey=[key_id] if as_list else key_id)
    assert fetch_remote_key(key_id).public_key_pem == rsa_key()
    assert find_remote_key(key_id).actor_uri == uri  # type: ignore[union-attr]
    # The actor lists it still, if only by its id.
    store_actor_keys({"id": uri, "publicKey": key_id})
    assert find_remote_key(key_id) is not None


@pytest.mark.parametrize(
    ("key", "listed"),
    [
        ({}, "none"),
        ({"owner": "https://elsewhere.example/users/dora"}, "key"),
        ({"controller": "https://elsewhere.example/users/dora", "owner": None}, "key"),
        ({"id": "https://elsewhere.example/key"}, "key"),
        ({"publicKeyPem": "garbage"}, "key"),
        ({"owner": None}, "key"),
    ],
)
def test_what_its_owner_does_not_confirm_is_no_key(dora: FakePeer, key: dict[str, Any], listed: str) -> None:
    key_id = standalone(dora, **key)
    dora.add_actor("dora", publicKey=key_id if listed == "key" else None)
    with pytest.raises(Unauthenticated):
        fetch_remote_key(key_id)
    assert not RemoteKey.objects.exists()


@pytest.mark.parametrize(
    "key_id",
    ["acct:dora@dora.example", "", "did:key:z6Mk#z6Mk", "https://social.example/users/anna#main-key"],
)
def test_key_ids_that_lead_nowhere(key_id: str) -> None:
    with pytest.raises(Unauthenticated):
        fetch_remote_key(key_id)


# Whose key it is


def test_nobody_overwrites_the_key_of_another(dora: FakePeer) -> None:
    uri = dora.add_actor("dora")
    fetch_remote_key(f"{uri}#main-key")
    mallory = f"{dora.base}/users/mallory"
    stolen = {"id": f"{uri}#main-key", "owner": mallory, "publicKeyPem": rsa_key("mallory")}
    dora.add_actor("mallory", publicKey=[stolen, {**stolen, "id": f"{mallory}#main-key"}])
    fetch_remote_key(f"{mallory}#main-key")
    assert find_remote_key(f"{uri}#main-key").public_key_pem == rsa_key()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "key",
    [
        {"id": "https://elsewhere.example/users/dora#main-key"},
        {"owner": "https://dora.example/users/emil"},
        {"controller": "https://dora.example/users/emil"},
        {"publicKeyPem": pem(rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key())},
        {"publicKeyPem": pem(ec.generate_private_key(ec.SECP256R1()).public_key())},
        {"publicKeyPem": None, "publicKeyMultibase": "z6Mkgarbage"},
        {"publicKeyPem": None, "publicKeyMultibase": "uAAAA"},
        {"publicKeyPem": None},
        {"id": None},
    ],
)
def test_keys_that_do_not_count(key: dict[str, Any]) -> None:
    uri = "https://dora.example/users/dora"
    good = {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": rsa_key()}
    assert listed_keys({"id": uri, "publicKey": good}) == {f"{uri}#main-key": rsa_key()}
    assert listed_keys({"id": uri, "publicKey": good | key}) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "owner", "controller", "publicKeyPem", "publicKeyMultibase", "x"]),
            inner | st.just("https://dora.example/users/dora#k"),
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(JSON, JSON)
def test_any_list_of_keys_can_be_read(public_key: Any, methods: Any) -> None:
    actor = {"id": "https://dora.example/users/dora", "publicKey": public_key, "assertionMethod": methods}
    assert set(listed_keys(actor)) <= set(listed_key_ids(actor))


# Change


def test_an_actor_whose_keys_all_changed_was_set_up_anew(dora: FakePeer) -> None:
    uri = dora.add_actor("dora")
    fetch_remote_key(f"{uri}#main-key")
    assert emitted == []
    dora.add_actor("dora", key="dora-new")
    fetch_remote_key(f"{uri}#main-key")
    assert emitted == [events.ActorKeysReplaced(uri)]


def test_a_change_that_the_actor_announced_is_none(dora: FakePeer) -> None:
    uri = dora.add_actor("dora")
    fetch_remote_key(f"{uri}#main-key")
    key = {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": rsa_key("dora-new")}
    store_actor_keys({"id": uri, "publicKey": key}, announced=True)
    store_actor_keys({"id": uri, "publicKey": [key, {**key, "id": f"{uri}#second"}]})
    assert emitted == []
    assert RemoteKey.objects.filter(public_key_pem=rsa_key("dora-new")).count() == 2


def test_an_actor_that_its_server_deleted_is_told_gone(dora: FakePeer) -> None:
    uri = dora.add("/users/dora", answer(status=410))
    with pytest.raises(Unauthenticated):
        fetch_remote_key(f"{uri}#main-key")
    assert emitted == [events.ActorGone(uri)]


# Failure


def test_a_failure_is_remembered(dora: FakePeer) -> None:
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            fetch_remote_key(f"{dora.base}/users/nobody#main-key")
    assert dora.targets() == ["/users/nobody"]


def test_a_source_that_made_us_wait_waits_itself(dora: FakePeer, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = dora.add_actor("dora")
    with monkeypatch.context() as patched:
        patched.setattr(remote_keys, "fetch_unchecked", _unreachable)
        for source, host in (("198.51.100.7", "one.example"), ("127.0.0.1", "two.example")):
            with pytest.raises(Unavailable):
                fetch_remote_key(f"https://{host}/users/x#main-key", source=source)
    with pytest.raises(Unavailable):
        fetch_remote_key(f"{uri}#main-key", source="198.51.100.7")
    # All that is on this machine comes from one address.
    assert fetch_remote_key(f"{uri}#main-key", source="127.0.0.1").actor_uri == uri


def _unreachable(url: str, *_rest: Any) -> Any:
    raise RemoteTimeout(cause=f"{url} hangs")


# In use


def test_an_ed25519_key_signs_activities(client: Client, dora: FakePeer) -> None:
    """As Mitra and Mastodon 4.7 do: the key is an assertion method, the scheme is RFC 9421."""
    uri = f"{dora.base}/users/dora"
    private_key = ed25519.Ed25519PrivateKey.generate()
    method = {"id": f"{uri}#ed25519", "type": "Multikey", "controller": uri}
    dora.add_actor(
        "dora", assertionMethod=[method | {"publicKeyMultibase": multikey(private_key.public_key())}]
    )
    body = orjson.dumps({"id": f"{uri}#likes/1", "type": "Like", "actor": uri, "object": f"{uri}/notes/1"})
    digest = render_content_digest(body)
    parameters = (
        f'("@method" "@target-uri" "content-digest");created={int(time.time())};keyid="{uri}#ed25519"'
    )
    base = (
        f'"@method": POST\n"@target-uri": https://social.example/inbox\n"content-digest": {digest}\n'
        f'"@signature-params": {parameters}'
    )
    signature = base64.b64encode(private_key.sign(base.encode())).decode()
    headers = {
        "Host": "social.example",
        "Content-Digest": digest,
        "Signature-Input": f"sig1={parameters}",
        "Signature": f"sig1=:{signature}:",
    }
    for sent, status in ((body, 202), (body + b" ", 401)):
        response = client.generic("POST", "/inbox", sent, "application/activity+json", headers=headers)
        assert response.status_code == status
    assert InboxItem.objects.get().actor_uri == uri
