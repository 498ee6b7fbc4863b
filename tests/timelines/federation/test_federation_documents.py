"""What other servers read of our statuses: open to all, private ones only for those who may; and pages."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import relationships
from accounts.models import Account
from tests.cast import make_account, make_remote_account
from tests.federation.fake_peer import send
from tests.peer import AS2, PUBLIC, Person
from timelines import interactions, views
from timelines.documents import note
from timelines.drafts import StatusDraft
from timelines.models import Status
from timelines.statuses import delete_status, publish_status

pytestmark = pytest.mark.django_db

ACTIVITY = "application/activity+json"


def publish(account: Account, text: str = "Hello", **draft: Any) -> Status:
    return publish_status(account, StatusDraft(text=text, **draft))


def path_of(uri: str) -> str:
    return uri.removeprefix("https://social.example")


def get(uri: str, accept: str = ACTIVITY) -> Any:
    return Client().get(path_of(uri), headers={"Accept": accept, "Host": "social.example"}, secure=True)


def signed_get(uri: str, person: Person) -> Any:
    return send(Client(headers={"Accept": ACTIVITY}), {}, signer=person.uri, method="GET", path=path_of(uri))


# One status


def test_a_note_is_served_as_it_was_sent(anna: Account, dora: Person) -> None:
    relationships.follow(dora.account(), anna)
    status = publish(anna)
    dora.run_jobs()
    response = get(status.uri)
    assert response["Content-Type"] == f"{ACTIVITY}; charset=utf-8"
    assert "Accept" in response["Vary"] and "Signature" in response["Vary"]
    [create] = dora.inbox("Create")
    # What is sent can be passed on, and proves itself then.
    assert create.pop("signature")["creator"] == f"{anna.uri}#main-key"
    assert response.json() == {"@context": create["@context"], **create["object"]}
    assert get(f"{status.uri}/activity").json() == create
    assert get(status.url).json() == response.json()
    assert AS2 in create["@context"]


def test_people_get_a_page_that_names_the_document(anna: Account) -> None:
    status = publish(anna, "Hello <b>", spoiler_text="Careful")
    assert get(status.uri, "text/html")["Location"] == status.url
    page = get(status.url, "text/html")
    assert "Hello &lt;b&gt;" in page.content.decode() and "Careful" in page.content.decode()
    assert page["Link"] == f'<{status.uri}>; rel="alternate"; type="{ACTIVITY}"'


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_what_is_not_open_is_not_there_for_strangers(
    anna: Account, dora: Person, emil: Person, visibility: str
) -> None:
    relationships.follow(dora.account(), anna)
    dora.run_jobs()
    text = f"@dora@{dora.peer.host}" if visibility == "direct" else "Hello"
    status = publish(anna, text, visibility=visibility)
    emil.account()
    for suffix in ("", "/activity", "/replies", "/likes", "/shares"):
        uri = f"{status.uri}{suffix}"
        missing = get(f"{anna.uri}/statuses/1{suffix}")
        refused = get(uri)
        assert (refused.status_code, refused.content) == (404, missing.content)
        assert signed_get(uri, emil).status_code == 404
        allowed = signed_get(uri, dora)
        assert allowed.status_code == 200
        assert "private" in allowed["Cache-Control"]
    assert get(status.url, "text/html").status_code == 404


def test_who_is_blocked_sees_nothing_even_of_open_posts(anna: Account, dora: Person) -> None:
    status = publish(anna)
    relationships.block(anna, dora.account())
    assert signed_get(status.uri, dora).status_code == 404
    assert get(status.uri).status_code == 200


def test_deleted_suspended_and_foreign_statuses_are_not_there(anna: Account, dora: Person) -> None:
    status, other = publish(anna), publish(anna)
    delete_status(status)
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    foreign = Status.objects.get(uri=dora.posts()["id"])
    for uri in (
        status.uri,
        f"{anna.uri}/statuses/{foreign.pk}",
        f"https://social.example/users/dora/statuses/{foreign.pk}",
        f"https://social.example/users/bertha/statuses/{other.pk}",
        f"{anna.uri}/statuses/99999999999999999999",
    ):
        assert get(uri).status_code == 404
    Account.objects.filter(pk=anna.pk).update(suspended_at=timezone.now())
    assert get(other.uri).status_code == 404


def test_a_reblog_is_an_announce_and_no_note(anna: Account, dora: Person) -> None:
    bertha = make_account("bertha")
    reblog = interactions.reblog(bertha, publish(anna))
    document = get(reblog.uri).json()
    assert (document["type"], document["id"], document["to"]) == ("Announce", reblog.uri, [PUBLIC])
    assert get(reblog.uri.removesuffix("/activity")).status_code == 404


# Around a status


def test_likes_and_shares_tell_numbers_only(anna: Account) -> None:
    status = publish(anna)
    interactions.favourite(make_account("bertha"), status)
    assert get(f"{status.uri}/likes").json()["totalItems"] == 1
    shares = get(f"{status.uri}/shares").json()
    assert (shares["type"], shares["totalItems"]) == ("Collection", 0)
    assert "items" not in shares and "first" not in shares


def test_replies_are_ids_own_ones_first(anna: Account, dora: Person) -> None:
    status = publish(anna)
    own = publish(anna, "And", in_reply_to_id=status.pk)
    publish(anna, "Secret", in_reply_to_id=status.pk, visibility="private")
    theirs = dora.posts(inReplyTo=status.uri)

    replies = get(f"{status.uri}/replies").json()
    assert replies["first"]["items"] == [own.uri]
    following = get(replies["first"]["next"]).json()
    assert (following["type"], following["items"]) == ("CollectionPage", [theirs["id"]])
    assert "next" not in following
    assert get(status.uri).json()["replies"]["first"]["items"] == [own.uri]


def test_long_threads_are_listed_page_by_page(anna: Account, monkeypatch: Any) -> None:
    monkeypatch.setattr(views, "REPLIES_PAGE", 2)
    root, bertha = publish(anna), make_account("bertha")
    own = [publish(anna, "And", in_reply_to_id=root.pk).uri for _number in range(3)]
    others = [publish(bertha, "Well", in_reply_to_id=root.pk).uri for _number in range(3)]
    assert _walked(f"{root.uri}/replies") == [own[:2], own[2:], others[:2], others[2:]]
    # What the post brings along leads to the same, whatever of it stands in the post itself.
    monkeypatch.setattr(note, "_MAX_INLINED_REPLIES", 2)
    inlined = get(root.uri).json()["replies"]["first"]
    assert inlined["items"] == own[:2]
    assert get(inlined["next"]).json()["items"] == own[2:]
    posts = [root.uri, *own, *others]
    assert _walked(root.conversation_uri) == [posts[:2], posts[2:4], posts[4:6], posts[6:]]


def _walked(uri: str) -> list[list[str]]:
    """Return the items of all pages of a collection, each of which says whose it is and names itself."""
    pages, page = [], get(uri).json()["first"]
    while True:
        assert (page["type"], page["partOf"]) == ("CollectionPage", uri)
        pages.append(page["items"])
        if "next" not in page:
            return pages
        address, page = page["next"], get(page["next"]).json()
        assert page["id"] == address


def test_a_thread_is_listed_from_its_root(anna: Account, dora: Person) -> None:
    root = publish(anna)
    answer = publish(make_account("bertha"), "And", in_reply_to_id=root.pk)
    publish(anna, "Secret", in_reply_to_id=root.pk, visibility="private")
    theirs = dora.posts(inReplyTo=answer.uri)
    context = get(get(root.uri).json()["context"]).json()
    assert (context["type"], context["attributedTo"]) == ("Collection", anna.uri)
    assert context["first"]["items"] == [root.uri, answer.uri, theirs["id"]]
    assert get(f"https://social.example/contexts/{anna.pk}-1").status_code == 404
    hidden = publish(anna, visibility="private")
    assert get(hidden.conversation_uri).status_code == 404


# Lists of an account


def test_the_outbox_is_read_page_by_page(anna: Account) -> None:
    statuses = [publish(anna, str(number)) for number in range(23)]
    publish(anna, "Secret", visibility="private")
    reblog = interactions.reblog(anna, publish(make_account("bertha")))
    outbox = get(f"{anna.uri}/outbox").json()
    assert outbox["type"] == "OrderedCollection"

    first = get(outbox["first"]).json()
    assert len(first["orderedItems"]) == 20
    assert first["orderedItems"][0]["id"] == reblog.uri
    assert first["orderedItems"][1]["type"] == "Create"
    assert isinstance(first["orderedItems"][1]["object"], dict)
    second = get(first["next"]).json()
    assert [item["object"]["id"] for item in second["orderedItems"]] == [
        status.uri for status in reversed(statuses[:4])
    ]
    assert get(second["prev"]).json()["orderedItems"] == first["orderedItems"]
    last = get(outbox["last"]).json()
    assert last["orderedItems"][-1]["object"]["id"] == statuses[0].uri
    assert get(get(last["next"]).json()["id"]).json()["orderedItems"] == []


def test_a_follower_reads_more_in_the_outbox(anna: Account, dora: Person) -> None:
    relationships.follow(dora.account(), anna)
    dora.run_jobs()
    status = publish(anna, visibility="private")
    uri = f"{anna.uri}/outbox?page=true"
    assert get(uri).json()["orderedItems"] == []
    response = signed_get(uri, dora)
    assert [item["object"]["id"] for item in response.json()["orderedItems"]] == [status.uri]
    assert response["Cache-Control"] == "private, no-store"


def test_the_blocked_and_the_readers_of_suspended_accounts_find_nothing(anna: Account, dora: Person) -> None:
    interactions.pin(anna, publish(anna))
    relationships.block(anna, dora.account())
    pinned, page = f"{anna.uri}/collections/featured", f"{anna.uri}/outbox?page=true"
    for uri in (pinned, page):
        assert len(get(uri).json()["orderedItems"]) == 1
        assert signed_get(uri, dora).json()["orderedItems"] == []
    Account.objects.filter(pk=anna.pk).update(suspended_at=timezone.now())
    for uri in (pinned, page):
        assert get(uri).json()["orderedItems"] == []
    assert get(f"{anna.uri}/outbox").json()["totalItems"] == 0


def test_the_pinned_are_featured_private_ones_as_ids(anna: Account, dora: Person) -> None:
    first, second = publish(anna), publish(anna, visibility="private")
    interactions.pin(anna, first)
    interactions.pin(anna, second)
    uri = f"{anna.uri}/collections/featured"
    assert [item["id"] for item in get(uri).json()["orderedItems"]] == [first.uri]
    relationships.follow(dora.account(), anna)
    items = signed_get(uri, dora).json()["orderedItems"]
    assert items[0] == second.uri and items[1]["id"] == first.uri
    assert get(f"{anna.uri}/collections/tags").json()["items"] == []


def test_a_full_page_costs_as_many_queries_as_a_single_status(
    anna: Account, django_assert_max_num_queries: Any
) -> None:
    dora = make_remote_account("dora")
    publish(anna, f"@{dora.acct} #tag")
    uri = f"{anna.uri}/outbox?page=true"
    with django_assert_max_num_queries(12):
        get(uri)
    for number in range(19):
        publish(anna, f"@{dora.acct} #tag{number}")
    with django_assert_max_num_queries(12):
        assert len(get(uri).json()["orderedItems"]) == 20
