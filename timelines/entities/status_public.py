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
from core.prepared import Ids, Prepared, array, fetch
from core.rendered import Rendered
from core.text import find_shortcodes
from media.attachments import load_attachments
from media.emojis import load_emojis
from media.entities import CustomEmojiEntity, render_attachment, render_emoji
from media.models import CustomEmoji, MediaAttachment
from timelines.entities.card import load_cards
from timelines.entities.poll import load_polls, shortcodes_of
from timelines.filtering import searchable_text
from timelines.models import Poll, Status

Entity = dict[str, Any]
_Part = tuple[Any, ...]

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
# The short parts of statuses, and which of the others they have, in one statement.
_PARTS = """
WITH wanted AS (SELECT unnest(%s::bigint[]) AS status_id)
SELECT 'author', status_id, 0 AS row_id, NULL::bigint, NULL, author.domain, NULL
FROM wanted JOIN timelines_status status ON status.id = status_id
JOIN accounts_account author ON author.id = status.account_id
UNION ALL
SELECT 'mention', status_id, mention.id, account.id, username, domain, COALESCE(NULLIF(url, ''), uri)
FROM wanted JOIN timelines_mention mention USING (status_id)
JOIN accounts_account account ON account.id = mention.account_id WHERE NOT mention.silent
UNION ALL
SELECT 'tag', status_id, use.id, NULL, tag.name, NULL, NULL
FROM wanted JOIN timelines_statustag use USING (status_id) JOIN timelines_tag tag ON tag.id = use.tag_id
UNION ALL
SELECT 'card', status_id, 0, NULL, NULL, NULL, NULL FROM wanted JOIN timelines_statuscard USING (status_id)
UNION ALL
SELECT 'poll', status_id, 0, NULL, NULL, NULL, NULL FROM wanted JOIN timelines_poll USING (status_id)
UNION ALL
SELECT DISTINCT 'collection', status_id, 0, NULL::bigint, NULL, NULL, NULL
FROM wanted JOIN timelines_statuscollection USING (status_id)
ORDER BY row_id
"""


def _render(ids: Collection[int]) -> dict[int, PublicPart]:
    statuses = _STATUSES.rows(ids=list(ids))
    page = _load_page(statuses)
    return {status.pk: _render_one(status, page) for status in statuses}


public_parts = Rendered(_render, _MOST)


def _load_page(statuses: Collection[Status]) -> _Page:
    parts = _load_parts([status.pk for status in statuses])
    domains = {status_id: domain for status_id, _, _, domain, _ in parts["author"]}
    with_cards, with_polls = ([status_id for status_id, *_ in parts[kind]] for kind in ("card", "poll"))
    polls = load_polls(with_polls) if with_polls else {}
    tags: dict[int, list[str]] = defaultdict(list)
    for status_id, _, name, _, _ in parts["tag"]:
        tags[status_id].append(name)
    return _Page(
        domains=domains,
        mentions=_render_mentions(parts["mention"]),
        tags=tags,
        media=load_attachments(media_id for status in statuses for media_id in status.media_ids),
        emojis=load_emojis(
            (code, domains[status.pk])
            for status in statuses
            for code in _shortcodes(status, polls.get(status.pk))
        ),
        polls=polls,
        cards=load_cards(with_cards) if with_cards else {},
        tagging_collections={status_id for status_id, *_ in parts["collection"]},
    )


def _load_parts(ids: Collection[int]) -> dict[str, list[_Part]]:
    """Return by kind: status id, account id, name, domain and url."""
    found: dict[str, list[_Part]] = defaultdict(list)
    for kind, status_id, _, *rest in fetch(_PARTS, [array(ids)]):
        found[kind].append((status_id, *rest))
    return found


def _render_mentions(parts: Iterable[_Part]) -> dict[int, list[Entity]]:
    found: dict[int, list[Entity]] = defaultdict(list)
    for status_id, account_id, username, domain, url in parts:
        acct = Account(username=username, domain=domain).acct
        found[status_id].append({"id": str(account_id), "username": username, "url": url, "acct": acct})
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


def _render_emojis(status: Status, page: _Page) -> list[CustomEmojiEntity]:
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
