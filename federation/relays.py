"""Relays: we ask them for public posts of others and hand them ours.

`add_relay` and `remove_relay` are called by the command line, `receive_answer` by accounts/inbox.py,
`is_relay` by whoever takes in what a relay sends, `relay_inboxes` by every `outbox.py` that tells everybody
something. Source: FEP-ae0c; contract of the federation 3.11.
"""

from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound, Unprocessable
from core.hosts import host_of, same_host
from federation.delivery import deliver
from federation.keys import create_signing_key, instance_actor_uri
from federation.local import is_local_uri
from federation.models import Relay
from federation.vocab import AS2, PUBLIC


def add_relay(inbox_url: str) -> Relay:
    """Ask the relay behind an inbox to send us what it gets. Raises Unprocessable."""
    if host_of(inbox_url) is None or is_local_uri(inbox_url):
        raise Unprocessable(_("This is not the inbox of a relay"))
    sender_uri = instance_actor_uri()
    create_signing_key(sender_uri)
    with transaction.atomic():
        relay, created = Relay.objects.get_or_create(
            inbox_url=inbox_url, defaults={"follow_uri": f"{settings.BASE_URL}/{uuid4()}"}
        )
        if not created:
            raise Unprocessable(_("This relay is there already"))
        _send(relay, {"@context": AS2, **_follow(relay)})
    return relay


def remove_relay(inbox_url: str) -> None:
    """Ask a relay to send us nothing any more. Raises NotFound."""
    with transaction.atomic():
        relay = Relay.objects.select_for_update().filter(inbox_url=inbox_url).first()
        if relay is None:
            raise NotFound()
        undo = {
            "id": f"{relay.follow_uri}/undo",
            "type": "Undo",
            "actor": instance_actor_uri(),
            "object": _follow(relay),
        }
        _send(relay, {"@context": AS2, **undo})
        relay.delete()


def receive_answer(follow_uri: str, actor_uri: str, *, accepted: bool) -> bool:
    """Note what a relay answered to our Follow; False when it is about something else.

    Only whoever lives where we sent the Follow can answer it.
    """
    relay = Relay.objects.filter(follow_uri=follow_uri).first()
    if relay is None:
        return False
    if same_host(relay.inbox_url, actor_uri):
        state = Relay.State.ACCEPTED if accepted else Relay.State.REJECTED
        Relay.objects.filter(pk=relay.pk).update(state=state, actor_uri=actor_uri)
    return True


def is_relay(actor_uri: str) -> bool:
    """Tell whether an actor is a relay that we asked and that agreed."""
    return Relay.objects.filter(actor_uri=actor_uri, state=Relay.State.ACCEPTED).exists()


def relay_inboxes() -> "QuerySet[Relay, str]":
    """Return where public posts of ours go besides their readers."""
    return Relay.objects.filter(state=Relay.State.ACCEPTED).values_list("inbox_url", flat=True)


def _follow(relay: Relay) -> dict[str, str]:
    return {"id": relay.follow_uri, "type": "Follow", "actor": instance_actor_uri(), "object": PUBLIC}


def _send(relay: Relay, document: dict[str, object]) -> None:
    deliver(document, sender_uri=instance_actor_uri(), inboxes=[relay.inbox_url], object_uri=relay.follow_uri)
