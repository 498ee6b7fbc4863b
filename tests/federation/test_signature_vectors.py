"""Every signature vector gets the verdict that it expects."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache

from core.errors import AppError, Forbidden
from core.hosts import host_of
from federation import authorship, remote_keys
from federation.fetch import DocumentGone
from federation.keys import store_actor_keys
from federation.models import RemoteKey
from federation.signatures import SignatureInvalid, SignedRequest, integrity, rfc9421
from federation.signatures.digest import followers_digest
from federation.signatures.multikey import load_multikey
from federation.signatures.pem import load_public_key
from federation.verify import verify_request
from tests.federation import vectors

NOW = datetime(2026, 11, 1, tzinfo=UTC)
# Mastodon takes the legacy `acct:` form of a key id, we do not (contract §2.4, R); its own suite tests that.
OUR_POLICY = {"cavage-with-an-acct-key-id": "reject"}


def _gone(url: str, *_rest: Any) -> Any:
    raise DocumentGone(cause=f"{url} is not there")


def _learn_key(key_id: str, pem: str) -> None:
    """Let the actor publish the key; an actor whose key id is its own address has it under that id."""
    if host_of(key_id) is not None:
        actor_uri = key_id.partition("#")[0]
        document = {"id": actor_uri, "publicKey": {"id": key_id, "owner": actor_uri, "publicKeyPem": pem}}
        store_actor_keys(document)


def _verdict(vector: dict[str, Any], pem: str | None, settings: Any) -> tuple[str, int]:
    settings.WEB_DOMAIN = settings.LOCAL_DOMAIN = vector["local_host"]
    RemoteKey.objects.all().delete()
    cache.clear()
    if pem is not None:
        _learn_key(vector["key_id"], pem)
    request = vectors.django_request(vector["request"])
    try:
        verify_request(request, now=vectors.moment(vector["now"]))
    except AppError as error:
        return "reject", error.status
    return "accept", 0


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["cavage", "interop-mastodon", "rfc9421"])
def test_requests(name: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_keys, "fetch_unchecked", _gone)
    settings.WEB_SCHEME = "https"
    file = vectors.read(name)
    keys = file.get("keys") or vectors.read("keys")
    wrong = []
    for vector in file["vectors"]:
        expected = vector["expect"]
        key = keys.get(vector["key"]) or {}
        verdict, status = _verdict(vector, key.get("public_pem"), settings)
        if verdict != OUR_POLICY.get(vector["id"], expected["verdict"]):
            wrong.append(f"{vector['id']}: {verdict}, expected {expected}")
        elif verdict == "reject" and status != expected.get("http_status", status):
            wrong.append(f"{vector['id']}: {status}, expected {expected}")
    assert wrong == []


@pytest.mark.django_db
def test_linked_data_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_keys, "fetch_unchecked", _gone)
    file = vectors.read("ld-signature")
    keys = vectors.read("keys") | file["keys"]
    wrong = []
    for vector in file["vectors"]:
        signature = vector["document"]["signature"]
        if isinstance(signature, dict):
            _learn_key(signature["creator"], keys[vector["key"]]["public_pem"])
        proven = _proven(vector)
        if ("accept" if proven else "reject") not in vector["expect"]["verdict"]:
            wrong.append(f"{vector['id']}: {proven}, expected {vector['expect']}")
        if proven is not None:
            wrong += [f"{vector['id']}: {fault}" for fault in _faults(proven, vector["expect"])]
    assert wrong == []


def _proven(vector: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return authorship.get_proven(vector["document"], vectors.moment(vector["now"]))
    except Forbidden:
        return None


def _faults(proven: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Return what a proven document says and must not, or does not say and must."""
    said = dict(expected.get("effective", {}))
    absent, never = said.pop("absent", []), said.pop("never", {})
    return [
        *(f"{path} is there" for path in absent if _at(proven, path) is not None),
        *(f"{path} is the forged one" for path, value in never.items() if _at(proven, path) == value),
        *(f"{path} is {_at(proven, path)}" for path, value in said.items() if _at(proven, path) != value),
    ]


def _at(document: dict[str, Any], path: str) -> Any:
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


@pytest.mark.django_db
def test_integrity_proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_keys, "fetch_unchecked", _gone)
    wrong = []
    for vector in vectors.read("fep-8b32")["vectors"]:
        is_activity = "actor" in vector["document"]
        verdict = "accept" if (_author_proven if is_activity else _proof_fits)(vector) else "reject"
        if verdict != vector["expect"]["verdict"]:
            wrong.append(f"{vector['id']}: {verdict}, expected {vector['expect']}")
    assert wrong == []


def _author_proven(vector: dict[str, Any]) -> bool:
    RemoteKey.objects.all().delete()
    cache.clear()
    key_id = vector["verification_method"] or ""
    owner = key_id.partition("#")[0]
    key = {"id": key_id, "type": "Multikey", "controller": owner}
    method = key | {"publicKeyMultibase": vector["public_key_multibase"]}
    store_actor_keys({"id": owner, "assertionMethod": [method]})
    return _proven(vector) is not None


def _proof_fits(vector: dict[str, Any]) -> bool:
    """A credential has no actor that could list the key: the proof alone is compared."""
    try:
        proof = integrity.read_proof(vector["document"], vectors.moment(vector["now"]))
        integrity.verify_proof(proof, load_multikey(vector["public_key_multibase"]))
    except SignatureInvalid:
        return False
    return True


def test_published_messages_are_outside_our_profile() -> None:
    """They show the primitives: what covers enough of a request, and how, is the profile's to say."""
    file = vectors.read("rfc9421-published")
    for vector in file["vectors"]:
        request = _published(vector)
        signature = rfc9421.parse_signature(request.headers)
        with pytest.raises(SignatureInvalid):
            rfc9421.check_claims(signature, request, NOW)
        public_pem = file["keys"][vector["key"]].get("public_pem", "")
        if vector["algorithm"] == "ED25519":
            rfc9421.verify_signature(signature, request, load_public_key(public_pem))
        elif vector["algorithm"] == "RSA_PSS_SHA512":
            with pytest.raises(SignatureInvalid):
                rfc9421.verify_signature(signature, request, load_public_key(public_pem))


def _published(vector: dict[str, Any]) -> SignedRequest:
    headers = {name.lower(): value for name, value in vector["request"]["headers"]}
    headers |= {"signature-input": vector["signature_input"], "signature": vector["signature"]}
    request = vector["request"]
    return SignedRequest(request["method"], (request["target"],), headers, request["body"].encode())


def test_digests_of_followers() -> None:
    for vector in vectors.read("fep-8fcf-digest")["vectors"]:
        assert followers_digest(vector["followers"]) == vector["digest"]
