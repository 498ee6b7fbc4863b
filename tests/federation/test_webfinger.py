"""Handles: asking others whom they stand for, and answering for ours."""

from typing import Any

import orjson
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from core.errors import Gone, NotFound
from federation import webfinger
from federation.webfinger import (
    HandleGone,
    HandleUnconfirmed,
    HandleUnknown,
    LocalSubject,
    WebfingerAnswer,
    answer_webfinger,
    confirm_handle,
    lookup,
)
from tests.federation.fake_peer import FakePeer
from tests.loopback import answer

JRD = "application/jrd+json"
FEP_3B86 = "https://w3id.org/fep/3b86/"


def resource_of(name: str, peer: FakePeer) -> str:
    return f"/.well-known/webfinger?resource=acct:{name}@{peer.host}"


# Asking


def test_a_handle_leads_to_its_actor(dora: FakePeer) -> None:
    uri = f"{dora.base}/users/dora"
    assert lookup("dora", dora.host.upper()) == WebfingerAnswer("dora", dora.host, uri)
    [request] = dora.server.received
    assert request.headers["accept"] == "application/jrd+json, application/json"
    assert "signature" not in request.headers


def test_the_answer_may_write_the_name_in_its_own_case(dora: FakePeer) -> None:
    dora.add_handle("dora", f"{dora.base}/users/dora", subject=f"Dora@{dora.host}")
    assert lookup("dora", dora.host).username == "Dora"


def test_another_subject_is_asked_at_its_own_server(dora: FakePeer, emil: FakePeer) -> None:
    uri = f"{emil.base}/users/emil"
    dora.add_handle("alias", f"{dora.base}/users/wrong", subject=f"emil@{emil.host}")
    assert lookup("alias", dora.host) == WebfingerAnswer("emil", emil.host, uri)


def test_a_chain_of_subjects_is_refused(dora: FakePeer, emil: FakePeer) -> None:
    dora.add_handle("alias", f"{dora.base}/users/dora", subject=f"other@{emil.host}")
    emil.add_handle("other", f"{emil.base}/users/emil", subject=f"emil@{emil.host}")
    with pytest.raises(HandleUnconfirmed):
        lookup("alias", dora.host)


def test_host_meta_is_the_second_try(dora: FakePeer) -> None:
    dora.replies.pop(resource_of("dora", dora))
    template = f"{dora.base}/finger?r={{uri}}"
    dora.add(
        "/.well-known/host-meta",
        answer(
            '<?xml version="1.0"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
            f'<Link rel="lrdd" template="{template}"/></XRD>',
            content_type="application/xrd+xml",
        ),
    )
    link = {"rel": "self", "type": "application/activity+json", "href": f"{dora.base}/users/dora"}
    dora.add("/finger", {"subject": f"acct:dora@{dora.host}", "links": [link]})
    assert lookup("dora", dora.host).actor_uri == f"{dora.base}/users/dora"


@pytest.mark.parametrize(
    "page",
    [
        "",
        "<XRD",
        '<!DOCTYPE x [<!ENTITY a "b">]><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"/>',
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Link rel="lrdd" template="x"/></XRD>',
    ],
)
def test_host_meta_that_leads_nowhere(dora: FakePeer, page: str) -> None:
    dora.replies.pop(resource_of("dora", dora))
    dora.add("/.well-known/host-meta", answer(page, content_type="application/xrd+xml"))
    with pytest.raises(HandleUnknown):
        lookup("dora", dora.host)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(status=404), HandleUnknown),
        (answer(status=410), HandleGone),
        (answer(b"<html>"), HandleUnconfirmed),
        (answer({"subject": "acct:dora@x.example"}), HandleUnconfirmed),
        (answer({"links": []}), HandleUnconfirmed),
        (
            answer({"subject": "acct:dora", "links": [{"rel": "self", "type": JRD, "href": "x"}]}),
            HandleUnconfirmed,
        ),
    ],
)
def test_answers_that_name_nobody(dora: FakePeer, reply: bytes, error: type[Exception]) -> None:
    dora.replies[resource_of("dora", dora)] = reply
    with pytest.raises(error):
        lookup("dora", dora.host)


@pytest.mark.parametrize("username", ["", "a b", "a@b", ".dora", "dora.", "ä", "a" * 3000, "a/b"])
def test_names_that_are_none_are_not_even_asked_for(dora: FakePeer, username: str) -> None:
    with pytest.raises(HandleUnknown):
        lookup(username, dora.host)
    assert dora.targets() == []


def test_hosts_are_asked_by_https_only(settings: Any, monkeypatch: Any) -> None:
    asked: list[str] = []
    monkeypatch.setattr(webfinger.http, "fetch", lambda url, **_: asked.append(url) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lookup("dora", "dora.example")
    assert asked == [
        "https://dora.example/.well-known/webfinger?resource=acct%3Adora%40dora.example",
    ]


# Confirming


def test_an_actor_confirms_its_handle(dora: FakePeer) -> None:
    uri = f"{dora.base}/users/dora"
    assert confirm_handle({"id": uri, "preferredUsername": "dora"}) == WebfingerAnswer("dora", dora.host, uri)


def test_the_webfinger_property_goes_first(dora: FakePeer, emil: FakePeer) -> None:
    uri = f"{dora.base}/users/dora"
    emil.add_handle("d", uri)
    document = {"id": uri, "preferredUsername": "dora", "webfinger": f"d@{emil.host}"}
    assert confirm_handle(document) == WebfingerAnswer("d", emil.host, uri)


def test_a_handle_of_somebody_else_is_refused(dora: FakePeer, emil: FakePeer) -> None:
    with pytest.raises(HandleUnconfirmed):
        confirm_handle({"id": f"{emil.base}/users/mallory", "webfinger": f"dora@{dora.host}"})


def test_the_self_link_must_be_the_id_byte_for_byte(dora: FakePeer) -> None:
    with pytest.raises(HandleUnconfirmed):
        confirm_handle({"id": f"{dora.base}/users/Dora", "preferredUsername": "dora"})


# Answering


def find(username: str) -> LocalSubject:
    if username == "gone":
        raise Gone
    if username.lower() != "anna":
        raise NotFound
    return LocalSubject(
        username="Anna",
        actor_uri="https://social.example/users/Anna",
        profile_url="https://social.example/@Anna",
        avatar_url="https://social.example/a.png",
        avatar_type="image/png",
    )


def ask(query: str) -> HttpResponse:
    request = RequestFactory().get("/.well-known/webfinger", QUERY_STRING=query)
    return answer_webfinger(request, find)


@pytest.mark.parametrize(
    "resource",
    [
        "acct:anna@social.example",
        "acct:ANNA@Social.Example",
        "anna@social.example",
        "acct%3Aanna%40social.example",
        "https://social.example/@anna",
        "https://social.example/users/anna",
    ],
)
def test_ours_are_found_by_every_name(resource: str) -> None:
    response = ask(f"x=1&resource={resource}")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/jrd+json; charset=utf-8"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "max-age=259200, public"
    document = orjson.loads(response.content)
    assert document["subject"] == "acct:Anna@social.example"
    assert document["aliases"] == ["https://social.example/@Anna", "https://social.example/users/Anna"]
    links = {link["rel"]: link for link in document["links"]}
    assert links["self"] == {
        "rel": "self",
        "type": "application/activity+json",
        "href": "https://social.example/users/Anna",
    }
    assert links["http://webfinger.net/rel/avatar"]["type"] == "image/png"
    template = links["http://ostatus.org/schema/1.0/subscribe"]["template"]
    assert template == "https://social.example/authorize_interaction?uri={uri}"
    intents = {rel.removeprefix(FEP_3B86): link["template"] for rel, link in links.items() if FEP_3B86 in rel}
    assert intents == {
        "Create": "https://social.example/share?text={content}",
        "Object": "https://social.example/authorize_interaction?uri={object}",
    }


@pytest.mark.parametrize(
    "resource",
    [
        "acct:social.example@social.example",
        "acct:Social.Example@social.example",
        "https://social.example/actor",
        "https://social.example/",
    ],
)
def test_the_instance_actor_is_found(resource: str) -> None:
    document = orjson.loads(ask(f"resource={resource}").content)
    assert document["subject"] == "acct:social.example@social.example"
    assert document["aliases"] == ["https://social.example/actor"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("resource=", 400),
        ("resource=anna", 400),
        ("resource=acct:nobody@social.example", 404),
        ("resource=acct:anna@other.example", 404),
        ("resource=acct:an+na@social.example", 404),
        ("resource=https://other.example/users/anna", 404),
        ("resource=https://social.example/about", 404),
        ("resource=https://social.example/users/a/b", 404),
        ("resource=acct:gone@social.example", 410),
    ],
)
def test_others_are_not(query: str, status: int) -> None:
    response = ask(query)
    assert response.status_code == status
    assert response["Cache-Control"] == "max-age=180, public"
    assert orjson.loads(response.content)["error"]
