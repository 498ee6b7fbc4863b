"""Edits of statuses of other servers: which are real, what they change, what they never may.

Called by timelines/remote.py inside its transaction, with the row locked.
Source: contract of the federation 3.8.
"""

from collections.abc import Sequence
from typing import Any

from accounts.models import Account
from media.attachments import load_attachments
from media.models import MediaAttachment
from media.remote import save_remote_attachments, save_remote_emojis
from timelines import remote_polls, remote_quotes
from timelines.content import store_tags
from timelines.documents import NoteValues
from timelines.edits import change_mentions
from timelines.entities.edit import current_version
from timelines.models import Status
from timelines.statuses import status_edited

_FIELDS = ("content", "spoiler_text", "sensitive", "language", "linked_url")


def apply_edit(status: Status, values: NoteValues, mentioned: Sequence[Account]) -> None:
    """Bring a status up to date when the document says that it was edited after what we know.

    Author, visibility, uri, time and parent never change. A document of the same edit, or without a date, may
    bring new tallies, counters, consent to a quote, and who may quote; an older one changes nothing.
    """
    last_change = status.edited_at or status.created_at
    if values.updated_at is None or values.updated_at <= last_change:
        if values.updated_at in (None, last_change):
            remote_polls.update_tallies(status, values.poll)
            remote_quotes.update_consent(status, values.quote)
            _take_told(status, values)
        return
    attachments = load_attachments(status.media_ids)
    shown = [attachments[pk] for pk in status.media_ids if pk in attachments]
    before = current_version(status)
    asks_anew = remote_polls.save_poll(status, values.poll)
    quotes_anew = remote_quotes.change_quote(status, values.quote)
    _take_told(status, values)
    if not asks_anew and not quotes_anew and not _differs(status, values, shown):
        change_mentions(status, mentioned)
        return
    before.save()
    for name in _FIELDS:
        setattr(status, name, getattr(values, name))
    files = save_remote_attachments(status.account_id, values.files, current_ids=status.media_ids)
    status.media_ids = [attachment.pk for attachment in files]
    status.edited_at = values.updated_at
    status.save(update_fields=[*_FIELDS, "media_ids", "edited_at"])
    status.tags.set(store_tags(values.tag_names))
    save_remote_emojis(status.account.domain or "", values.emojis)
    status_edited(status, newly_mentioned=change_mentions(status, mentioned))


def _take_told(status: Status, values: NoteValues) -> None:
    """Take over who may quote, and the counters: what changes without an edit."""
    told: dict[str, Any] = dict(remote_quotes.policies(values, status.account))
    counted = (values.favourites_count, values.reblogs_count)
    for name, count in zip(("origin_favourites_count", "origin_reblogs_count"), counted, strict=True):
        if count is not None:
            told[name] = count
    if any(getattr(status, name) != value for name, value in told.items()):
        for name, value in told.items():
            setattr(status, name, value)
        status.save(update_fields=list(told))


def _differs(status: Status, values: NoteValues, shown: Sequence[MediaAttachment]) -> bool:
    if any(getattr(status, name) != getattr(values, name) for name in _FIELDS):
        return True
    before: list[Any] = [(file.remote_url, file.description, file.focus_x, file.focus_y) for file in shown]
    return before != [(file.url, file.description, *(file.focus or (None, None))) for file in values.files]
