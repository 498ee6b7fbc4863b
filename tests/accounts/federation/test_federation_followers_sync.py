"""Followers synchronisation (FEP-8fcf): what we tell with private posts, and what we mend when told."""

import pytest
from django.test import Client

from accounts import relationships
from accounts.models import Account, Follow
from federation.followers_sync import parse_header, render_header
from federation.signatures.digest import followers_digest
from tests.cast import make_account
from tests.federation import vectors
from tests.federation.fake_peer import send
from tests.peer import Person
from timelines.drafts import StatusDraft
from timelines.statuses import publish_status

pytestmark = pytest.mark.django_db


def test_the_header_is_that_of_the_vectors() -> None:
    for vector in vectors.read("fep-8fcf-digest")["vectors"]:
        if "header_example" in vector:
            found = parse_header(vector["header_example"])
            assert found is not None and found.digest == vector["digest"]
            assert (
                render_header("https://social.example.org/users/1", found.digest) == vector["header_example"]
            )


@pytest.mark.parametrize(
    "header", ["", "x", 'url="', 'collectionId="a", url="b"', 'digest=""', "\u00e4" * 9000]
)
def test_what_is_no_header_says_nothing(header: str) -> None:
    assert parse_header(header) is None


# What we tell


def test_private_posts_carry_the_digest_of_the_followers_there(
    anna: Account, dora: Person, emil: Person
) -> None:
    for person in (dora, emil):
        person.does("Follow", anna.uri)
    publish_status(anna, StatusDraft(text="For all"))
    publish_status(anna, StatusDraft(text="For followers", visibility="private"))
    dora.run_jobs()
    posts = [request for request in dora.peer.server.received if b'"Create"' in request.body]
    headers = [request.headers.get("collection-synchronization") for request in posts]
    assert headers == [None, render_header(anna.uri, followers_digest([dora.uri]))]


def test_who_signs_may_read_the_followers_of_its_own_server(
    anna: Account, dora: Person, emil: Person, client: Client
) -> None:
    for person in (dora, emil):
        person.does("Follow", anna.uri)
    path = "/users/anna/followers_synchronization"
    answer = send(client, b"", signer=dora.uri, path=path, method="GET")
    assert answer.json()["orderedItems"] == [dora.uri]
    assert answer["Cache-Control"] == "private, no-store"
    assert client.get(path, headers={"Host": "social.example"}).status_code == 401


# What we are told


@pytest.fixture
def ours(anna: Account, dora: Person) -> dict[str, Account]:
    """Anna follows Dora, Bertha asked to, Cem never did, and Hans follows as far as we know."""
    found = {name: make_account(name) for name in ("bertha", "cem", "hans")} | {"anna": anna}
    for name in ("anna", "hans", "bertha"):
        row = relationships.follow(found[name], dora.account())
        if name != "bertha":
            relationships.accept_follow(row)
    dora.run_jobs()
    return found


def announce(dora: Person, listed: list[str], digest: str | None = None, **changes: str) -> None:
    """Serve the list and send a post whose header is about it."""
    url = f"{dora.uri}/followers_synchronization"
    pages = [listed[:2], listed[2:]]
    dora.serve({"id": url, "type": "OrderedCollection", "first": f"{url}/1"})
    dora.serve(
        {"id": f"{url}/1", "type": "OrderedCollectionPage", "orderedItems": pages[0], "next": f"{url}/2"}
    )
    dora.serve({"id": f"{url}/2", "type": "OrderedCollectionPage", "orderedItems": pages[1]})
    values = {
        "collectionId": dora.followers,
        "url": url,
        "digest": digest or followers_digest(listed),
        **changes,
    }
    header = ", ".join(f'{name}="{value}"' for name, value in values.items())
    activity = dora.activity("Create", dora.note(to=[dora.followers], cc=[]))
    send(Client(), activity, signer=dora.uri, changed={"Collection-Synchronization": header})
    dora.run_jobs()


def followers(dora: Person) -> set[str]:
    rows = Follow.objects.accepted().filter(target__uri=dora.uri)
    return set(rows.values_list("account__username", flat=True))


def test_both_sides_are_mended(ours: dict[str, Account], dora: Person) -> None:
    announce(dora, [ours[name].uri for name in ("anna", "bertha", "cem")])
    assert followers(dora) == {"anna", "bertha"}
    assert {undo["actor"] for undo in dora.inbox("Undo")} == {ours["cem"].uri, ours["hans"].uri}


def test_nobody_loses_a_follow_by_a_list_that_does_not_fit(ours: dict[str, Account], dora: Person) -> None:
    announce(dora, [ours["anna"].uri], digest="0" * 64)
    assert followers(dora) == {"anna", "hans"}


@pytest.mark.parametrize(
    "changes",
    [
        {"collectionId": "https://x.example/followers"},
        {"url": "https://x.example/followers_synchronization"},
        {"url": "/users"},
    ],
)
def test_only_the_signer_speaks_of_its_followers(
    ours: dict[str, Account], dora: Person, changes: dict[str, str]
) -> None:
    announce(dora, [], **changes)
    assert followers(dora) == {"anna", "hans"}


def test_nothing_is_read_when_both_agree(ours: dict[str, Account], dora: Person) -> None:
    announce(dora, [ours[name].uri for name in ("anna", "hans")])
    assert followers(dora) == {"anna", "hans"}
    assert not [target for target in dora.peer.targets() if "followers_synchronization" in target]


def test_a_follow_that_we_do_not_have_is_taken_back_with_an_id(
    ours: dict[str, Account], dora: Person
) -> None:
    announce(dora, [ours[name].uri for name in ("anna", "hans", "cem")])
    [undo] = dora.inbox("Undo")
    assert undo["object"] | {"id": ""} == {
        "id": "",
        "type": "Follow",
        "actor": ours["cem"].uri,
        "object": dora.uri,
    }
    assert undo["id"].startswith(f"{ours['cem'].uri}#follows/")
