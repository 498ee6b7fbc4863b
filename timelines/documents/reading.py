"""Posts of other servers → plain values: checked, cleaned, cut. Whatever makes no sense counts as absent.

Source: contract of the federation 3.2, 3.6, 3.7.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

from django.utils import timezone

from core.errors import BadRequest
from core.hosts import host_of, same_host
from core.text import clean_line, clean_text, normalise_tag, sanitise_html
from federation.vocab import (
    POST_TYPES,
    PUBLIC,
    addressed,
    id_of,
    ids_of,
    lang_string,
    language_of,
    link_href,
    list_of,
    object_of,
    read_collection,
    string_of,
    time_of,
    type_of,
    types_of,
)
from media.documents import RemoteEmoji, RemoteFile, parse_attachments, parse_emojis, parse_links
from timelines.documents.question import PollValues, read_poll_values
from timelines.documents.quote import PolicyValues, QuoteValues, read_policy, read_quote
from timelines.models import Status

MAX_TAGS = 100
MAX_MENTIONS = 100
MAX_SPOILER = 2048
MAX_TAG_NAME = 200
MAX_URI = 2048
MAX_REPLIES = 5
# Some servers stamp `updated` a moment after `published` on posts that nobody edited.
SAME_MOMENT = timedelta(seconds=1)

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_UNCONVERTED = frozenset({"Note", "Question"})


class BadNote(BadRequest):
    """The document is no post that we can store."""


@dataclass(frozen=True, slots=True)
class MentionTag:
    """Somebody whom a post names: the actor's id, as the tag says."""

    href: str
    name: str


@dataclass(frozen=True, slots=True)
class NoteValues:
    """What we keep of a remote post. `content` is sanitised HTML; `tag_names`: normalised → as written."""

    uri: str
    url: str
    author_uris: tuple[str, ...]
    content: str
    spoiler_text: str
    sensitive: bool
    language: str | None
    created_at: datetime
    updated_at: datetime | None
    in_reply_to_uri: str
    conversation_uri: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    direct_message: bool | None
    # The option that a vote names; None for all that is no vote.
    vote_for: str | None
    poll: PollValues | None
    quote: QuoteValues | None
    quote_policy: PolicyValues
    mentions: tuple[MentionTag, ...]
    tag_names: dict[str, str]
    files: tuple[RemoteFile, ...]
    # The pages that it is about, as its server says; the first one is shown as its card.
    links: tuple[str, ...]
    # How many favourites and reblogs its own server counts; None when it does not say.
    favourites_count: int | None
    reblogs_count: int | None
    # Replies that its own server has, to be looked at once.
    reply_uris: tuple[str, ...]
    emojis: tuple[RemoteEmoji, ...]

    @property
    def edited_at(self) -> datetime | None:
        """When it was last edited, as far as a first look at it tells."""
        edited = self.updated_at is not None and self.updated_at - self.created_at > SAME_MOMENT
        return self.updated_at if edited else None

    @property
    def linked_url(self) -> str:
        """The page that is shown as its card, when its server names one."""
        return next(iter(self.links), "")

    @property
    def recipients(self) -> tuple[str, ...]:
        """All whom it is addressed to, each once, without the public."""
        return tuple(iri for iri in dict.fromkeys((*self.to, *self.cc)) if iri != PUBLIC)

    def visibility(self, followers_url: str) -> Status.Visibility:
        """Return who may see it, before silent mentions are counted. Source: contract 3.6."""
        if PUBLIC in self.to:
            return Status.Visibility.PUBLIC
        if PUBLIC in self.cc:
            return Status.Visibility.UNLISTED
        if followers_url and followers_url in (*self.to, *self.cc):
            return Status.Visibility.PRIVATE
        return Status.Visibility.LIMITED if self.direct_message is False else Status.Visibility.DIRECT


def read_note(document: Mapping[str, Any], activity: Mapping[str, Any] | None = None) -> NoteValues:
    """Read a post; `activity` is asked for `to` and `cc` when the post has neither. Raises BadNote."""
    uri, kind = string_of(document, "id") or "", _kind(document)
    if host_of(uri) is None:
        raise BadNote(cause="a post needs an http(s) id")
    now = timezone.now()
    created_at = min(time_of(document, "published") or now, now)
    audience = addressed(document)
    if not (audience.to or audience.cc) and activity is not None:
        audience = addressed(activity)
    content, language = _content(document, kind)
    spoiler = "" if kind not in _UNCONVERTED else _spoiler(document)
    return NoteValues(
        uri=uri,
        url=link_href(document.get("url")) or uri,
        author_uris=tuple(ids_of(document.get("attributedTo"))),
        content=content,
        spoiler_text=spoiler,
        sensitive=document.get("sensitive") is True or _has_sensitive_file(document),
        language=language,
        created_at=created_at,
        updated_at=_updated(document, now),
        in_reply_to_uri=_parent_uri(document, uri),
        conversation_uri=_opaque(document.get("context")) or _opaque(document.get("conversation")),
        to=audience.to,
        cc=audience.cc,
        direct_message=_flag(document, "directMessage"),
        vote_for=_vote_for(document),
        poll=read_poll_values(document),
        quote=read_quote(document),
        quote_policy=read_policy(document),
        mentions=_mentions(document),
        tag_names=_tag_names(document),
        files=tuple(parse_attachments(document.get("attachment"))),
        links=tuple(parse_links(document.get("attachment"))),
        favourites_count=_total(document, "likes"),
        reblogs_count=_total(document, "shares"),
        reply_uris=_replies(document, uri),
        emojis=tuple(parse_emojis(document.get("tag"))),
    )


def _kind(document: Mapping[str, Any]) -> str:
    kind = next((name for name in types_of(document) if name in POST_TYPES), None)
    if kind is None:
        raise BadNote(cause=f"no post: {type_of(document)}")
    return kind


def _content(document: Mapping[str, Any], kind: str) -> tuple[str, str | None]:
    """Return HTML and language; other kinds than Note become their title, summary and address."""
    if kind in _UNCONVERTED:
        found = lang_string(document, "content")
        language = (found and found.language) or language_of(document, "content", "name", "summary")
        return sanitise_html(found.text if found else ""), _language(language)
    name, summary = lang_string(document, "name"), lang_string(document, "summary")
    url = link_href(document.get("url")) or string_of(document, "id") or ""
    title = f"<h2>{escape(clean_line(name.text))}</h2>" if name else ""
    html = f'{title}{summary.text if summary else ""}<p><a href="{escape(url)}">{escape(url)}</a></p>'
    return sanitise_html(html), _language(language_of(document, "content", "name", "summary"))


def _spoiler(document: Mapping[str, Any]) -> str:
    summary = lang_string(document, "summary")
    return clean_text(summary.text).strip()[:MAX_SPOILER] if summary else ""


def _language(tag: str | None) -> str | None:
    return tag if tag is not None and len(tag) <= 35 and _LANGUAGE.fullmatch(tag) else None


def _updated(document: Mapping[str, Any], now: datetime) -> datetime | None:
    updated = time_of(document, "updated")
    return min(updated, now) if updated is not None else None


def _has_sensitive_file(document: Mapping[str, Any]) -> bool:
    return any(
        isinstance(entry, dict) and entry.get("sensitive") is True
        for entry in list_of(document.get("attachment"))
    )


def _vote_for(document: Mapping[str, Any]) -> str | None:
    """A name without content that replies to something is a vote in a poll, and never a status."""
    name = document.get("name")
    is_vote = (
        "Note" in types_of(document)
        and lang_string(document, "content") is None
        and id_of(document.get("inReplyTo")) is not None
    )
    return name if isinstance(name, str) and is_vote else None


def _flag(document: Mapping[str, Any], key: str) -> bool | None:
    value = document.get(key)
    return value if isinstance(value, bool) else None


def _uri(value: str | None) -> str:
    return value if value and host_of(value) else ""


def _parent_uri(document: Mapping[str, Any], uri: str) -> str:
    parent = _uri(id_of(document.get("inReplyTo")))
    return "" if parent == uri else parent


def _total(document: Mapping[str, Any], key: str) -> int | None:
    collection = object_of(document.get(key))
    return read_collection(collection).total if collection else None


def _replies(document: Mapping[str, Any], uri: str) -> tuple[str, ...]:
    """Return a few replies of the first page that the post embeds, only what its own host can vouch for."""
    replies = object_of(document.get("replies"))
    found = (read_collection(replies).items if replies else None) or ()
    named = [reply for reply in dict.fromkeys(found) if reply and reply != uri and same_host(reply, uri)]
    return tuple(named[:MAX_REPLIES])


def _opaque(value: Any) -> str:
    found = id_of(value) or ""
    return found if len(found) <= MAX_URI else ""


def _mentions(document: Mapping[str, Any]) -> tuple[MentionTag, ...]:
    found: dict[str, MentionTag] = {}
    for entry in _tags_of_type(document, "Mention"):
        href = _uri(string_of(entry, "href"))
        if href:
            found.setdefault(href, MentionTag(href, (string_of(entry, "name") or "")[:MAX_URI]))
    return tuple(found.values())[:MAX_MENTIONS]


def _tag_names(document: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in _tags_of_type(document, "Hashtag"):
        written = clean_line(string_of(entry, "name") or "")[:MAX_TAG_NAME].lstrip("#")
        name = normalise_tag(written)
        if 0 < len(name) <= MAX_TAG_NAME and not name.isdigit() and len(found) < MAX_TAGS:
            found.setdefault(name, written)
    return found


def _tags_of_type(document: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [
        entry for entry in list_of(document.get("tag")) if isinstance(entry, dict) and kind in types_of(entry)
    ]
