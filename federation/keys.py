"""Keys: our actors' own, and the public ones that other actors list in their documents.

Called when a local actor is made, by everything that signs, and by accounts whenever it stores a remote
actor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import NotFound
from core.events import emit
from core.hosts import same_host
from federation.events import ActorKeysReplaced
from federation.models import RemoteKey, SigningKey
from federation.signatures import SignatureInvalid
from federation.signatures.multikey import load_multikey
from federation.signatures.outgoing import Scheme, sign_request
from federation.signatures.pem import generate_key_pair, load_own_key, load_public_key, render_public_key
from federation.vocab import ACTIVITY_JSON, id_of, list_of, string_of

MAX_KEYS_PER_ACTOR = 10


@dataclass(frozen=True, slots=True)
class Signer:
    """An actor of ours with the key it signs requests with."""

    key_id: str
    private_key_pem: str

    def sign_get(self, method: str, url: str, scheme: Scheme = Scheme.CAVAGE) -> dict[str, str]:
        """Return the headers that sign one GET; has the shape that `core.http.fetch` asks for."""
        return self._sign(scheme, method, url)

    def sign_post(self, url: str, body: bytes, scheme: Scheme = Scheme.CAVAGE) -> dict[str, str]:
        """Return the headers that sign one POST of an activity."""
        return self._sign(scheme, "POST", url, body=body, content_type=ACTIVITY_JSON)

    def _sign(
        self, scheme: Scheme, method: str, url: str, *, body: bytes | None = None, content_type: str = ""
    ) -> dict[str, str]:
        return sign_request(
            scheme,
            method=method,
            url=url,
            key_id=self.key_id,
            private_key=load_own_key(self.private_key_pem),
            now=datetime.now(UTC),
            body=body,
            content_type=content_type,
        )


# Ours


def create_signing_key(actor_uri: str) -> SigningKey:
    """Return the key pair of an actor of ours, making it (RSA-2048) if there is none; safe to repeat."""
    key = SigningKey.objects.filter(actor_uri=actor_uri).first()
    if key is not None:
        return key
    private_key_pem, public_key_pem = generate_key_pair()
    try:
        with transaction.atomic():
            return SigningKey.objects.create(
                actor_uri=actor_uri,
                key_id=f"{actor_uri}#main-key",
                private_key_pem=private_key_pem,
                public_key_pem=public_key_pem,
            )
    except IntegrityError:
        return SigningKey.objects.get(actor_uri=actor_uri)


def public_key_pem(actor_uri: str) -> str:
    """Return the public half of an actor's key; raises NotFound."""
    return _signing_key(actor_uri).public_key_pem


def public_key_document(actor_uri: str) -> dict[str, str]:
    """Return the `publicKey` of an actor document; raises NotFound."""
    key = _signing_key(actor_uri)
    return {"id": key.key_id, "owner": actor_uri, "publicKeyPem": key.public_key_pem}


def signer_for(actor_uri: str) -> Signer:
    """Return who signs for an actor of ours; raises NotFound."""
    key = _signing_key(actor_uri)
    return Signer(key.key_id, key.private_key_pem)


def instance_actor_uri() -> str:
    """Return the id of the actor that stands for the whole server."""
    return f"{settings.BASE_URL}/actor"


def instance_signer() -> Signer:
    """Return who signs what the server does on its own behalf; makes the key on first need."""
    key = create_signing_key(instance_actor_uri())
    return Signer(key.key_id, key.private_key_pem)


def _signing_key(actor_uri: str) -> SigningKey:
    key = SigningKey.objects.filter(actor_uri=actor_uri).first()
    if key is None:
        raise NotFound(cause=f"no signing key of {actor_uri}")
    return key


# Theirs


def listed_key_ids(actor_document: Mapping[str, Any]) -> list[str]:
    """Return the ids of the keys that an actor document lists, embedded or by bare id, at most ten."""
    return list(dict.fromkeys(key_id for key_id, _entry in _listed(actor_document)))


def listed_keys(actor_document: Mapping[str, Any]) -> dict[str, str]:
    """Return the usable keys that an actor document embeds: key id → public key PEM.

    A key whose id is on another host than the actor, or that names another owner, is none of its keys.
    """
    actor_uri = string_of(actor_document, "id") or ""
    found: dict[str, str] = {}
    for key_id, entry in _listed(actor_document):
        pem = read_key(entry, owner=actor_uri)
        if pem is not None:
            found.setdefault(key_id, pem)
    return found


def read_key(entry: Any, *, owner: str) -> str | None:
    """Return the public key PEM of a key document, a `Key` or a `Multikey`, if it is usable and its owner's.

    Source: W3C Security Vocabulary; FEP-521a.
    """
    if not isinstance(entry, dict):
        return None
    if {id_of(entry.get(name)) for name in ("owner", "controller")} - {None, owner}:
        return None
    pem, multibase = string_of(entry, "publicKeyPem"), string_of(entry, "publicKeyMultibase")
    try:
        if pem is not None:
            return render_public_key(load_public_key(pem))
        return render_public_key(load_multikey(multibase)) if multibase is not None else None
    except SignatureInvalid:
        return None


def store_actor_keys(
    actor_document: Mapping[str, Any], *, further: Mapping[str, str] | None = None, announced: bool = False
) -> None:
    """Keep the keys that a freshly fetched (or signed) actor document lists, and drop those it lists no
    longer.

    `further` are keys that the document lists only by id, fetched from where they are. A key stored for
    another actor is never overwritten. When none of the known keys is left, and no Update signed with one of
    them `announced` that, the actor was set up anew: ActorKeysReplaced is emitted.
    """
    actor_uri = string_of(actor_document, "id") or ""
    listed = listed_key_ids(actor_document)
    keys = {key_id: pem for key_id, pem in (further or {}).items() if key_id in listed}
    keys |= listed_keys(actor_document)
    with transaction.atomic():
        known = RemoteKey.objects.filter(actor_uri=actor_uri)
        before = set(known.values_list("key_id", "public_key_pem"))
        known.exclude(key_id__in=listed).delete()
        for key_id, pem in keys.items():
            _store_key(actor_uri, key_id, pem)
        after = set(known.all().values_list("key_id", "public_key_pem"))
        if before and after and not before & after and not announced:
            emit(ActorKeysReplaced(actor_uri))


def forget_actor_keys(actor_uri: str) -> None:
    """Drop the stored keys of a remote actor that is deleted."""
    RemoteKey.objects.filter(actor_uri=actor_uri).delete()


def _store_key(actor_uri: str, key_id: str, pem: str) -> None:
    now = timezone.now()
    row, created = RemoteKey.objects.get_or_create(
        key_id=key_id, defaults={"actor_uri": actor_uri, "public_key_pem": pem, "fetched_at": now}
    )
    if not created:
        RemoteKey.objects.filter(pk=row.pk, actor_uri=actor_uri).update(public_key_pem=pem, fetched_at=now)


def _listed(actor_document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return (key id, entry) of what `publicKey` and `assertionMethod` list on the actor's own host."""
    actor_uri = string_of(actor_document, "id") or ""
    entries = [
        entry
        for name in ("publicKey", "assertionMethod")
        for entry in list_of(actor_document.get(name))[:MAX_KEYS_PER_ACTOR]
    ]
    named = [(id_of(entry), entry) for entry in entries]
    return [(key_id, entry) for key_id, entry in named if key_id and same_host(key_id, actor_uri)][
        :MAX_KEYS_PER_ACTOR
    ]
