"""What our people do reaches those whom it concerns, and nobody else; and it says what it must."""

from typing import Any

import orjson
import pytest

from accounts import relationships
from accounts.models import Account
from federation.models import Delivery
from tests.cast import make_account, make_remote_account
from tests.peer import AS2, PUBLIC, Document, Person
from timelines import interactions
from timelines.documents import load_note
from timelines.drafts import StatusDraft
from timelines.edits import StatusChanges, edit_status
from timelines.models import Status
from timelines.outbox import send_create
from timelines.statuses import delete_status, publish_status
from timelines.tags import choose_featured_tag, unfeature_tag

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _dora_follows_anna(anna: Account, dora: Person) -> None:
    relationships.follow(dora.account(), anna)


def publish(account: Account, text: str = "Hello", **draft: Any) -> Status:
    return publish_status(account, StatusDraft(text=text, **draft))


def received(person: Person, kind: str) -> Document:
    person.run_jobs()
    [document] = person.inbox(kind)
    return document


def owed() -> list[tuple[str, str]]:
    return sorted(Delivery.objects.values_list("activity__activity_type", "host"))


# Documents


def test_a_post_arrives_whole(anna: Account, dora: Person, emil: Person) -> None:
    text = f"Hi @emil@{emil.peer.host}, #Coöps at https://a.example/"
    emil.account()
    status = publish(anna, text, spoiler_text="Careful", language="de")
    create = received(dora, "Create")
    note = create["object"]

    assert AS2 in create["@context"]
    assert (create["id"], create["actor"]) == (f"{status.uri}/activity", anna.uri)
    assert create["to"] == note["to"] == [PUBLIC]
    assert create["cc"] == note["cc"] == [f"{anna.uri}/followers", emil.uri]
    assert create["published"] == note["published"]
    assert (note["id"], note["type"], note["attributedTo"]) == (status.uri, "Note", anna.uri)
    assert (note["summary"], note["sensitive"], note["inReplyTo"]) == ("Careful", True, None)
    assert note["contentMap"] == {"de": note["content"]}
    assert note["context"] == note["conversation"] == status.conversation_uri
    assert note["replies"]["id"] == f"{status.uri}/replies"
    assert note["likes"] == {"id": f"{status.uri}/likes", "type": "Collection", "totalItems": 0}
    assert note["tag"] == [
        {"type": "Mention", "href": emil.uri, "name": f"@emil@{emil.peer.host}"},
        {"type": "Hashtag", "href": "https://social.example/tags/coöps", "name": "#Coöps"},
    ]
    assert not {"updated", "directMessage", "bto", "bcc"} & note.keys()
    assert received(emil, "Create") == create


@pytest.mark.parametrize(
    ("visibility", "to", "cc", "direct_message"),
    [
        ("public", [PUBLIC], ["followers", "emil"], None),
        ("unlisted", ["followers"], [PUBLIC, "emil"], None),
        ("private", ["followers"], ["emil"], False),
        ("direct", ["emil"], [], True),
    ],
)
def test_the_addresses_follow_from_the_visibility(
    anna: Account, dora: Person, emil: Person, visibility: str, to: Any, cc: Any, direct_message: bool | None
) -> None:
    names = {"followers": f"{anna.uri}/followers", "emil": emil.account().uri}
    publish(anna, f"@emil@{emil.peer.host}", visibility=visibility)
    note = received(emil, "Create")["object"]
    assert note["to"] == [names.get(uri, uri) for uri in to]
    assert note["cc"] == [names.get(uri, uri) for uri in cc]
    assert note.get("directMessage") is direct_message
    assert bool(dora.inbox("Create")) == (visibility != "direct")


def test_an_edit_arrives_whole_and_dated(anna: Account, dora: Person) -> None:
    status = publish(anna)
    dora.run_jobs()
    edit_status(status, StatusChanges(text="Good bye"))
    update = received(dora, "Update")
    status.refresh_from_db()
    assert update["id"].startswith(f"{status.uri}#updates/")
    assert update["object"]["updated"] == update["published"]
    assert "Good bye" in update["object"]["content"]
    assert update["to"] == update["object"]["to"] and update["cc"] == update["object"]["cc"]


def test_a_deletion_leaves_nothing_but_the_id(anna: Account, dora: Person) -> None:
    status = publish(anna)
    dora.run_jobs()
    delete_status(status)
    delete = received(dora, "Delete")
    assert delete["id"] == f"{status.uri}#delete"
    assert delete["object"] == {"id": status.uri, "type": "Tombstone", "atomUri": status.uri}
    assert delete["to"] == [PUBLIC]


def test_a_reblog_and_its_undo_reach_followers_and_author(anna: Account, dora: Person, emil: Person) -> None:
    relationships.accept_follow(relationships.follow(anna, emil.account()))
    note = emil.posts()
    original = Status.objects.get(uri=note["id"])
    reblog = interactions.reblog(anna, original)
    announce = received(emil, "Announce")
    assert received(dora, "Announce") == announce
    assert (announce["id"], announce["object"]) == (reblog.uri, note["id"])
    assert reblog.uri.endswith(f"/{reblog.pk}/activity")
    assert (announce["to"], announce["cc"]) == ([PUBLIC], [emil.uri, f"{anna.uri}/followers"])

    interactions.unreblog(anna, original)
    undo = received(emil, "Undo")
    assert undo["id"] == f"{anna.uri}#announces/{reblog.pk}/undo"
    said = {key: value for key, value in announce.items() if key not in ("@context", "signature")}
    assert undo["object"] == said


def test_an_own_private_post_is_reblogged_whole(anna: Account, dora: Person) -> None:
    status = publish(anna, visibility="private")
    interactions.reblog(anna, status)
    announce = received(dora, "Announce")
    assert announce["object"]["id"] == status.uri and announce["object"]["content"] == status.content
    assert announce["to"] == [f"{anna.uri}/followers"]


def test_a_favourite_and_its_undo_reach_the_author_only(anna: Account, dora: Person, emil: Person) -> None:
    relationships.accept_follow(relationships.follow(anna, emil.account()))
    note = emil.posts()
    favourite = interactions.favourite(anna, Status.objects.get(uri=note["id"]))
    like = received(emil, "Like")
    uri = f"{anna.uri}#likes/{favourite.pk}"
    assert like == {"@context": AS2, "id": uri, "type": "Like", "actor": anna.uri, "object": note["id"]}
    interactions.unfavourite(anna, Status.objects.get(uri=note["id"]))
    undo = received(emil, "Undo")
    assert (undo["id"], undo["object"]["id"]) == (f"{uri}/undo", uri)
    assert not dora.inbox("Like") and not dora.inbox("Undo")


def test_hashtags_of_the_profile_are_told_with_ids_of_their_own(anna: Account, dora: Person) -> None:
    row = choose_featured_tag(anna, "Coöps")
    add = received(dora, "Add")
    hashtag = {"type": "Hashtag", "href": "https://social.example/tags/coöps", "name": "#Coöps"}
    assert add == {
        "@context": add["@context"],
        "signature": add["signature"],
        "id": f"{anna.uri}#tags/{row.pk}/add",
        "type": "Add",
        "actor": anna.uri,
        "target": f"{anna.uri}/collections/featured",
        "object": hashtag,
    }
    unfeature_tag(anna, row.tag)
    remove = received(dora, "Remove")
    assert (remove["id"], remove["object"]) == (f"{anna.uri}#tags/{row.pk}/remove", hashtag)


def test_pins_are_told_with_ids_of_their_own(anna: Account, dora: Person) -> None:
    status = publish(anna)
    interactions.pin(anna, status)
    add = received(dora, "Add")
    assert (add["object"], add["target"]) == (status.uri, f"{anna.uri}/collections/featured")
    assert add["id"].startswith(f"{anna.uri}#pins/") and add["id"].endswith("/add")
    interactions.unpin(anna, status)
    assert received(dora, "Remove")["id"] == add["id"].removesuffix("add") + "remove"


@pytest.mark.parametrize("content_type", ["text/plain", "text/markdown"])
def test_the_longest_post_stays_under_what_others_take(
    anna: Account, dora: Person, content_type: str
) -> None:
    url = "https://a.example/" + "b" * 1500
    addresses = " ".join([url] * 14)
    text = addresses + "Ü" * 1500
    publish(anna, text, language="de", content_type=content_type)
    create = received(dora, "Create")
    assert len(orjson.dumps(create)) < 65_536 and url in create["object"]["content"]
    assert not {"contentMap", "source"} & create["object"].keys()


# Whom it concerns


def test_a_silenced_author_reaches_only_who_follows(anna: Account, dora: Person, emil: Person) -> None:
    Account.objects.filter(pk=anna.pk).update(silenced_at=anna.created_at)
    anna.refresh_from_db()
    relationships.accept_follow(relationships.follow(anna, emil.account()))
    note = emil.posts()
    Delivery.objects.all().delete()
    text = f"@dora@{dora.peer.host} @emil@{emil.peer.host}"
    status = publish(anna, text, in_reply_to_id=Status.objects.get(uri=note["id"]).pk)
    edit_status(status, StatusChanges(text=f"{text} again"))
    assert {host for _kind, host in owed()} == {dora.peer.host}
    update = received(dora, "Update")
    assert update["cc"] == update["object"]["cc"] == [PUBLIC, dora.uri]
    assert load_note(status).addresses.cc == update["cc"]


def test_each_server_gets_one_delivery_however_many_live_there(anna: Account, dora: Person) -> None:
    for number in range(3):
        relationships.follow(Person(dora.peer, f"p{number}", dora.run_jobs).account(), anna)
    Delivery.objects.all().delete()
    publish(anna, f"@dora@{dora.peer.host}")
    assert owed() == [("Create", dora.peer.host)]


def test_a_public_answer_reaches_the_author_and_the_followers_of_one_of_ours(
    anna: Account, dora: Person, emil: Person
) -> None:
    cem = make_account("cem")
    status = publish(anna)
    relationships.accept_follow(relationships.follow(anna, emil.account()))
    note = emil.posts()
    Delivery.objects.all().delete()
    publish(cem, "To Anna", in_reply_to_id=status.pk)
    assert owed() == [("Create", dora.peer.host)]
    publish(cem, "To Emil", in_reply_to_id=Status.objects.get(uri=note["id"]).pk)
    assert ("Create", emil.peer.host) in owed()


def test_who_reacted_learns_of_edits_and_deletions(anna: Account, dora: Person, emil: Person) -> None:
    status = publish(anna)
    emil.does("Like", status.uri)
    Delivery.objects.all().delete()
    hosts = sorted([dora.peer.host, emil.peer.host])
    edit_status(status, StatusChanges(text="Good bye"))
    assert owed() == [("Update", host) for host in hosts]
    delete_status(status)
    assert owed() == [("Delete", host) for host in hosts]


def test_suspended_accounts_are_told_of_ends_only(anna: Account, dora: Person) -> None:
    old = publish(anna)
    Delivery.objects.all().delete()
    Account.objects.filter(uri=dora.uri).update(suspended_at=anna.created_at)
    publish(anna)
    assert owed() == []
    # What they have already must go there, too.
    delete_status(old)
    assert owed() == [("Delete", dora.peer.host)]


def test_what_remote_people_do_is_sent_to_nobody(anna: Account, dora: Person) -> None:
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    note = dora.posts()
    dora.does("Announce", publish(anna, visibility="public").uri, to=[PUBLIC])
    dora.does("Delete", note["id"])
    assert [document["type"] for document in dora.inbox()] == ["Accept", "Follow", "Create"]


def test_a_thousand_followers_cost_no_more_queries_than_one(
    anna: Account, django_assert_max_num_queries: Any
) -> None:
    status = publish(anna)
    for number in range(60):
        relationships.follow(make_remote_account(f"f{number}", domain=f"s{number}.example"), anna)
    Delivery.objects.all().delete()
    with django_assert_max_num_queries(14):
        send_create(load_note(Status.objects.select_related("account", "in_reply_to").get(pk=status.pk)))
    assert Delivery.objects.count() == 61
