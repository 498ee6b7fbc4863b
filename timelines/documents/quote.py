"""Quotes and who may quote, as properties of a Note, and the stamp that proves consent; both ways, pure.

Source: FEP-044f; contract of the federation 3.7 ("Quote"), 4.3, 4.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import Account
from core.hosts import host_of, same_host
from federation.vocab import ACTIVITY_JSON, PUBLIC, id_of, ids_of, is_public, list_of, string_of, types_of
from timelines.models import Quote, Status
from timelines.quote_policy import FOLLOWERS, FOLLOWING, UNSUPPORTED
from timelines.quote_policy import PUBLIC as ANYBODY

Document = dict[str, Any]

MAX_URI = 2048
# How servers that ask nobody say it; one of them misspells it.
_LEGACY = ("_misskey_quote", "_misksey_quote", "quoteUrl", "quoteUri")
_MAX_POLICY = 20


@dataclass(frozen=True, slots=True)
class QuoteValues:
    """What a remote post quotes: ``uri`` is "" when that is deleted, ``approval_uri`` "" without a stamp."""

    uri: str
    approval_uri: str
    legacy: bool


@dataclass(frozen=True, slots=True)
class PolicyValues:
    """Whose quotes a remote author accepts at once, and whose after a look: addresses as sent."""

    automatic: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()


# Reading


def read_quote(document: Mapping[str, Any]) -> QuoteValues | None:
    """Read what a post quotes; None when it quotes nothing."""
    quoted = document.get("quote")
    if "Tombstone" in types_of(quoted):
        return QuoteValues("", "", legacy=False)
    if uri := _uri(id_of(quoted)):
        return QuoteValues(uri, _uri(id_of(document.get("quoteAuthorization"))), legacy=False)
    named = (_uri(string_of(document, key)) for key in _LEGACY)
    uri = next(filter(None, named), "") or _linked(document)
    return QuoteValues(uri, "", legacy=True) if uri else None


def _linked(document: Mapping[str, Any]) -> str:
    """Return the post that a Link among the tags stands for. Source: FEP-e232."""
    for entry in list_of(document.get("tag")):
        if isinstance(entry, dict) and "Link" in types_of(entry) and _is_post_link(entry):
            return _uri(string_of(entry, "href"))
    return ""


def _is_post_link(entry: Mapping[str, Any]) -> bool:
    media_type = string_of(entry, "mediaType") or ""
    is_document = media_type == ACTIVITY_JSON or media_type.startswith("application/ld+json")
    return is_document and (string_of(entry, "name") or "").startswith("RE:")


def _uri(value: str | None) -> str:
    return value if value and len(value) <= MAX_URI and host_of(value) else ""


def read_policy(document: Mapping[str, Any]) -> PolicyValues:
    """Read who may quote a post; without a word about it nobody may."""
    policy = document.get("interactionPolicy")
    rules = policy.get("canQuote") if isinstance(policy, dict) else None
    if not isinstance(rules, dict):
        return PolicyValues()
    return PolicyValues(
        automatic=_addresses(rules, "automaticApproval", "always"),
        manual=_addresses(rules, "manualApproval", "approvalRequired"),
    )


def _addresses(rules: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    found = next((ids_of(rules[key]) for key in keys if key in rules), [])
    return tuple(found[:_MAX_POLICY])


def policy_keys(addresses: tuple[str, ...], author: Account) -> list[str]:
    """Return whom these addresses mean, as in the API; the author alone is nobody."""
    found = {_policy_key(address, author) for address in addresses if address != author.uri}
    return sorted(found)


def _policy_key(address: str, author: Account) -> str:
    if is_public(address):
        return ANYBODY
    if address == author.followers_url:
        return FOLLOWERS
    return FOLLOWING if address == author.following_url else UNSUPPORTED


def is_stamp(document: Mapping[str, Any], quote: Quote) -> bool:
    """Tell whether a fetched document is the quoted author's consent to exactly this quote."""
    assert quote.quoted is not None
    author_uri = quote.quoted.account.uri
    return (
        "QuoteAuthorization" in types_of(document)
        and same_host(id_of(document) or "", author_uri)
        and id_of(document.get("attributedTo")) == author_uri
        and id_of(document.get("interactingObject")) == quote.status.uri
        and id_of(document.get("interactionTarget")) == quote.quoted.uri
    )


# Rendering


def render_quote(quote: Quote | None) -> Document:
    """Return what the Note of a status says of what it quotes."""
    if quote is None:
        return {}
    if quote.state == Quote.State.DELETED:
        return {"quote": {"type": "Tombstone"}}
    found: Document = dict.fromkeys(("quote", "_misskey_quote", "quoteUri"), quote.quoted_uri)
    if quote.state == Quote.State.ACCEPTED and quote.approval_uri:
        found["quoteAuthorization"] = quote.approval_uri
    return found


def render_policy(status: Status) -> Document:
    """Return what the Note of a status of ours says of who may quote it; nobody is the author alone."""
    uri = status.account.uri
    addresses = {ANYBODY: PUBLIC, FOLLOWERS: f"{uri}/followers", FOLLOWING: f"{uri}/following"}
    allowed = [addresses[key] for key in status.quote_automatic if key in addresses]
    return {"interactionPolicy": {"canQuote": {"automaticApproval": allowed or [uri]}}}


def stamp_uri(quote: Quote, author: Account) -> str:
    """Return the address of the consent of an author of ours."""
    return f"{author.uri}/quote_authorizations/{quote.pk}"


def render_stamp(quote: Quote) -> Document:
    """Render the consent of an author of ours, without `@context`."""
    assert quote.quoted is not None
    return {
        "id": quote.approval_uri,
        "type": "QuoteAuthorization",
        "attributedTo": quote.quoted.account.uri,
        "interactingObject": quote.status.uri,
        "interactionTarget": quote.quoted_uri,
    }
