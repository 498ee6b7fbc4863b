"""A status of ours as a Note, and the loader of what a page of Notes needs.

Source: contract of the federation 4.2, 4.3.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from accounts.documents import tag_url
from accounts.models import Account, Follow
from core.api.rendering import iso
from core.text import find_shortcodes
from federation.vocab import PUBLIC
from media.attachments import load_attachments
from media.documents import render_document, render_emoji_tag
from media.emojis import load_emojis
from media.models import CustomEmoji, MediaAttachment
from timelines.documents.question import render_question
from timelines.documents.quote import render_policy, render_quote
from timelines.models import Mention, Poll, Quote, Status, Tag
from timelines.visibility import OPEN

Document = dict[str, Any]

Visibility = Status.Visibility
_MAX_INLINED_REPLIES = 5
# The text goes along up to three times, and some servers take no more than 64 KiB in all.
_MAX_REPEATED_TEXT = 16_000


@dataclass(frozen=True, slots=True)
class Addresses:
    """`to` and `cc` of something of ours."""

    to: list[str]
    cc: list[str]


@dataclass(frozen=True, slots=True)
class Note:
    """A status with all that its document shows, so that rendering asks the database for nothing."""

    status: Status
    mentions: Sequence[Mention]
    tags: Sequence[Tag]
    attachments: Sequence[MediaAttachment]
    emojis: Sequence[CustomEmoji]
    # Id and uri of the author's own open replies, oldest first.
    own_replies: Sequence[tuple[int, str]]
    poll: Poll | None = None
    quote: Quote | None = None
    # Ids of mentioned accounts that a silenced author must not reach: they do not follow it.
    unreachable: frozenset[int] = field(default_factory=frozenset)

    @property
    def addressed(self) -> list[Account]:
        """The mentioned accounts that the status reaches."""
        return [row.account for row in self.mentions if row.account_id not in self.unreachable]

    @property
    def addresses(self) -> Addresses:
        """Whom the status is addressed to."""
        mentioned = [uri for account in self.addressed for uri in _addresses_of(account)]
        return address(self.status.visibility, self.status.account, mentioned)


def new_note(
    status: Status,
    *,
    mentions: Sequence[Mention],
    tags: Sequence[Tag],
    attachments: Sequence[MediaAttachment],
    poll: Poll | None,
    quote: Quote | None,
) -> Note:
    """Return a status that was just written, with what was written with it; only emojis are asked for."""
    codes = dict.fromkeys(_shortcodes(status, poll))
    emojis = load_emojis((code, None) for code in codes)
    return Note(
        status=status,
        mentions=mentions,
        tags=tags,
        attachments=attachments,
        emojis=[emojis[code, None] for code in codes if (code, None) in emojis],
        own_replies=(),
        poll=poll,
        quote=quote,
        unreachable=_unreachable([status], {status.pk: mentions})[status.pk],
    )


def load_note(status: Status) -> Note:
    """Return one status with what its document shows."""
    return load_notes([status])[0]


def load_notes(statuses: Sequence[Status]) -> list[Note]:
    """Return statuses with what their documents show, in a fixed number of queries.

    `account` and `in_reply_to` of the statuses should be loaded already (select_related).
    """
    mentions = _grouped_mentions(statuses)
    tags = _grouped_tags(statuses)
    attachments = load_attachments(media_id for status in statuses for media_id in status.media_ids)
    polls = {poll.status_id: poll for poll in Poll.objects.filter(status__in=statuses)}
    quotes = {quote.status_id: quote for quote in Quote.objects.filter(status__in=statuses)}
    codes = {status.pk: _shortcodes(status, polls.get(status.pk)) for status in statuses}
    emojis = load_emojis((code, None) for found in codes.values() for code in found)
    replies = _own_replies(statuses)
    unreachable = _unreachable(statuses, mentions)
    return [
        Note(
            status=status,
            mentions=mentions[status.pk],
            tags=tags[status.pk],
            attachments=[attachments[pk] for pk in status.media_ids if pk in attachments],
            emojis=[emojis[code, None] for code in dict.fromkeys(codes[status.pk]) if (code, None) in emojis],
            own_replies=replies[status.pk],
            poll=polls.get(status.pk),
            quote=quotes.get(status.pk),
            unreachable=unreachable[status.pk],
        )
        for status in statuses
    ]


def _shortcodes(status: Status, poll: Poll | None) -> list[str]:
    options = poll.options if poll is not None else ()
    return find_shortcodes(" ".join((status.content, status.spoiler_text, *options)))


def _grouped_mentions(statuses: Iterable[Status]) -> dict[int, list[Mention]]:
    found: dict[int, list[Mention]] = defaultdict(list)
    for mention in Mention.objects.filter(status__in=statuses).select_related("account").order_by("pk"):
        found[mention.status_id].append(mention)
    return found


def _grouped_tags(statuses: Iterable[Status]) -> dict[int, list[Tag]]:
    found: dict[int, list[Tag]] = defaultdict(list)
    links = Status.tags.through.objects.filter(status__in=statuses).select_related("tag").order_by("pk")
    for link in links:
        found[link.status_id].append(link.tag)
    return found


def _unreachable(
    statuses: Sequence[Status], mentions: Mapping[int, Sequence[Mention]]
) -> dict[int, frozenset[int]]:
    """Return for each status whom a silenced author mentions in vain. Source: contract 4.2."""
    silenced = {status.account_id for status in statuses if status.account.silenced_at is not None}
    if not silenced:
        return dict.fromkeys((status.pk for status in statuses), frozenset())
    mentioned = {
        status.pk: {mention.account_id for mention in mentions[status.pk]}
        for status in statuses
        if status.account_id in silenced
    }
    follows = Follow.objects.accepted().filter(
        target__in=silenced, account__in=set().union(*mentioned.values())
    )
    following = set(follows.values_list("target", "account"))
    return {
        status.pk: frozenset(
            pk for pk in mentioned.get(status.pk, ()) if (status.account_id, pk) not in following
        )
        for status in statuses
    }


def _own_replies(statuses: Iterable[Status]) -> dict[int, list[tuple[int, str]]]:
    """Return the author's own open replies, which others fetch first."""
    authors = {status.pk: status.account_id for status in statuses}
    replies = Status.objects.kept().filter(
        in_reply_to__in=authors, account__in=set(authors.values()), visibility__in=OPEN
    )
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = replies.order_by("pk").values_list("in_reply_to_id", "account_id", "pk", "uri")
    for parent_id, account_id, pk, uri in rows:
        if authors[parent_id] == account_id:
            found[parent_id].append((pk, uri))
    return found


def address(visibility: str, author: Account, others: Sequence[str]) -> Addresses:
    """Return to and cc of something of a visibility; `others` are those it also concerns, each once."""
    followers, concerned = f"{author.uri}/followers", list(dict.fromkeys(others))
    if visibility == Visibility.PUBLIC:
        return Addresses([PUBLIC], [followers, *concerned])
    if visibility == Visibility.UNLISTED:
        return Addresses([followers], [PUBLIC, *concerned])
    if visibility == Visibility.PRIVATE:
        return Addresses([followers], concerned)
    return Addresses(concerned, [])


def _addresses_of(account: Account) -> list[str]:
    """A mentioned group hands on to its followers, who must be allowed to see it."""
    is_group = account.actor_type == Account.ActorType.GROUP and account.followers_url
    return [account.uri, account.followers_url] if is_group else [account.uri]


def render_note(note: Note) -> Document:
    """Render the Note, a Question if it has a poll, without `@context`."""
    status, addresses = note.status, note.addresses
    published, parent_uri = iso(status.created_at), _parent_uri(status)
    document: Document = {
        "id": status.uri,
        "type": "Note",
        "summary": status.spoiler_text or None,
        "inReplyTo": parent_uri,
        "published": published,
        "url": status.url or status.uri,
        "attributedTo": status.account.uri,
        "to": addresses.to,
        "cc": addresses.cc,
        "sensitive": status.sensitive or bool(status.spoiler_text),
        "atomUri": status.uri,
        "inReplyToAtomUri": parent_uri,
        "content": status.content,
        "attachment": [render_document(attachment) for attachment in note.attachments],
        "tag": _render_tags(note),
        "replies": _render_replies(note),
        "likes": _render_count(f"{status.uri}/likes", status.favourites_count),
        "shares": _render_count(f"{status.uri}/shares", status.reblogs_count),
    }
    if note.poll is not None:
        document |= render_question(note.poll, timezone.now())
    return document | render_policy(status) | render_quote(note.quote) | _render_optional(status)


def _render_optional(status: Status) -> Document:
    """Properties that are there only when they say something."""
    found: Document = {}
    if status.conversation_uri:
        found |= {"conversation": status.conversation_uri, "context": status.conversation_uri}
    is_short = len(status.content.encode()) <= _MAX_REPEATED_TEXT
    if status.content_type == Status.ContentType.MARKDOWN and is_short:
        # Source: ActivityPub 3.3.
        found["source"] = {"content": status.text, "mediaType": status.content_type}
    if status.language and is_short:
        found["contentMap"] = {status.language: status.content}
    if status.edited_at is not None:
        found["updated"] = iso(status.edited_at)
    if status.visibility not in OPEN:
        found["directMessage"] = status.visibility == Visibility.DIRECT
    return found


def _parent_uri(status: Status) -> str | None:
    if status.in_reply_to is not None:
        return status.in_reply_to.uri
    return status.in_reply_to_uri or None


def _render_tags(note: Note) -> list[Document]:
    mentions = [
        {"type": "Mention", "href": mention.account.uri, "name": f"@{mention.account.handle}"}
        for mention in note.mentions
        if not mention.silent
    ]
    hashtags = [
        {"type": "Hashtag", "href": tag_url(tag.name), "name": f"#{tag.display_name}"} for tag in note.tags
    ]
    return [*mentions, *hashtags, *map(render_emoji_tag, note.emojis)]


def _render_replies(note: Note) -> Document:
    uri, shown = f"{note.status.uri}/replies", note.own_replies[:_MAX_INLINED_REPLIES]
    has_more = len(note.own_replies) > len(shown)
    following = f"min_id={shown[-1][0]}&page=true" if has_more else "page=true&only_other_accounts=true"
    first = {
        "type": "CollectionPage",
        "partOf": uri,
        "next": f"{uri}?{following}",
        "items": [reply_uri for _pk, reply_uri in shown],
    }
    return {"id": uri, "type": "Collection", "first": first}


def _render_count(uri: str, total: int) -> Document:
    return {"id": uri, "type": "Collection", "totalItems": total}
