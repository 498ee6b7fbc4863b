"""What everybody sees of statuses, as JSON bytes that are rendered once; see core/rendered.py.

A poll is no part of it, since it changes by votes and by time; neither are counters and what the viewer did.
Who changes what is shown here of other tables (cards, alt texts) makes a new version of the status (`touch`).
Source: Mastodon docs, "Status"; API behaviours sections 1 and 9.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from accounts.documents import tag_url
from accounts.models import Account
from core.api.rendering import dumps, iso
from core.prepared import Ids, Prepared
from core.rendered import Rendered
from core.text import find_shortcodes
from media.attachments import load_attachments
from media.emojis import load_emojis
from media.entities import render_attachment, render_emoji
from media.models import CustomEmoji, MediaAttachment
from timelines.entities.card import load_cards
from timelines.entities.poll import load_polls, shortcodes_of
from timelines.filtering import searchable_text
from timelines.models import Mention, Poll, Status, StatusCollection

Entity = dict[str, Any]

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class PublicPart:
    """The members of a status' JSON object that are the same for everybody, and what filters look into."""

    members: bytes
    searchable: str
    # Whether it links to collections, which each reader sees differently.
    tags_collections: bool


@dataclass(frozen=True)
class _Page:
    """Statuses with all that is shown of them; keys are status ids where nothing else is said."""

    domains: dict[int, str | None]
    mentions: dict[int, list[Entity]]
    # Names.
    tags: dict[int, list[str]]
    # By attachment id.
    media: dict[int, MediaAttachment]
    # By (shortcode, domain).
    emojis: dict[tuple[str, str | None], CustomEmoji]
    polls: dict[int, Poll]
    cards: dict[int, Entity]
    # Ids of those that link to collections.
    tagging_collections: set[int]


_STATUSES = Prepared(lambda ids: Status.objects.filter(pk__in=ids.rows), ids=Ids)
_DOMAINS = Prepared(
    lambda ids: Status.objects.filter(pk__in=ids.rows).values_list("pk", "account__domain"), ids=Ids
)
_MENTIONED = Prepared(
    lambda ids: (
        Mention.objects.filter(status__in=ids.rows, silent=False)
        .order_by("pk")
        .values_list(
            "status_id",
            "account_id",
            "account__username",
            "account__domain",
            "account__url",
            "account__uri",
        )
    ),
    ids=Ids,
)
_TAGS = Prepared(
    lambda ids: (
        Status.tags.through.objects.filter(status__in=ids.rows)
        .order_by("pk")
        .values_list("status_id", "tag__name")
    ),
    ids=Ids,
)

_TAGGING_COLLECTIONS = Prepared(
    lambda ids: StatusCollection.objects.filter(status__in=ids.rows).values_list("status_id"), ids=Ids
)


def _render(ids: Collection[int]) -> dict[int, PublicPart]:
    statuses = _STATUSES.rows(ids=list(ids))
    page = _load_page(statuses)
    return {status.pk: _render_one(status, page) for status in statuses}


public_parts = Rendered(_render, _MOST)


def _load_page(statuses: Collection[Status]) -> _Page:
    ids = [status.pk for status in statuses]
    domains = dict(_DOMAINS.tuples(ids=ids))
    polls = load_polls(ids)
    return _Page(
        domains=domains,
        mentions=_load_mentions(ids),
        tags=_load_tag_names(ids),
        media=load_attachments(media_id for status in statuses for media_id in status.media_ids),
        emojis=load_emojis(
            (code, domains[status.pk])
            for status in statuses
            for code in _shortcodes(status, polls.get(status.pk))
        ),
        polls=polls,
        cards=load_cards(ids),
        tagging_collections={pk for (pk,) in _TAGGING_COLLECTIONS.tuples(ids=ids)},
    )


def _load_mentions(ids: Collection[int]) -> dict[int, list[Entity]]:
    found: dict[int, list[Entity]] = defaultdict(list)
    for status_id, account_id, username, domain, url, uri in _MENTIONED.tuples(ids=list(ids)):
        acct = Account(username=username, domain=domain).acct
        found[status_id].append(
            {"id": str(account_id), "username": username, "url": url or uri, "acct": acct}
        )
    return found


def _load_tag_names(ids: Collection[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for status_id, name in _TAGS.tuples(ids=list(ids)):
        found[status_id].append(name)
    return found


def _shortcodes(status: Status, poll: Poll | None) -> list[str]:
    text = f"{status.spoiler_text} {status.content}"
    return (find_shortcodes(text) if ":" in text else []) + shortcodes_of(poll)


def _render_one(status: Status, page: _Page) -> PublicPart:
    media = [page.media[media_id] for media_id in status.media_ids if media_id in page.media]
    poll = page.polls.get(status.pk)
    entity = {
        "id": str(status.pk),
        "uri": status.uri,
        "url": status.url or status.uri,
        "created_at": iso(status.created_at),
        "edited_at": iso(status.edited_at) if status.edited_at else None,
        "in_reply_to_id": _id_or_none(status.in_reply_to_id),
        "in_reply_to_account_id": _id_or_none(status.in_reply_to_account_id),
        "visibility": shown_visibility(status),
        "sensitive": status.sensitive,
        "spoiler_text": status.spoiler_text,
        "content": status.content,
        "language": status.language,
        "card": None if status.media_ids else page.cards.get(status.pk),
        "media_attachments": [render_attachment(attachment) for attachment in media],
        "mentions": page.mentions.get(status.pk, []),
        "tags": [{"name": name, "url": tag_url(name)} for name in page.tags.get(status.pk, ())],
        "emojis": _render_emojis(status, page),
    }
    texts = (*(poll.options if poll else ()), *(attachment.description for attachment in media))
    return PublicPart(
        dumps(entity)[1:-1], searchable_text(status, texts), status.pk in page.tagging_collections
    )


def _render_emojis(status: Status, page: _Page) -> list[Entity]:
    codes: Iterable[str] = dict.fromkeys(_shortcodes(status, page.polls.get(status.pk)))
    found = (page.emojis.get((code, page.domains[status.pk])) for code in codes)
    return [render_emoji(emoji) for emoji in found if emoji]


def _id_or_none(value: int | None) -> str | None:
    return None if value is None else str(value)


def shown_visibility(status: Status) -> str:
    """Return the visibility as apps know it: a limited status looks private."""
    if status.visibility == Status.Visibility.LIMITED:
        return Status.Visibility.PRIVATE
    return status.visibility
