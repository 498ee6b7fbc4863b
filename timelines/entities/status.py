"""Statuses as apps see them: the renderer, and the loader of what a page of them needs.

Called by the API doors, by notifications and by streaming. A page costs the same number of queries for 1 and
for 40 statuses.
Source: Mastodon docs, "Status"; API behaviours sections 1, 9 and 16.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.documents import tag_url
from accounts.entities import render_accounts
from accounts.models import Account, Application
from core.api.rendering import iso
from core.text import find_shortcodes
from media.attachments import load_attachments
from media.emojis import load_emojis
from media.entities import render_attachment, render_emoji
from media.models import CustomEmoji, MediaAttachment
from timelines.conversation_mutes import conversation_key, load_muted
from timelines.entities.card import load_cards
from timelines.entities.poll import load_own_votes, load_polls, render_own_part, render_poll, shortcodes_of
from timelines.entities.status_rows import (
    load_authors,
    load_marks,
    load_mentioned,
    load_statuses,
    load_tag_names,
)
from timelines.filtering import find_matches, load_rules, searchable_text
from timelines.models import Poll, Status

Entity = dict[str, Any]

# Nobody can quote here, so nobody's approval can be asked for.
_NO_QUOTES = {"automatic": [], "manual": [], "current_user": "denied"}
_PINNABLE = (Status.Visibility.PUBLIC, Status.Visibility.UNLISTED, Status.Visibility.PRIVATE)


@dataclass(frozen=True)
class ViewerMarks:
    """What the viewer did with statuses: ids of originals."""

    favourited: set[int] = field(default_factory=set)
    reblogged: set[int] = field(default_factory=set)
    bookmarked: set[int] = field(default_factory=set)
    pinned: set[int] = field(default_factory=set)
    # Keys of threads.
    muted: set[str] = field(default_factory=set)
    # By poll id.
    votes: dict[int, list[int]] = field(default_factory=dict)
    # FilterResults, by the id of the status, be it a reblog or not.
    filtered: dict[int, list[Entity]] = field(default_factory=dict)


@dataclass(frozen=True)
class StatusPage:
    """Statuses with all that is shown of them; keys are status ids where nothing else is said."""

    viewer: Account | None
    # By account id.
    accounts: dict[int, Entity]
    domains: dict[int, str | None]
    originals: dict[int, Status]
    mentions: dict[int, list[Account]]
    # Names.
    tags: dict[int, list[str]]
    # By attachment id.
    media: dict[int, MediaAttachment]
    # By (shortcode, domain).
    emojis: dict[tuple[str, str | None], CustomEmoji]
    # By application id.
    applications: dict[int, Application]
    polls: dict[int, Poll]
    cards: dict[int, Entity]
    marks: ViewerMarks
    now: datetime


def render_statuses(statuses: Sequence[Status], viewer: Account | None) -> list[Entity]:
    """Return the entities of these statuses as ``viewer`` (None: nobody) sees them, in their order.

    Whether the viewer may see them was decided by the query that found them.
    """
    page = load_status_page(statuses, viewer)
    return [_render_status(status, page) for status in statuses]


def render_status(status: Status, viewer: Account | None) -> Entity:
    """Return the entity of one status."""
    return render_statuses([status], viewer)[0]


def render_deleted_status(entity: Entity, status: Status) -> Entity:
    """Return the entity made before the deletion, with the text as written instead of the HTML."""
    return {key: value for key, value in entity.items() if key != "content"} | {"text": status.text}


def load_status_page(statuses: Sequence[Status], viewer: Account | None) -> StatusPage:
    """Load what rendering these statuses needs."""
    wanted = {status.reblog_of_id for status in statuses if status.reblog_of_id is not None}
    originals = load_statuses(wanted)
    everything = [*statuses, *originals.values()]
    ids = {status.pk for status in everything}
    accounts = load_authors({status.account_id for status in everything})
    polls = load_polls(ids)
    media = load_attachments(media_id for status in everything for media_id in status.media_ids)
    return StatusPage(
        viewer=viewer,
        accounts=dict(zip(accounts, render_accounts(list(accounts.values())), strict=True)),
        domains={account.pk: account.domain for account in accounts.values()},
        originals=originals,
        mentions=load_mentioned(ids),
        tags=load_tag_names(ids),
        media=media,
        emojis=_load_emojis(everything, accounts, polls),
        applications=_load_applications(everything, viewer),
        polls=polls,
        cards=load_cards(ids),
        marks=_load_marks(viewer, everything, polls, media) if viewer else ViewerMarks(),
        now=timezone.now(),
    )


def _load_emojis(
    statuses: Iterable[Status], accounts: dict[int, Account], polls: dict[int, Poll]
) -> dict[tuple[str, str | None], CustomEmoji]:
    return load_emojis(
        (code, accounts[status.account_id].domain)
        for status in statuses
        for code in _shortcodes(status, polls.get(status.pk))
    )


def _shortcodes(status: Status, poll: Poll | None) -> list[str]:
    text = f"{status.spoiler_text} {status.content}"
    return (find_shortcodes(text) if ":" in text else []) + shortcodes_of(poll)


def _load_applications(statuses: Iterable[Status], viewer: Account | None) -> dict[int, Application]:
    wanted = {status.application_id for status in statuses if viewer and status.account_id == viewer.pk}
    return Application.objects.in_bulk(wanted - {None})


def _load_marks(
    viewer: Account,
    statuses: Sequence[Status],
    polls: dict[int, Poll],
    media: dict[int, MediaAttachment],
) -> ViewerMarks:
    ids = {status.reblog_of_id or status.pk for status in statuses}
    marks = load_marks(viewer.pk, ids)
    return ViewerMarks(
        favourited=marks["favourited"],
        reblogged=marks["reblogged"],
        bookmarked=marks["bookmarked"],
        pinned=marks["pinned"],
        muted=load_muted(viewer, statuses),
        votes=load_own_votes(viewer, polls.values()),
        filtered=_load_filtered(viewer, statuses, polls, media),
    )


def _load_filtered(
    viewer: Account,
    statuses: Sequence[Status],
    polls: dict[int, Poll],
    media: dict[int, MediaAttachment],
) -> dict[int, list[Entity]]:
    """Return what the viewer's filters find; a reblog has what its original has."""
    rules = load_rules(viewer, [status.pk for status in statuses], timezone.now())
    if not rules:
        return {}
    texts = {}
    for status in statuses:
        if status.reblog_of_id is None:
            poll = polls.get(status.pk)
            shown = (media[media_id].description for media_id in status.media_ids if media_id in media)
            texts[status.pk] = searchable_text(status, (*(poll.options if poll else ()), *shown))
    return {
        status.pk: find_matches(rules, texts[status.reblog_of_id or status.pk], _subjects(status))
        for status in statuses
    }


def _subjects(status: Status) -> list[int]:
    return [status.pk] if status.reblog_of_id is None else [status.pk, status.reblog_of_id]


def _render_status(status: Status, page: StatusPage) -> Entity:
    original = page.originals.get(status.reblog_of_id or 0)
    counted = original or status
    entity: Entity = {
        "id": str(status.pk),
        "uri": status.uri,
        "url": status.url or status.uri,
        "created_at": iso(status.created_at),
        "edited_at": iso(status.edited_at) if status.edited_at else None,
        "account": page.accounts[status.account_id],
        "in_reply_to_id": _id_or_none(status.in_reply_to_id),
        "in_reply_to_account_id": _id_or_none(status.in_reply_to_account_id),
        "visibility": shown_visibility(status),
        "sensitive": status.sensitive,
        "spoiler_text": status.spoiler_text,
        "content": status.content,
        "language": status.language,
        "replies_count": counted.replies_count,
        "reblogs_count": counted.reblogs_count,
        "favourites_count": counted.favourites_count,
        "quotes_count": 0,
        "reblog": _render_status(original, page) if original else None,
        "poll": _render_poll(status, page),
        "card": None if status.media_ids else page.cards.get(status.pk),
        "quote": None,
        "quote_approval": _NO_QUOTES,
        "tagged_collections": [],
    }
    return entity | _render_parts(status, page) | _render_marks(status, page)


def _render_poll(status: Status, page: StatusPage) -> Entity | None:
    poll = page.polls.get(status.pk)
    if poll is None:
        return None
    entity = render_poll(poll, page.emojis, page.domains[status.account_id], page.now)
    return entity | render_own_part(page.viewer, status.account_id, page.marks.votes.get(poll.pk, ()))


def _id_or_none(value: int | None) -> str | None:
    return None if value is None else str(value)


def shown_visibility(status: Status) -> str:
    """Return the visibility as apps know it: a limited status looks private."""
    if status.visibility == Status.Visibility.LIMITED:
        return Status.Visibility.PRIVATE
    return status.visibility


def _render_parts(status: Status, page: StatusPage) -> Entity:
    domain = page.domains[status.account_id]
    emojis = (
        page.emojis.get((code, domain))
        for code in dict.fromkeys(_shortcodes(status, page.polls.get(status.pk)))
    )
    media = (page.media.get(media_id) for media_id in status.media_ids)
    return {
        "media_attachments": [render_attachment(attachment) for attachment in media if attachment],
        "mentions": [_render_mention(account) for account in page.mentions.get(status.pk, ())],
        "tags": [{"name": name, "url": tag_url(name)} for name in page.tags.get(status.pk, ())],
        "emojis": [render_emoji(emoji) for emoji in emojis if emoji],
    }


def _render_mention(account: Account) -> Entity:
    return {
        "id": str(account.pk),
        "username": account.username,
        "url": account.url or account.uri,
        "acct": account.acct,
    }


def _render_marks(status: Status, page: StatusPage) -> Entity:
    if page.viewer is None:
        return {}
    subject = status.reblog_of_id or status.pk
    marks: Entity = {
        "favourited": subject in page.marks.favourited,
        "reblogged": subject in page.marks.reblogged,
        "bookmarked": subject in page.marks.bookmarked,
        "muted": conversation_key(page.originals.get(subject, status)) in page.marks.muted,
        "filtered": page.marks.filtered.get(status.pk, []),
    }
    if status.account_id == page.viewer.pk:
        application = page.applications.get(status.application_id or 0)
        marks["application"] = _render_application(application) if application else None
        if status.reblog_of_id is None and status.visibility in _PINNABLE:
            marks["pinned"] = status.pk in page.marks.pinned
    return marks


def _render_application(application: Application) -> Entity:
    return {"name": application.name, "website": application.website or None}
