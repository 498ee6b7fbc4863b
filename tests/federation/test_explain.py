"""What fetching an address brings, told step by step; and what software other servers say they run."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command

from core.errors import RemoteUnreachable
from federation.models import DomainPolicy, RemoteKey
from federation.software import Software, SoftwareUnknown, fetch_software
from tests.federation.fake_peer import FakePeer
from tests.loopback import answer

pytestmark = pytest.mark.django_db
SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"


def steps(capsys: Any, url: str, *, accepted: bool) -> list[tuple[str, str]]:
    """Return what the command tells, as pairs of verdict and text."""
    if accepted:
        call_command("federation", "fetch", url, "--json")
    else:
        with pytest.raises(CommandError):
            call_command("federation", "fetch", url, "--json")
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [(step["verdict"], step["text"]) for step in told]


def note(peer: FakePeer, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{peer.base}/notes/1",
        "type": "Note",
        "attributedTo": f"{peer.base}/users/dora",
        "to": "as:Public",
        **changes,
    }


def test_a_post_is_followed_from_its_page_to_its_author_and_handle(dora: FakePeer, capsys: Any) -> None:
    links = [{"rel": f"{SCHEMA}2.0", "href": f"{dora.base}/nodeinfo/2.0"}]
    dora.add("/.well-known/nodeinfo", {"links": links})
    dora.add("/nodeinfo/2.0", {"software": {"name": "Mastodon", "version": "4.5.0"}})
    dora.add("/notes/1", note(dora))
    page = '<link rel="alternate" type="application/activity+json" href="/notes/1">'
    url = dora.add("/@dora/1", answer(page, content_type="text/html"))
    author = f"{dora.base}/users/dora"
    resource = quote(f"acct:dora@{dora.host}", safe="")
    webfinger = f"{dora.base}/.well-known/webfinger?resource={resource}"
    assert steps(capsys, url, accepted=True) == [
        ("noted", f"{dora.host} runs mastodon 4.5.0"),
        ("fetched", f"{url} 200 text/html"),
        ("fetched", f"{dora.base}/notes/1 200 application/activity+json"),
        ("verified", f"{dora.base}/notes/1 names itself on its own host: Note"),
        ("verified", f"its author {author} is on the same host"),
        ("noted", "it is for everybody"),
        ("fetched", f"{author} 200 application/activity+json"),
        ("noted", f"key {author}#main-key can be used"),
        ("fetched", f"{webfinger} 200 application/activity+json"),
        ("verified", f"@dora@{dora.host} leads to exactly this actor"),
        ("accepted", url),
    ]
    # Looking is not taking in.
    assert not RemoteKey.objects.exists()


def test_an_activity_leads_to_what_it_is_about(dora: FakePeer, capsys: Any) -> None:
    dora.add("/notes/1", note(dora, to=[f"{dora.base}/users/dora/followers"]))
    url = dora.add(
        "/activities/1", {"id": f"{dora.base}/activities/1", "type": "Create", "object": note(dora)}
    )
    told = steps(capsys, url, accepted=True)
    assert ("noted", f"it stands around {dora.base}/notes/1, which counts at its own address") in told
    assert ("noted", "it is not for everybody") in told


def test_what_is_refused_says_why(dora: FakePeer, emil: FakePeer, capsys: Any) -> None:
    author = f"{dora.base}/users/dora"
    forged = emil.add("/notes/1", note(emil, attributedTo=author))
    upload = dora.add("/upload", answer(note(dora, id=f"{dora.base}/upload"), content_type="image/png"))
    moved = dora.add("/moved", answer(status=301, Location="http://127.0.0.1/"))
    strange = dora.add("/arrive", {"id": f"{dora.base}/arrive", "type": "Arrive"})
    impostor = emil.add_actor("impostor", webfinger=f"dora@{dora.host}")
    for url, reason in (
        ("ftp://x.example/", "no clean http(s) address"),
        ("https://social.example/users/anna", "is ours"),
        (f"{dora.base}/nowhere", "answered 404"),
        (forged, f"its author {author} is on another host"),
        (upload, "'image/png'"),
        (moved, "which is not a public address"),
        (strange, "Arrive is nothing that we take in"),
        (impostor, f"dora@{dora.host} is {author}, not {impostor}"),
    ):
        verdict, text = steps(capsys, url, accepted=False)[-1]
        assert verdict == "refused" and reason in text, text
    DomainPolicy.objects.create(domain="dora.localhost", severity=DomainPolicy.Severity.SUSPEND)
    assert "blocked by staff" in steps(capsys, author, accepted=False)[-1][1]


def test_people_read_lines(dora: FakePeer, capsys: Any) -> None:
    call_command("federation", "fetch", f"{dora.base}/users/dora")
    assert f"verified  @dora@{dora.host} leads to exactly this actor" in capsys.readouterr().out


# NodeInfo of others


@pytest.mark.parametrize(
    ("document", "software"),
    [
        ({"software": {"name": "Mastodon", "version": "4.5.0"}}, Software("mastodon", "4.5.0")),
        ({"software": {"name": "gotosocial", "version": None}}, Software("gotosocial", "")),
        (
            {"software": {"name": "x", "version": "v" * 500}, "usage": {"users": {"total": "7"}}},
            Software("x", "v" * 100),
        ),
        ({"software": {"name": "<b>", "version": "1"}}, None),
        ({"software": "mastodon"}, None),
        ({}, None),
    ],
)
def test_software_is_read_or_unknown(dora: FakePeer, document: dict[str, Any], software: Any) -> None:
    links = [
        {"rel": f"{SCHEMA}1.0", "href": f"{dora.base}/old"},
        {"rel": f"{SCHEMA}2.1", "href": f"{dora.base}/nodeinfo/2.1"},
        {"rel": f"{SCHEMA}99.0", "href": f"{dora.base}/new"},
        None,
        {"rel": 7},
    ]
    dora.add("/.well-known/nodeinfo", {"links": links})
    dora.add("/nodeinfo/2.1", document)
    if software is None:
        with pytest.raises(SoftwareUnknown):
            fetch_software(dora.base)
    else:
        assert fetch_software(dora.base) == software


def test_what_another_server_says_is_not_about_this_one(dora: FakePeer, emil: FakePeer) -> None:
    """CVE-2026-62857: the link must not lead elsewhere, least of all inside."""
    emil.add("/nodeinfo/2.0", {"software": {"name": "emil", "version": "1"}})
    for href in (f"{emil.base}/nodeinfo/2.0", "http://127.0.0.1/", "file:///etc/passwd", 7):
        dora.add("/.well-known/nodeinfo", {"links": [{"rel": f"{SCHEMA}2.0", "href": href}]})
        with pytest.raises(RemoteUnreachable):
            fetch_software(dora.base)
    assert emil.targets() == []
