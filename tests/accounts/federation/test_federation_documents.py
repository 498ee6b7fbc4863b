"""What other servers read of our people: WebFinger, actors, followers; and what people see instead."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import relationships
from accounts.models import Account, User
from core.ratelimit import Limit
from federation import doors
from tests.cast import make_account, make_remote_account, user_of
from tests.peer import PUBLIC

pytestmark = pytest.mark.django_db

ACTIVITY = "application/activity+json"


def get(path: str, accept: str = ACTIVITY) -> Any:
    return Client(SERVER_NAME="social.example").get(path, headers={"Accept": accept}, secure=True)


# WebFinger


@pytest.mark.parametrize(
    "resource",
    [
        "acct:anna@social.example",
        "acct:ANNA@social.example",
        "anna@social.example",
        "acct:anna@former.example",
        "https://social.example/@anna",
        "https://social.example/users/anna",
    ],
)
def test_webfinger_knows_every_form_of_a_handle(anna: Account, settings: Any, resource: str) -> None:
    settings.ALTERNATE_DOMAINS = ("former.example",)
    Account.objects.update(also_known_as=["https://old.example/users/anna"])
    response = get(f"/.well-known/webfinger?resource={resource}")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("application/jrd+json")
    assert response["Access-Control-Allow-Origin"] == "*"
    document = response.json()
    assert document["subject"] == "acct:anna@social.example"
    # Aliases of the account elsewhere would lead others astray.
    assert document["aliases"] == [anna.url, anna.uri]
    [link] = [link for link in document["links"] if link["rel"] == "self"]
    assert link == {"rel": "self", "type": ACTIVITY, "href": anna.uri}


def test_webfinger_says_what_is_wrong(anna: Account) -> None:
    assert get("/.well-known/webfinger").status_code == 400
    assert get("/.well-known/webfinger?resource=acct:nobody@social.example").status_code == 404
    Account.objects.update(suspended_at=timezone.now())
    assert get("/.well-known/webfinger?resource=acct:anna@social.example").status_code == 200
    Account.objects.update(deleted_at=timezone.now())
    assert get("/.well-known/webfinger?resource=acct:anna@social.example").status_code == 410


# Actors


def test_the_actor_document_is_whole() -> None:
    anna = make_account(
        "anna",
        note="Hi\n#coops",
        fields=[{"name": "Site", "value": "https://a.example", "verified_at": None}],
        avatar="avatars/a.webp",
        avatar_description="A face",
        locked=True,
        discoverable=True,
        show_media=False,
        attribution_domains=["news.example"],
        also_known_as=["https://old.example/users/anna"],
        moved_to=make_remote_account("anna", "new.example"),
    )
    response = get("/users/anna")
    assert response.status_code == 200
    assert response["Content-Type"] == f"{ACTIVITY}; charset=utf-8"
    assert {"Accept", "Accept-Language", "Cookie"} <= {part.strip() for part in response["Vary"].split(",")}
    document = response.json()
    assert document["id"] == anna.uri
    assert document["webfinger"] == "anna@social.example"
    assert document["type"] == "Person"
    assert document["url"] == "https://social.example/@anna"
    assert document["inbox"] == f"{anna.uri}/inbox"
    assert document["endpoints"] == {"sharedInbox": "https://social.example/inbox"}
    assert document["manuallyApprovesFollowers"] is True
    assert document["publicKey"]["id"] == f"{anna.uri}#main-key"
    assert "/tags/coops" in document["summary"]
    assert document["attachment"][0]["type"] == "PropertyValue" and "me" in document["attachment"][0]["value"]
    assert document["icon"]["mediaType"] == "image/webp" and document["icon"]["summary"] == "A face"
    assert document["published"].endswith("T00:00:00Z")
    assert document["featuredTags"] == f"{anna.uri}/collections/tags"
    assert (document["showFeatured"], document["showMedia"], document["showRepliesInMedia"]) == (
        True,
        False,
        True,
    )
    assert document["interactionPolicy"] == {"canFeature": {"automaticApproval": [f"{anna.uri}/followers"]}}
    hashtag = {"type": "Hashtag", "href": "https://social.example/tags/coops", "name": "#coops"}
    assert document["tag"] == [hashtag]
    assert document["attributionDomains"] == ["news.example"]
    assert document["alsoKnownAs"] == ["https://old.example/users/anna"]
    assert document["movedTo"] == "https://new.example/users/anna"
    assert document.keys() - {"@context", "id", "type"} <= _terms(document["@context"])


def test_the_actor_document_says_only_what_there_is(anna: Account) -> None:
    document = get("/users/anna").json()
    absent = {"suspended", "movedTo", "alsoKnownAs", "image", "icon", "attributionDomains"}
    assert not absent & document.keys()
    assert document["interactionPolicy"] == {"canFeature": {"automaticApproval": [anna.uri]}}
    Account.objects.update(discoverable=True)
    policy = get("/users/anna").json()["interactionPolicy"]
    assert policy == {"canFeature": {"automaticApproval": [PUBLIC]}}


def _terms(context: list[Any]) -> set[str]:
    """Return the terms that the contexts of a document of ours explain."""
    activitystreams = "attachment endpoints followers following icon image inbox name outbox"
    activitystreams += " preferredUsername published summary tag url"
    return {*context[3], *activitystreams.split(), "publicKey", "webfinger"}


def test_the_profile_address_gives_the_same_document(anna: Account) -> None:
    assert get("/@anna").json() == get("/users/anna").json() == get("/users/ANNA").json()


def test_people_get_a_page_that_names_the_document(anna: Account) -> None:
    assert get("/users/anna", "text/html")["Location"] == anna.url
    page = get("/@anna", "text/html")
    assert page.status_code == 200 and "@anna@social.example" in page.content.decode()
    assert page["Link"] == f'<{anna.uri}>; rel="alternate"; type="{ACTIVITY}"'
    assert "Accept" in page["Vary"]


def test_a_suspended_account_is_blank_and_a_deleted_one_gone(anna: Account) -> None:
    Account.objects.update(suspended_at=timezone.now(), note="Secret", discoverable=True, avatar="a.png")
    document = get("/users/anna").json()
    assert document["suspended"] is True
    assert (document["name"], document["summary"], document["discoverable"]) == ("anna", "", False)
    assert "icon" not in document
    assert "Secret" not in get("/@anna", "text/html").content.decode()

    Account.objects.update(deleted_at=timezone.now())
    assert get("/users/anna").status_code == 410
    assert get("/@anna", "text/html").status_code == 410


def test_who_has_not_confirmed_yet_does_not_exist(anna: Account) -> None:
    User.objects.filter(pk=user_of(anna).pk).update(confirmed_at=None)
    for path in (
        "/users/anna",
        "/@anna",
        "/users/anna/followers",
        "/.well-known/webfinger?resource=anna@social.example",
    ):
        assert get(path).status_code == 404


def test_remote_people_have_no_document_here(anna: Account) -> None:
    make_remote_account("dora")
    assert get("/users/dora").status_code == 404
    assert get("/users/nobody").status_code == 404
    assert get("/users/nobody").json().keys() == {"error"}


# Followers and following


def test_followers_are_listed_page_by_page(anna: Account) -> None:
    people = [make_remote_account(f"p{number}") for number in range(14)]
    for person in people:
        relationships.follow(person, anna)
    waiting = make_remote_account("waiting")
    relationships.follow(anna, waiting)

    collection = get("/users/anna/followers").json()
    assert (collection["type"], collection["totalItems"]) == ("OrderedCollection", 14)
    first = get("/users/anna/followers?page=1").json()
    assert first["partOf"] == collection["id"] and len(first["orderedItems"]) == 12
    assert "prev" not in first
    second = get("/users/anna/followers?page=2").json()
    assert "next" not in second and second["prev"] == collection["first"]
    assert {*first["orderedItems"], *second["orderedItems"]} == {person.uri for person in people}
    # A request is no follow yet.
    assert get("/users/anna/following").json()["totalItems"] == 0
    assert get("/users/anna/following?page=1").json()["orderedItems"] == []


def test_a_hidden_network_tells_numbers_only(anna: Account) -> None:
    relationships.follow(make_remote_account("dora"), anna)
    Account.objects.filter(pk=anna.pk).update(hide_collections=True)
    collection = get("/users/anna/followers").json()
    assert collection["totalItems"] == 1 and "first" not in collection
    assert get("/users/anna/followers?page=1").status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "9999999999", "²"])
def test_a_page_that_is_none_is_not_found(anna: Account, page: str) -> None:
    assert get(f"/users/anna/followers?page={page}").status_code == 404


def test_who_reads_without_end_is_asked_to_wait(anna: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "READS", Limit("documents", 1, 300))
    assert [get("/users/anna").status_code for _time in range(2)] == [200, 429]


def test_documents_are_for_reading_only(anna: Account) -> None:
    client = Client(SERVER_NAME="social.example")
    assert client.post("/users/anna/followers", secure=True).status_code == 405
    assert client.get("/users/anna/inbox", secure=True).status_code == 405
    assert client.post("/users/nobody/inbox", secure=True).status_code == 404
