"""Forwarding: followers elsewhere learn what others say about posts of ours, in the words of those."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from accounts import relationships
from accounts.models import Account
from federation.signatures import linked_data
from federation.signatures.pem import load_own_key
from tests.federation.fake_peer import key_pair
from tests.peer import PUBLIC, Document, Person, stamp
from timelines import interactions
from timelines.drafts import StatusDraft
from timelines.models import Quote, Status
from timelines.statuses import publish_status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def status(anna: Account, dora: Person, emil: Person) -> Status:
    """A post of Anna, whom Dora and Emil follow."""
    for person in (dora, emil):
        person.does("Follow", anna.uri)
    return publish_status(anna, StatusDraft(text="Hello"))


def signed(person: Person, kind: str, thing: Any, **changes: Any) -> Document:
    """Return an activity that can be passed on."""
    activity = person.activity(kind, thing, to=[PUBLIC], **changes)
    key = load_own_key(key_pair(person.name)[0])
    now = datetime.now(UTC)
    return linked_data.sign_document(activity, key_id=f"{person.uri}#main-key", private_key=key, now=now)


def forwarded(person: Person, kind: str = "Create") -> list[bytes]:
    """Return the bodies that came to a person's server which somebody else wrote."""
    received = [request.body for request in person.peer.server.received if request.method == "POST"]
    documents = [(body, orjson.loads(body)) for body in received]
    ours = "https://social.example/"
    return [body for body, said in documents if said["type"] == kind and not said["actor"].startswith(ours)]


def test_a_reply_reaches_the_followers_of_the_author_as_it_is(
    dora: Person, emil: Person, status: Status
) -> None:
    create = signed(dora, "Create", dora.note(inReplyTo=status.uri))
    dora.say(create)
    dora.say(create)
    [body] = forwarded(emil)
    assert body == orjson.dumps(create)
    request = emil.peer.server.received[-1]
    assert f'keyId="{status.account.key_id}"' in request.headers["signature"]
    # Where it came from it is known.
    assert forwarded(dora) == []


@pytest.mark.parametrize("fault", ["unsigned", "changed", "private", "no reply"])
def test_what_is_not_forwarded(dora: Person, emil: Person, status: Status, fault: str) -> None:
    note = dora.note(inReplyTo=None if fault == "no reply" else status.uri)
    if fault == "private":
        note |= {"to": [dora.followers, status.account.uri], "cc": []}
    create = signed(dora, "Create", note)
    if fault == "unsigned":
        del create["signature"]
    if fault == "changed":
        create["object"] = {**create["object"], "content": "<p>Else</p>"}
    dora.say(create)
    assert forwarded(emil) == []


def test_edits_and_the_end_of_what_ours_reblogged_go_on(anna: Account, dora: Person, emil: Person) -> None:
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    note = dora.posts()
    interactions.reblog(anna, Status.objects.get(uri=note["id"]))
    edited = {**note, "content": "<p>Better</p>", "updated": stamp(datetime.now(UTC) + timedelta(seconds=2))}
    dora.say(signed(dora, "Update", edited))
    dora.say(signed(dora, "Update", edited))
    [body] = forwarded(emil, "Update")
    assert orjson.loads(body)["object"]["content"] == "<p>Better</p>"

    dora.say(signed(dora, "Delete", {"id": note["id"], "type": "Tombstone"}))
    assert len(forwarded(emil, "Delete")) == 1
    assert not Status.objects.kept().filter(uri=note["id"]).exists()


def test_a_consent_taken_back_goes_on_to_those_who_see_the_quote(
    anna: Account, dora: Person, emil: Person
) -> None:
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    quoted = Status.objects.get(uri=dora.posts()["id"])
    quoting = publish_status(anna, StatusDraft(text="See"))
    stamp_uri = f"{dora.uri}/stamps/1"
    Quote.objects.create(
        status=quoting, quoted=quoted, quoted_uri=quoted.uri, approval_uri=stamp_uri, state="accepted"
    )
    dora.say(signed(dora, "Delete", stamp_uri))
    assert len(forwarded(emil, "Delete")) == 1
    assert Quote.objects.get().state == Quote.State.REVOKED
