"""Every activity that we send, as the contract writes it: the whole document, and whom it reaches.

No server runs here: what is owed stands in the database.
Source: contract of the federation 4.1, 4.2, 4.4, 4.5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from django.utils import timezone

from accounts import relationships
from accounts.deletion import delete_local_account
from accounts.models import Account
from accounts.profiles import ProfileChanges, update_profile
from core.ids import new_id
from federation.models import Delivery, OutboundActivity
from tests.cast import make_account, make_remote_account
from tests.peer import AS2, PUBLIC
from timelines import interactions, polls
from timelines.documents import QuoteRequest, stamp_uri
from timelines.drafts import StatusDraft
from timelines.edits import StatusChanges, edit_status
from timelines.models import Poll, Quote, Status
from timelines.outbox import send_quote_answer, send_stamp_deletion
from timelines.poll_drafts import PollDraft
from timelines.statuses import delete_status, publish_status

pytestmark = pytest.mark.django_db

Document = dict[str, Any]


@dataclass
class World:
    """Anna is ours. Fred follows her from elsewhere; Rita, whose post this is, lives elsewhere, too."""

    anna: Account
    fred: Account
    rita: Account
    theirs: Status

    @property
    def followers(self) -> str:
        return f"{self.anna.uri}/followers"

    def publish(self, text: str = "Hello", **draft: Any) -> Status:
        return publish_status(self.anna, StatusDraft(text=text, **draft))


@pytest.fixture
def world(db: None) -> World:
    anna = make_account("anna")
    fred, rita = make_remote_account("fred", "fred.example"), make_remote_account("rita", "rita.example")
    # A server that is known and has nothing to do with any of it.
    make_remote_account("sam", "sam.example")
    relationships.follow(fred, anna)
    theirs = remote_status(rita)
    forget()
    return World(anna, fred, rita, theirs)


def remote_status(author: Account, **columns: Any) -> Status:
    status_id = new_id()
    return Status.objects.create(
        **{
            "id": status_id,
            "uri": f"{author.uri}/notes/{status_id}",
            "account": author,
            "is_local": False,
            "content": "<p>Hi</p>",
            "visibility": "public",
            "conversation_uri": f"{author.uri}/threads/1",
            "quote_automatic": ["public"],
            "created_at": timezone.now(),
            **columns,
        }
    )


def forget() -> None:
    OutboundActivity.objects.all().delete()


def sent() -> list[tuple[Document, set[str]]]:
    """Return what is owed and to which hosts, in order."""
    found = []
    for activity in OutboundActivity.objects.order_by("id"):
        rows = Delivery.objects.filter(activity=activity)
        found.append((orjson.loads(bytes(activity.body)), set(rows.values_list("host", flat=True))))
    return found


def only(kind: str) -> tuple[Document, set[str]]:
    [found] = [(document, hosts) for document, hosts in sent() if document["type"] == kind]
    document, hosts = found
    context = document.pop("@context")
    assert AS2 in (context if isinstance(context, list) else [context])
    return document, hosts


FRED, RITA, BOTH = {"fred.example"}, {"rita.example"}, {"fred.example", "rita.example"}


# Posts


@pytest.mark.parametrize(
    ("visibility", "to", "cc", "hosts"),
    [
        ("public", [PUBLIC], ["followers", "rita"], BOTH),
        ("unlisted", ["followers"], [PUBLIC, "rita"], BOTH),
        ("private", ["followers"], ["rita"], BOTH),
        ("direct", ["rita"], [], RITA),
    ],
)
def test_create(world: World, visibility: str, to: list[str], cc: list[str], hosts: set[str]) -> None:
    status = world.publish("Hi @rita@rita.example", visibility=visibility)
    create, reached = only("Create")
    note = create.pop("object")
    names = {"followers": world.followers, "rita": world.rita.uri}
    assert create == {
        "id": f"{status.uri}/activity",
        "type": "Create",
        "actor": world.anna.uri,
        "published": note["published"],
        "to": [names.get(uri, uri) for uri in to],
        "cc": [names.get(uri, uri) for uri in cc],
    }
    assert (note["to"], note["cc"]) == (create["to"], create["cc"])
    assert reached == hosts


def test_create_reaches_a_mentioned_group_and_its_followers(world: World) -> None:
    Account.objects.filter(pk=world.rita.pk).update(actor_type=Account.ActorType.GROUP)
    world.publish("Hi @rita@rita.example")
    create, _hosts = only("Create")
    assert create["cc"] == [world.followers, world.rita.uri, world.rita.followers_url]


def test_create_of_an_answer_reaches_who_is_answered_and_stays_in_the_thread(world: World) -> None:
    world.publish("Hi", in_reply_to_id=world.theirs.pk)
    create, reached = only("Create")
    note = create["object"]
    assert note["inReplyTo"] == note["inReplyToAtomUri"] == world.theirs.uri
    assert note["context"] == note["conversation"] == world.theirs.conversation_uri
    assert reached == BOTH


def test_a_public_answer_to_one_of_ours_reaches_the_followers_of_both(world: World) -> None:
    bertha = make_account("bertha")
    status = world.publish()
    forget()
    publish_status(bertha, StatusDraft(text="Hi", in_reply_to_id=status.pk))
    publish_status(bertha, StatusDraft(text="Hi", in_reply_to_id=status.pk, visibility="private"))
    [(_create, reached)] = sent()
    assert reached == FRED


def test_update_reaches_boosters_favouriters_answerers_and_quoters_too(world: World) -> None:
    status = world.publish()
    names = ("booster", "favouriter", "answerer", "quoter")
    people = {name: make_remote_account(name, f"{name}.example") for name in names}
    remote_status(people["booster"], reblog_of=status)
    interactions.favourite(people["favouriter"], status)
    remote_status(people["answerer"], in_reply_to=status)
    quoting = remote_status(people["quoter"])
    Quote.objects.create(status=quoting, quoted=status, quoted_uri=status.uri, state="accepted")
    forget()

    edit_status(status, StatusChanges(text="Good bye"))
    everybody = FRED | {f"{name}.example" for name in people}
    update, reached = only("Update")
    note = update.pop("object")
    assert update == {
        "id": update["id"],
        "type": "Update",
        "actor": world.anna.uri,
        "published": note["updated"],
        "to": [PUBLIC],
        "cc": [world.followers],
    }
    assert update["id"].startswith(f"{status.uri}#updates/") and note["id"] == status.uri
    assert reached == everybody

    Account.objects.filter(pk=people["quoter"].pk).update(suspended_at=timezone.now())
    forget()
    delete_status(status)
    delete, reached = only("Delete")
    assert delete == {
        "id": f"{status.uri}#delete",
        "type": "Delete",
        "actor": world.anna.uri,
        "to": [PUBLIC],
        "object": {"id": status.uri, "type": "Tombstone", "atomUri": status.uri},
    }
    assert reached == everybody


# Polls


def test_tallies_wait_three_minutes_and_reach_voters(world: World) -> None:
    draft = PollDraft(options=("A", "B"), expires_in_seconds=3600, multiple=False, hide_totals=False)
    status = world.publish(poll=draft)
    poll = Poll.objects.get(status=status)
    forget()
    for name in ("v", "w"):
        polls.vote(make_remote_account(name, f"{name}.example"), poll, [0])
    now = timezone.now()
    polls.sweep_polls(now)
    assert sent() == []
    polls.sweep_polls(now + polls._SEND_AFTER)
    update, reached = only("Update")
    question = update["object"]
    assert (question["type"], question["votersCount"]) == ("Question", 2)
    assert [option["replies"]["totalItems"] for option in question["oneOf"]] == [2, 0]
    assert "updated" not in question and "published" not in update
    assert (update["to"], update["cc"]) == ([PUBLIC], [world.followers])
    assert reached == FRED | {"v.example", "w.example"}


def test_each_vote_is_an_activity_of_its_own(world: World) -> None:
    poll = Poll.objects.create(
        status=world.theirs, options=["A", "B"], tallies=[0, 0], multiple=True, voters_count=0
    )
    polls.vote(world.anna, poll, [1, 0])
    votes = sent()
    assert [document["object"]["name"] for document, _hosts in votes] == ["B", "A"]
    document, reached = votes[0]
    uri = document["object"]["id"]
    assert uri.startswith(f"{world.anna.uri}#votes/")
    assert document == {
        "@context": AS2,
        "id": f"{uri}/activity",
        "type": "Create",
        "actor": world.anna.uri,
        "to": [world.rita.uri],
        "object": {
            "id": uri,
            "type": "Note",
            "name": "B",
            "attributedTo": world.anna.uri,
            "inReplyTo": world.theirs.uri,
            "to": [world.rita.uri],
        },
    }
    assert reached == RITA


# Reactions


@pytest.mark.parametrize(
    ("visibility", "to", "cc"),
    [
        ("public", [PUBLIC], ["rita", "followers"]),
        ("unlisted", ["followers"], ["rita", PUBLIC]),
        ("private", ["followers"], ["rita"]),
    ],
)
def test_announce_and_its_undo(world: World, visibility: str, to: list[str], cc: list[str]) -> None:
    names = {"followers": world.followers, "rita": world.rita.uri}
    reblog = interactions.reblog(world.anna, world.theirs, visibility=visibility)
    announce, reached = only("Announce")
    assert announce == {
        "id": f"{world.anna.uri}/statuses/{reblog.pk}/activity",
        "type": "Announce",
        "actor": world.anna.uri,
        "published": announce["published"],
        "to": [names.get(uri, uri) for uri in to],
        "cc": [names.get(uri, uri) for uri in cc],
        "object": world.theirs.uri,
    }
    assert reached == BOTH
    interactions.unreblog(world.anna, world.theirs)
    undo, reached = only("Undo")
    assert undo == {
        "id": f"{world.anna.uri}#announces/{reblog.pk}/undo",
        "type": "Undo",
        "actor": world.anna.uri,
        "to": announce["to"],
        "object": announce,
    }
    assert reached == BOTH


def test_like_and_its_undo(world: World) -> None:
    favourite = interactions.favourite(world.anna, world.theirs)
    like, reached = only("Like")
    uri = f"{world.anna.uri}#likes/{favourite.pk}"
    assert like == {"id": uri, "type": "Like", "actor": world.anna.uri, "object": world.theirs.uri}
    assert reached == RITA
    interactions.unfavourite(world.anna, world.theirs)
    undo, reached = only("Undo")
    assert undo == {"id": f"{uri}/undo", "type": "Undo", "actor": world.anna.uri, "object": like}
    assert reached == RITA


@pytest.mark.parametrize(("do", "kind"), [(interactions.pin, "Add"), (interactions.unpin, "Remove")])
def test_pins(world: World, do: Callable[[Account, Status], Any], kind: str) -> None:
    status = world.publish()
    interactions.pin(world.anna, status)
    if kind == "Remove":
        forget()
        do(world.anna, status)
    document, reached = only(kind)
    pin_uri = document.pop("id").removesuffix(f"/{kind.lower()}")
    assert pin_uri.startswith(f"{world.anna.uri}#pins/")
    assert document == {
        "type": kind,
        "actor": world.anna.uri,
        "target": f"{world.anna.uri}/collections/featured",
        "object": status.uri,
    }
    assert reached == FRED


# Quotes


def test_a_quote_is_asked_for_with_the_whole_post(world: World) -> None:
    status = world.publish("Look", quoted_status_id=world.theirs.pk)
    create, reached = only("Create")
    request, asked = only("QuoteRequest")
    instrument = request.pop("instrument")
    assert request == {
        "id": request["id"],
        "type": "QuoteRequest",
        "actor": world.anna.uri,
        "object": world.theirs.uri,
    }
    assert request["id"].startswith(f"{world.anna.uri}/quote_requests/")
    assert instrument == create["object"]
    assert {instrument[key] for key in ("quote", "quoteUri", "_misskey_quote")} == {world.theirs.uri}
    assert instrument["id"] == status.uri and 'class="quote-inline"' in instrument["content"]
    assert (reached, asked) == (BOTH, RITA)


def test_a_quote_is_accepted_with_a_stamp_refused_and_taken_back(world: World) -> None:
    status, quoting = world.publish(), remote_status(world.rita)
    quote = Quote.objects.create(status=quoting, quoted=status, quoted_uri=status.uri, state="accepted")
    Quote.objects.filter(pk=quote.pk).update(approval_uri=stamp_uri(quote, world.anna))
    quote.refresh_from_db()
    request = QuoteRequest(f"{world.rita.uri}/requests/1", world.rita, status, quoting.uri)
    forget()
    send_quote_answer(request, quote)
    send_quote_answer(request, None)
    inner = {
        "id": request.uri,
        "type": "QuoteRequest",
        "actor": world.rita.uri,
        "object": status.uri,
        "instrument": quoting.uri,
    }
    answer = {"actor": world.anna.uri, "to": [world.rita.uri], "object": inner}
    stamp = f"{world.anna.uri}/quote_authorizations/{quote.pk}"
    accept, reached = only("Accept")
    assert accept == {
        "id": f"{world.anna.uri}#accepts/quote_requests/{quote.pk}",
        "type": "Accept",
        **answer,
        "result": stamp,
    }
    reject, refused = only("Reject")
    assert reject == {"id": reject["id"], "type": "Reject", **answer}
    assert reject["id"].startswith(f"{world.anna.uri}#rejects/quote_requests/")
    assert reached == refused == RITA

    forget()
    send_stamp_deletion(quote)
    delete, reached = only("Delete")
    assert delete == {
        "id": f"{stamp}#delete",
        "type": "Delete",
        "actor": world.anna.uri,
        "to": [PUBLIC],
        "object": {
            "id": stamp,
            "type": "QuoteAuthorization",
            "attributedTo": world.anna.uri,
            "interactingObject": quoting.uri,
            "interactionTarget": status.uri,
        },
    }
    assert reached == BOTH


# Relations and profiles


def test_follow_and_its_undo(world: World) -> None:
    row = relationships.follow(world.anna, world.rita)
    follow, reached = only("Follow")
    uri = f"{world.anna.uri}#follows/{row.pk}"
    assert follow == {"id": uri, "type": "Follow", "actor": world.anna.uri, "object": world.rita.uri}
    assert reached == RITA
    relationships.unfollow(world.anna, world.rita)
    undo, reached = only("Undo")
    assert undo == {"id": f"{uri}/undo", "type": "Undo", "actor": world.anna.uri, "object": follow}
    assert reached == RITA


def test_accept_and_reject_embed_the_follow_as_it_came(world: World) -> None:
    uri = "https://rita.example/follows/Ä?x=1#1"
    row = relationships.follow(world.rita, world.anna, uri=uri)
    relationships.reject_follow(row)
    follow = {"id": uri, "type": "Follow", "actor": world.rita.uri, "object": world.anna.uri}
    for kind, path in (("Accept", "accepts"), ("Reject", "rejects")):
        document, reached = only(kind)
        assert document == {
            "id": f"{world.anna.uri}#{path}/follows/{row.pk}",
            "type": kind,
            "actor": world.anna.uri,
            "to": [world.rita.uri],
            "object": follow,
        }
        assert reached == RITA


def test_block_and_its_undo(world: World) -> None:
    row = relationships.block(world.anna, world.rita)
    block, reached = only("Block")
    uri = f"{world.anna.uri}#blocks/{row.pk}"
    assert block == {"id": uri, "type": "Block", "actor": world.anna.uri, "object": world.rita.uri}
    assert reached == RITA
    relationships.unblock(world.anna, world.rita)
    undo, reached = only("Undo")
    assert undo == {"id": f"{uri}/undo", "type": "Undo", "actor": world.anna.uri, "object": block}
    assert reached == RITA


def test_update_of_the_actor_reaches_followers_followed_and_asked(world: World) -> None:
    relationships.follow(world.anna, world.rita)
    forget()
    update_profile(world.anna, ProfileChanges(display_name="Anna the Second"))
    update, reached = only("Update")
    actor = update.pop("object")
    assert update == {
        "id": update["id"],
        "type": "Update",
        "actor": world.anna.uri,
        "published": update["published"],
        "to": [PUBLIC],
    }
    assert update["id"].startswith(f"{world.anna.uri}#updates/")
    assert (actor["id"], actor["type"], actor["name"]) == (world.anna.uri, "Person", "Anna the Second")
    assert reached == BOTH


def test_delete_of_the_actor_reaches_everybody(world: World) -> None:
    delete_local_account(world.anna)
    delete, reached = only("Delete")
    assert delete == {
        "id": f"{world.anna.uri}#delete",
        "type": "Delete",
        "actor": world.anna.uri,
        "to": [PUBLIC],
        "object": world.anna.uri,
    }
    assert reached == BOTH | {"sam.example"}


def test_no_activity_is_without_an_id_and_none_names_blind_recipients(world: World) -> None:
    status = world.publish("Hi @rita@rita.example", visibility="direct")
    edit_status(status, StatusChanges(text="Hi @rita@rita.example!"))
    delete_status(status)
    documents = [document for document, _hosts in sent()]
    assert len({document["id"] for document in documents}) == len(documents) == 3
    assert not any({"bto", "bcc"} & {*document, *document["object"]} for document in documents)
