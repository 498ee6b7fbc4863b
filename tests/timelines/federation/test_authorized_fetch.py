"""Documents only for servers that sign ("secure mode"): every door, and what caches may do with it."""

from typing import Any

import pytest
from django.test import Client

from accounts import relationships
from accounts.models import Account
from federation.models import DomainPolicy
from tests.federation.fake_peer import send
from tests.peer import Person
from timelines.drafts import StatusDraft
from timelines.models import Status
from timelines.statuses import delete_status, publish_status

pytestmark = pytest.mark.django_db

ACTIVITY = "application/activity+json"


@pytest.fixture(autouse=True)
def _secure_mode(settings: Any) -> None:
    settings.AUTHORIZED_FETCH = True


@pytest.fixture
def status(anna: Account) -> Status:
    return publish_status(anna, StatusDraft(text="Hello"))


def get(path: str, accept: str = ACTIVITY) -> Any:
    return Client().get(path, headers={"Accept": accept, "Host": "social.example"}, secure=True)


def signed_get(path: str, person: Person, **options: Any) -> Any:
    client = Client(headers={"Accept": ACTIVITY})
    return send(client, {}, signer=person.uri, method="GET", path=path, **options)


def paths(status: Status) -> list[str]:
    actor, note = (
        f"/users/{status.account.username}",
        f"/users/{status.account.username}/statuses/{status.pk}",
    )
    return [
        actor,
        f"/@{status.account.username}",
        f"/@{status.account.username}/{status.pk}",
        *(
            f"{actor}/{name}"
            for name in (
                "followers",
                "following",
                "outbox",
                "outbox?page=true",
                "collections/featured",
                "collections/tags",
            )
        ),
        note,
        *(f"{note}/{name}" for name in ("activity", "replies", "likes", "shares")),
        f"/contexts/{status.account_id}-{status.pk}",
        "/actor/outbox",
    ]


def test_every_document_wants_a_signature(status: Status, dora: Person) -> None:
    for path in paths(status):
        refused, shown = get(path), signed_get(path, dora)
        assert (refused.status_code, refused.json()) == (401, {"error": "Request not signed"}), path
        assert shown.status_code == 200, path
        for response in (refused, shown):
            assert response["Cache-Control"] == "private, no-store"
            assert "Signature" in response["Vary"]


@pytest.mark.parametrize(
    "path", ["/actor", "/.well-known/nodeinfo", "/.well-known/host-meta", "/nodeinfo/2.0"]
)
def test_what_everybody_needs_stays_open(path: str) -> None:
    response = get(path)
    assert response.status_code == 200
    assert "public" in response["Cache-Control"]


def test_people_still_read_the_pages(status: Status) -> None:
    assert get(status.url.removeprefix("https://social.example"), "text/html").status_code == 200


def test_a_blocked_server_gets_nothing(status: Status, dora: Person) -> None:
    path = f"/users/anna/statuses/{status.pk}"
    assert signed_get(path, dora).status_code == 200
    DomainPolicy.objects.create(
        domain=dora.account().domain.partition(":")[0], severity=DomainPolicy.Severity.SUSPEND
    )
    refused = signed_get(path, dora)
    assert (refused.status_code, refused.json()) == (401, {"error": "Request not signed"})


def test_a_wrong_signature_is_none(status: Status, dora: Person) -> None:
    assert signed_get("/users/anna", dora, key="mallory").status_code == 401


def test_somebody_blocked_finds_no_status(status: Status, anna: Account, dora: Person) -> None:
    relationships.block(anna, dora.account())
    assert signed_get(f"/users/anna/statuses/{status.pk}", dora).status_code == 404
    assert signed_get("/users/anna/outbox?page=true", dora).json()["orderedItems"] == []
    assert signed_get("/users/anna/collections/featured", dora).json()["orderedItems"] == []


def test_nothing_but_deletions_can_be_shown_around(anna: Account, dora: Person) -> None:
    """Whoever has a proof could show the post to those who may not fetch it."""
    relationships.follow(dora.account(), anna)
    status = publish_status(anna, StatusDraft(text="Hello"))
    dora.run_jobs()
    delete_status(status)
    dora.run_jobs()
    [create], [delete] = dora.inbox("Create"), dora.inbox("Delete")
    assert "signature" not in create
    assert delete["signature"]["type"] == "RsaSignature2017"
