"""What one cause may make us fetch."""

from typing import Any

import pytest
from celery.signals import before_task_publish
from django.utils import timezone

from core.ratelimit import Limit
from federation import budgets
from federation.budgets import BudgetSpent, began_by, registrable_domain, spend_fetch
from federation.fetch import fetch_document
from federation.models import Peer, RemoteKey
from tests.federation.fake_peer import FakePeer

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "kind"), [("ACTORS", "Person"), ("POSTS", "Note"), ("DOCUMENTS", "Collection")]
)
def test_one_cause_leads_to_so_many_documents(dora: FakePeer, monkeypatch: Any, name: str, kind: str) -> None:
    monkeypatch.setattr(budgets, name, Limit(name, 2, 300))
    uris = [dora.add(f"/things/{n}", {"id": f"{dora.base}/things/{n}", "type": kind}) for n in range(3)]
    with began_by("inbox:1"):
        fetch_document(uris[0])
        fetch_document(uris[1])
        with pytest.raises(BudgetSpent) as caught:
            fetch_document(uris[2])
    assert not caught.value.permanent
    with began_by("inbox:2"):
        fetch_document(uris[2])
    fetch_document(uris[2])


def test_jobs_belong_to_what_they_came_of() -> None:
    headers: dict[str, Any] = {"root_id": "the job itself"}
    before_task_publish.send(sender="any", headers=headers)
    assert headers["root_id"] == "the job itself"
    with began_by("inbox:7"):
        before_task_publish.send(sender="any", headers=headers)
    assert headers["root_id"] == "inbox:7"


def test_a_domain_that_invents_names_is_left_alone() -> None:
    for number in range(budgets.MAX_NEW_SUBDOMAINS):
        spend_fetch(f"a{number}.wild.example")
    with pytest.raises(BudgetSpent):
        spend_fetch("one-more.wild.example")
    # Those that were met, the domain itself, other domains, and whom we know already.
    spend_fetch("a0.wild.example")
    spend_fetch("wild.example")
    spend_fetch("a.other.example")
    Peer.objects.create(domain="known.wild.example")
    spend_fetch("known.wild.example")
    uri = "https://friend.wild.example/users/x"
    key = {"key_id": f"{uri}#main-key", "actor_uri": uri, "public_key_pem": "", "fetched_at": timezone.now()}
    RemoteKey.objects.create(**key)
    spend_fetch("friend.wild.example")


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("social.example", "social.example"),
        ("a.b.social.example:8443", "social.example"),
        ("a.social.co.uk", "social.co.uk"),
        ("social.co.uk", "social.co.uk"),
        ("a.geno.de", "geno.de"),
        ("localhost:8000", "localhost"),
        ("93.184.216.34", "93.184.216.34"),
        ("[2606:4700::1111]:8443", "[2606:4700::1111]:8443"),
    ],
)
def test_what_somebody_registered(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain
