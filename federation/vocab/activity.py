"""An activity as receivers get it: the parts that routing and every receiver need, read once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from federation.vocab.values import id_of, list_of, object_of, string_of, type_of


@dataclass(frozen=True, slots=True)
class Activity:
    """A received activity whose signer is proven to be `actor_uri`.

    `id` is "" when the sender gave none, `object` is raw, `object_uri` is "" and `object_type` None when the
    object has none (a bare id has no type). `recipient_uri` names the owner of the personal inbox, "" for the
    shared one. `body` is what was sent, byte for byte, for whoever forwards it. `sender_uri` is who sent it:
    the actor, or a relay or server that passes on what the actor provably said.
    """

    id: str
    type: str
    actor_uri: str
    object: Any
    object_uri: str
    object_type: str | None
    document: Mapping[str, Any]
    recipient_uri: str
    received_at: datetime
    body: bytes = b""
    sender_uri: str = ""

    def object_document(self) -> dict[str, Any] | None:
        """Return the embedded object; None when the object is a bare id."""
        return object_of(self.object)

    def parts(self) -> list["Activity"]:
        """Return one activity for each object, for some send several at once (votes of GoToSocial)."""
        if not isinstance(self.object, list) or len(self.object) < 2:
            return [self]
        return [
            replace(self, object=item, object_uri=id_of(item) or "", object_type=type_of(item))
            for item in list_of(self.object)
        ]


def read_activity(
    document: Mapping[str, Any],
    *,
    recipient_uri: str,
    received_at: datetime,
    body: bytes = b"",
    sender_uri: str = "",
) -> Activity | None:
    """Read an activity out of a document; None when it lacks a type or names no single actor."""
    kind = type_of(document)
    actors = document.get("actor")
    actor_uri = id_of(actors)
    if kind is None or actor_uri is None or (isinstance(actors, list) and len(actors) != 1):
        return None
    return Activity(
        id=string_of(document, "id") or "",
        type=kind,
        actor_uri=actor_uri,
        object=document.get("object"),
        object_uri=id_of(document.get("object")) or "",
        object_type=type_of(document.get("object")),
        document=document,
        recipient_uri=recipient_uri,
        received_at=received_at,
        body=body,
        sender_uri=sender_uri or actor_uri,
    )
