"""The JSON-LD contexts that we know, and the one that we read signed documents in.

Contexts are never fetched: whoever serves one could change what a signed document means. Pure; called by
`linked_data.py`. Source: contract of the federation §1.5, §2.6.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from federation.signatures.errors import SignatureInvalid
from federation.vocab import AS2, CONTEXT, SECURITY

IDENTITY = "https://w3id.org/identity/v1"

_FOLDER = Path(__file__).parent / "contexts"
_FILES = {
    AS2: "activitystreams",
    f"{AS2}.jsonld": "activitystreams",
    SECURITY: "security-v1",
    IDENTITY: "identity-v1",
    "https://w3id.org/security/data-integrity/v1": "security-data-integrity-v1",
    "https://w3id.org/security/data-integrity/v2": "security-data-integrity-v2",
    "https://w3id.org/security/multikey/v1": "security-multikey-v1",
    "https://www.w3.org/ns/did/v1": "did-v1",
    "https://purl.archive.org/socialweb/webfinger": "webfinger",
    "https://gotosocial.org/ns": "gotosocial",
    "https://join-lemmy.org/context.json": "join-lemmy",
    "http://joinmastodon.org/ns": "joinmastodon",
    "https://purl.archive.org/miscellany": "miscellany",
    "https://w3id.org/fep/5711": "fep-5711",
    "https://w3id.org/fep/7aa9": "fep-7aa9",
    "https://w3id.org/fep/ef61": "fep-ef61",
}

_SECURITY = "https://w3id.org/security#"
# What we never write, but read: without a definition it would be outside the signature (CVE-2026-50128).
_READ_TERMS: dict[str, Any] = {
    "quoteUrl": "as:quoteUrl",
    "misskey": "https://misskey-hub.net/ns#",
    "_misskey_content": "misskey:_misskey_content",
    "_misskey_reaction": "misskey:_misskey_reaction",
    "EmojiReact": "litepub:EmojiReact",
    "ChatMessage": "litepub:ChatMessage",
    "Multikey": f"{_SECURITY}Multikey",
    "assertionMethod": {"@id": f"{_SECURITY}assertionMethod", "@type": "@id", "@container": "@set"},
    "controller": {"@id": f"{_SECURITY}controller", "@type": "@id"},
    "publicKeyMultibase": {"@id": f"{_SECURITY}publicKeyMultibase", "@type": f"{_SECURITY}multibase"},
}

READING_CONTEXT: list[Any] = [*CONTEXT, _READ_TERMS]


def load_context(url: str, _options: Any = None) -> dict[str, Any]:
    """Return a context that we have, in the shape that pyld asks a document loader for; raises
    SignatureInvalid.
    """
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": _read(url),
        "tag": "static",
    }


@cache
def defined_terms() -> frozenset[str]:
    """Return the properties that READING_CONTEXT defines: nothing else in a document can be signed."""
    terms: set[str] = set()
    for context in READING_CONTEXT:
        entries = _read(context)["@context"] if isinstance(context, str) else context
        for part in entries if isinstance(entries, list) else [entries]:
            terms.update(name for name in part if not name.startswith("@"))
    return frozenset(terms)


@cache
def _read(url: str) -> dict[str, Any]:
    name = _FILES.get(url)
    if name is None:
        raise SignatureInvalid("context_not_allowed")
    document: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return document
