"""Sets the scene of an entry: what its expectation takes for granted is there before it arrives.

Taken for granted by the corpus: the activity was signed by its actor, who can be resolved, is not blocked
and is followed by somebody here; what is local in it exists; what it refers to can be fetched.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.db import transaction
from django.test import Client

from accounts.models import Account, Follow
from core.hosts import host_of
from federation.keys import instance_actor_uri
from federation.models import RemoteKey, SigningKey
from federation.verify import VerifiedRequest
from tests.cast import make_account, make_remote_account
from tests.corpus.entries import Entry
from tests.corpus.network import FakeNetwork
from tests.federation.fake_peer import key_pair
from tests.jobs import run_waiting_jobs
from timelines.models import Favourite, Poll, Quote, Status

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)

Document = dict[str, Any]


def ids_in(value: Any) -> list[str]:
    """Return every id that a value names, be it a string, an object or a list of these."""
    items = value if isinstance(value, list) else [value]
    named = (item.get("id") if isinstance(item, dict) else item for item in items)
    return [name for name in named if isinstance(name, str) and name]


def id_in(value: Any) -> str:
    """Return the first id that a value names, or ''."""
    return next(iter(ids_in(value)), "")


def objects_in(value: Any) -> list[Document]:
    """Return the embedded objects of a value."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


class World:
    """The rows, documents and people around one entry."""

    def __init__(self, entry: Entry, network: FakeNetwork, settings: Any) -> None:
        self.entry, self.network, self.settings = entry, network, settings
        self._numbers = count(1)
        self.zoe = self.local("https://local.example/users/zoe")
        private, public = key_pair("instance")
        uri = instance_actor_uri()
        SigningKey.objects.create(
            actor_uri=uri, key_id=f"{uri}#main-key", private_key_pem=private, public_key_pem=public
        )

    # People

    @property
    def actor_uri(self) -> str:
        """The id of the actor of an activity, or of the author of an object."""
        return id_in(self.entry.document.get("actor")) or id_in(self.entry.document.get("attributedTo"))

    @property
    def embedded(self) -> Document:
        """The object that an activity embeds; {} for a bare id."""
        return next(iter(objects_in(self.entry.document.get("object"))), {})

    @property
    def object_uri(self) -> str:
        """The id of the object of an activity."""
        return id_in(self.entry.document.get("object"))

    def remote(self, uri: str, *, is_followed: bool = False, **fields: Any) -> Account:
        """Return the account elsewhere with this uri, which exists from now on."""
        found = Account.objects.filter(uri=uri).first()
        if found is None:
            host = host_of(uri) or "nowhere.example"
            self.reach(uri)
            name = f"person{next(self._numbers)}"
            columns = {"url": uri, "inbox_url": f"{uri}/inbox", "followers_url": self._followers(uri)}
            found = make_remote_account(name, host, uri=uri, **columns | fields)
            RemoteKey.objects.create(
                key_id=f"{uri}#main-key",
                actor_uri=uri,
                public_key_pem=key_pair("instance")[1],
                fetched_at=LONG_AGO,
            )
            if is_followed:
                self.follow(self.zoe, found, uri=f"https://local.example/follows/{found.pk}")
        return found

    def local(self, uri: str) -> Account:
        """Return the account of ours with this uri, which exists from now on."""
        self._is_here(uri)
        known = Account.objects.filter(uri=uri).first()
        return known or make_account(f"local{next(self._numbers)}", uri=uri)

    def _is_here(self, uri: str) -> None:
        """Let the host of a uri be ours, unless the actor of the payload lives there."""
        host = host_of(uri)
        if host and host != host_of(self.actor_uri):
            self.settings.LOCAL_DOMAIN = host

    def follow(self, account: Account, target: Account, *, uri: str, accepted: bool = True) -> Follow:
        """Let somebody follow somebody."""
        return Follow.objects.create(
            account=account,
            target=target,
            uri=uri,
            created_at=LONG_AGO,
            accepted_at=LONG_AGO if accepted else None,
        )

    def _followers(self, uri: str) -> str:
        """The address of an actor's followers: as the payload has it, for servers name it as they like."""
        named = [iri for value in _audiences(self.entry.document) for iri in ids_in(value)]
        candidates = [iri for iri in named if re.search(r"/followers/?$", iri)]
        own = [iri for iri in candidates if iri.startswith(uri)]
        same = [iri for iri in candidates if host_of(iri) == host_of(uri)] if uri == self.actor_uri else []
        return next(iter([*own, *same]), f"{uri}/followers")

    # Statuses

    def status(self, uri: str, author: Account, **fields: Any) -> Status:
        """Return the status with this uri, which exists from now on."""
        known = Status.objects.filter(uri=uri).first()
        return known or Status.objects.create(
            **{
                "uri": uri,
                "url": uri,
                "account": author,
                "is_local": author.is_local,
                "content": "<p>as it was</p>",
                "visibility": "public",
                "conversation_uri": uri,
                "created_at": LONG_AGO,
                **fields,
            }
        )

    def ours(self, uri: str, **fields: Any) -> Status:
        """Return the status of one of ours with this uri."""
        self._is_here(uri)
        return self.status(uri, self.zoe, **fields)

    def poll(self, uri: str, options: list[str], *, multiple: bool = False) -> Poll:
        """Let a status of ours ask something."""
        later = datetime.now(UTC) + timedelta(days=1)
        status = self.ours(uri)
        return Poll.objects.create(
            status=status,
            options=options,
            tallies=[0] * len(options),
            multiple=multiple,
            expires_at=later,
            voters_count=0,
        )

    def favourite(self, account: Account, status: Status, uri: str) -> Favourite:
        """Let somebody have favourited a status."""
        return Favourite.objects.create(account=account, status=status, uri=uri, created_at=LONG_AGO)

    def quote(self, status: Status, quoted: Status, **fields: Any) -> Quote:
        """Let a status quote another one."""
        return Quote.objects.create(status=status, quoted=quoted, quoted_uri=quoted.uri, **fields)

    # The network

    def reach(self, url: str) -> None:
        """Let a host of the corpus be asked, whatever port or address it names."""
        host = host_of(url)
        if host and host not in self.settings.FEDERATION_PRIVATE_HOSTS and not _is_ordinary(url):
            self.settings.FEDERATION_PRIVATE_HOSTS = (*self.settings.FEDERATION_PRIVATE_HOSTS, host)

    def serve(self, url: str, document: Document | bytes) -> None:
        """Serve a document at a URL."""
        self.reach(url)
        self.network.serve(url, document)

    def serve_note(self, uri: str, author: Account, **changes: Any) -> Document:
        """Serve a public note with this id."""
        note = {
            "@context": AS2,
            "id": uri,
            "type": "Note",
            "attributedTo": author.uri,
            "content": "<p>as its own server has it</p>",
            "published": "2020-01-01T00:00:00Z",
            "to": [PUBLIC],
            **changes,
        }
        self.serve(uri, note)
        return note

    # The doors

    def deliver(self, body: bytes, monkeypatch: Any) -> int:
        """Take a delivery in that its actor signed, let the jobs run, and return what it was answered."""
        signer = VerifiedRequest(
            self.actor_uri, f"{self.actor_uri}#main-key", host_of(self.actor_uri) or "nowhere.example"
        )
        monkeypatch.setattr("federation.inbox.verify_request", lambda request, now: signer)
        with transaction.atomic():
            response = Client().post(
                "/inbox",
                body,
                content_type="application/activity+json",
                headers={"Host": self.settings.WEB_DOMAIN},
            )
        run_waiting_jobs()
        return response.status_code


def _audiences(document: Document) -> Iterator[Any]:
    for part in (document, *objects_in(document.get("object"))):
        for key in ("to", "cc", "followers"):
            yield part.get(key)


def _is_ordinary(url: str) -> bool:
    parts = urlsplit(url)
    return "." in (parts.hostname or "") and parts.port is None and not (parts.hostname or "")[-1].isdigit()


def with_context(document: Document) -> bytes:
    """Return the bytes of a document."""
    return orjson.dumps({"@context": AS2, **document})
