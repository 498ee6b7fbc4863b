"""A whole fake server for the tests of accounts and timelines: people on it act, and we see what comes of it.

Everything goes through the real doors: what they say is a signed POST to our inbox, what we ask them is a
request over loopback, and what we owe them arrives at their inbox.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import Account
from accounts.remote import account_from_uri
from federation import tasks
from federation.keys import instance_actor_uri
from federation.models import Delivery, InboxItem, SigningKey
from tests.federation.fake_peer import FakePeer, key_pair, running_peer, send
from tests.loopback import answer

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"

Document = dict[str, Any]

_numbers = count(1)


class Person:
    """An actor on the fake server."""

    def __init__(self, peer: FakePeer, name: str, run_jobs: Callable[[], None], **changes: Any) -> None:
        self.peer, self.name, self.run_jobs = peer, name, run_jobs
        self.uri = f"{peer.base}/users/{name}"
        collections = {key: f"{self.uri}/{key}" for key in ("followers", "following", "outbox")}
        endpoints = {"sharedInbox": f"{peer.base}/inbox"}
        peer.add_actor(name, **{"endpoints": endpoints, **collections, **changes})
        for path in ("/inbox", f"/users/{name}/inbox"):
            peer.add(path, answer(status=202))

    @property
    def followers(self) -> str:
        """The address of this person's followers."""
        return f"{self.uri}/followers"

    @property
    def document(self) -> Document:
        """The actor document as it is served."""
        reply = self.peer.replies[f"/users/{self.name}"]
        assert isinstance(reply, bytes)
        found: Document = orjson.loads(reply.partition(b"\r\n\r\n")[2])
        return found

    def change(self, **changes: Any) -> Document:
        """Serve a changed actor document and return it."""
        document = {**self.document, **changes}
        self.peer.add(f"/users/{self.name}", document)
        return document

    def account(self) -> Account:
        """The row that stands for this person here; made now if it is not there yet."""
        return account_from_uri(self.uri)

    def note(self, content: str = "<p>Hello</p>", **changes: Any) -> Document:
        """Return a public note of this person, not sent and not served."""
        return {
            "id": f"{self.uri}/notes/{next(_numbers)}",
            "type": "Note",
            "attributedTo": self.uri,
            "content": content,
            "published": stamp(datetime.now(UTC)),
            "to": [PUBLIC],
            "cc": [self.followers],
            **changes,
        }

    def serve(self, document: Document) -> Document:
        """Serve a document of this person's server at its id."""
        self.peer.add(document["id"].removeprefix(self.peer.base), {"@context": AS2, **document})
        return document

    def activity(self, kind: str, thing: Any, **changes: Any) -> Document:
        """Return an activity of this person."""
        return {
            "@context": AS2,
            "id": f"{self.uri}#activities/{next(_numbers)}",
            "type": kind,
            "actor": self.uri,
            "object": thing,
            **changes,
        }

    def say(self, activity: Mapping[str, Any], *, path: str = "/inbox") -> HttpResponse:
        """Send an activity signed to our inbox and let the jobs run."""
        response = send(Client(), activity, signer=self.uri, path=path)
        self.run_jobs()
        return response

    def does(self, kind: str, thing: Any, *, path: str = "/inbox", **changes: Any) -> Document:
        """Send an activity that must be taken in, and return it."""
        activity = self.activity(kind, thing, **changes)
        response = self.say(activity, path=path)
        assert response.status_code == 202, response.content
        return activity

    def posts(self, content: str = "<p>Hello</p>", *, path: str = "/inbox", **changes: Any) -> Document:
        """Publish a note to us and return the note."""
        note = self.note(content, **changes)
        self.does("Create", note, path=path)
        return note

    def inbox(self, kind: str = "") -> list[Document]:
        """What we delivered to this server, in order, only of a type if one is given."""
        found = [
            orjson.loads(request.body) for request in self.peer.server.received if request.method == "POST"
        ]
        return [document for document in found if kind in ("", document["type"])]


@contextmanager
def elsewhere(settings: Any, host: str, run_jobs: Callable[[], None]) -> Iterator[Callable[..., Person]]:
    """Run another server; gives a function that lets a person live there."""
    private, public = key_pair("instance")
    uri = instance_actor_uri()
    values = {"key_id": f"{uri}#main-key", "private_key_pem": private, "public_key_pem": public}
    SigningKey.objects.get_or_create(actor_uri=uri, defaults=values)
    with running_peer(settings, host) as peer:
        yield lambda name, **changes: Person(peer, name, run_jobs, **changes)


def let_fall_due() -> None:
    """Let what is owed later be owed now."""
    Delivery.objects.update(next_attempt_at=timezone.now())
    tasks.send_deliveries()


def stamp(moment: datetime) -> str:
    """Return a time as most servers write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def verdicts() -> list[tuple[str, str]]:
    """Return state and reason of all that came in, in order; a failure of ours is never "done"."""
    return list(InboxItem.objects.order_by("id").values_list("state", "last_error"))
