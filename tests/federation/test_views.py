"""The doors of the protocol that belong to no account, and who may sign a GET."""

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory

from federation.models import SigningKey
from federation.nodeinfo import Usage
from federation.responses import activity_response, wants_activity
from federation.verify import find_verified, verify_request
from federation.views import nodeinfo_response
from tests.federation.fake_peer import FakePeer, send

HOST = {"Host": "social.example"}


@pytest.mark.django_db
def test_the_instance_actor_is_one_and_readable(client: Client) -> None:
    response = client.get("/actor", headers=HOST)
    assert response["Content-Type"] == "application/activity+json; charset=utf-8"
    assert response["Cache-Control"] == "max-age=600, public"
    document = response.json()
    assert document["id"] == "https://social.example/actor"
    assert document["type"] == "Application"
    assert document["preferredUsername"] == "social.example"
    assert document["manuallyApprovesFollowers"] is True
    assert document["endpoints"] == {"sharedInbox": "https://social.example/inbox"}
    assert document["publicKey"]["id"] == "https://social.example/actor#main-key"
    assert document["publicKey"]["publicKeyPem"].startswith("-----BEGIN PUBLIC KEY-----")
    assert client.get("/actor", headers=HOST).json() == document
    assert SigningKey.objects.count() == 1


def test_its_outbox_is_empty(client: Client) -> None:
    document = client.get("/actor/outbox", headers=HOST).json()
    assert (document["type"], document["totalItems"]) == ("OrderedCollection", 0)


def test_host_meta_names_webfinger(client: Client) -> None:
    response = client.get("/.well-known/host-meta", headers=HOST)
    assert response["Content-Type"] == "application/xrd+xml; charset=utf-8"
    [link] = ElementTree.fromstring(response.content)
    template = "https://social.example/.well-known/webfinger?resource={uri}"
    assert link.attrib == {"rel": "lrdd", "template": template}
    as_json = client.get("/.well-known/host-meta.json", headers=HOST).json()
    assert as_json == {"links": [{"rel": "lrdd", "template": template}]}


def test_nodeinfo_is_linked_and_says_what_is_here(client: Client) -> None:
    links = {
        link["rel"]: link["href"]
        for link in client.get("/.well-known/nodeinfo", headers=HOST).json()["links"]
    }
    assert links["http://nodeinfo.diaspora.software/ns/schema/2.0"] == "https://social.example/nodeinfo/2.0"
    assert links["http://nodeinfo.diaspora.software/ns/schema/2.1"] == "https://social.example/nodeinfo/2.1"
    assert links["https://www.w3.org/ns/activitystreams#Application"] == "https://social.example/actor"
    usage = Usage(users_total=3, active_month=2, active_half_year=3, local_posts=7)
    response = nodeinfo_response("2.0", usage)
    assert 'profile="http://nodeinfo.diaspora.software/ns/schema/2.0#"' in response["Content-Type"]
    document = orjson.loads(response.content)
    assert document["software"]["name"] == "genosocial"
    assert document["usage"] == {
        "users": {"total": 3, "activeMonth": 2, "activeHalfyear": 3},
        "localPosts": 7,
    }
    assert document["openRegistrations"] is False
    assert "homepage" in orjson.loads(nodeinfo_response("2.1", usage).content)["software"]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/activity+json", True),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', True),
        ("application/activity+json, text/html;q=0.5", True),
        ("application/json", True),
        ("text/html, application/activity+json;q=0.9", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("application/activity+json;q=0", False),
        ("*/*", False),
        ("", False),
        (",;q=,", False),
    ],
)
def test_who_wants_the_document(accept: str, wanted: bool) -> None:
    assert wants_activity(RequestFactory().get("/users/anna", headers={"Accept": accept})) is wanted


def test_answers_say_what_caches_may_do() -> None:
    public = activity_response({"id": "x"}, max_age=60)
    private = activity_response({"id": "x"}, private=True)
    assert public["Cache-Control"] == "max-age=60, public"
    assert private["Cache-Control"] == "private, no-store"
    assert "Signature" in public["Vary"] and "Accept" in public["Vary"]


# Signed GETs


class Keeper:
    """Stands where a view would and keeps the request."""

    def __init__(self) -> None:
        self.request: HttpRequest | None = None

    def generic(self, method: str, path: str, body: bytes, content_type: str, headers: Any) -> Any:
        self.request = RequestFactory().generic(method, path, body, content_type, headers=headers)
        return None


def signed_get(peer: FakePeer, path: str, **options: Any) -> HttpRequest:
    keeper: Any = Keeper()
    send(keeper, b"", signer=f"{peer.base}/users/dora", method="GET", path=path, **options)
    request: HttpRequest = keeper.request
    return request


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/users/anna", "/users/anna/outbox?page=true", "/tags/%E3%81%82", "/tags/%e3%81%82?x=%2f"]
)
def test_a_signed_get_is_proven(dora: FakePeer, path: str) -> None:
    verified = verify_request(signed_get(dora, path), now=datetime.now(UTC))
    assert (verified.actor_uri, verified.host) == (f"{dora.base}/users/dora", dora.host)


@pytest.mark.django_db
def test_the_raw_target_is_used_where_the_server_gives_it(dora: FakePeer) -> None:
    request = signed_get(dora, "/a%2Fb")
    request.META["RAW_URI"] = "/a%2Fb"
    assert find_verified(request, now=datetime.now(UTC)) is not None
    request.META["RAW_URI"] = "/a/b"
    assert find_verified(request, now=datetime.now(UTC)) is None


@pytest.mark.django_db
def test_an_unsigned_or_wrongly_signed_get_is_anybodys(dora: FakePeer) -> None:
    unsigned = RequestFactory().get("/users/anna", headers=HOST)
    assert find_verified(unsigned, now=datetime.now(UTC)) is None
    wrong = signed_get(dora, "/users/anna", key="mallory")
    assert find_verified(wrong, now=datetime.now(UTC)) is None
