"""Edits of statuses of local accounts: the new version checked, the old one kept.

Called by the API door, `change_mentions` also by timelines/remote_edits.py.
Source: API behaviours section 9 ("Edit").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from core.api.parameters import as_id, as_text
from core.errors import NotFound, Unprocessable
from media.attachments import (
    load_attachments,
    load_own_unattached,
    mark_attached,
    release_attachments,
    require_together,
    update_attachment,
)
from media.models import MediaAttachment
from timelines import drafts, outbox, polls, quotes
from timelines.content import Content, read_content, store_tags
from timelines.entities.edit import current_version
from timelines.models import Mention, Poll, Status
from timelines.poll_drafts import PollDraft, checked_poll
from timelines.statuses import status_edited

_FIELDS = ("text", "content_type", "content", "spoiler_text", "sensitive", "language", "media_ids")


@dataclass(frozen=True)
class StatusChanges:
    """What an app wants changed; None leaves a value as it is."""

    text: str | None = None
    content_type: str | None = None
    spoiler_text: str | None = None
    sensitive: bool | None = None
    language: str | None = None
    media_ids: Sequence[int] | None = None
    # Maps with ``id`` and the wanted ``description`` and ``focus`` of attachments that are shown.
    media_attributes: Sequence[Mapping[str, Any]] = field(default=())
    poll: PollDraft | None = None
    removes_poll: bool = False
    # Who may quote it; alone it is no edit.
    quote_policy: str | None = None


def edit_status(status: Status, changes: StatusChanges, *, now: datetime | None = None) -> Status:
    """Change a status of a local account and return it; what changes nothing leaves no trace.

    Looks up unknown handles over the network first. Raises Unprocessable for a reblog, an empty or too long
    text and unusable media.
    """
    if status.reblog_of_id is not None:
        raise Unprocessable(_("A reblog cannot be edited"))
    wanted, quote = _wanted_media(status, changes), quotes.find_quote(status)
    shows_more = quote is not None or _has_poll(status, changes)
    values = _values(status, changes, wanted, shows_more=shows_more)
    content = read_content(status.account, values["text"], values["content_type"])
    values["content"] = quotes.with_quote_line(content.html, quote.quoted if quote else None)
    with transaction.atomic():
        locked = Status.objects.kept().select_for_update(of=("self",)).filter(pk=status.pk)
        current = locked.select_related("account").first()
        if current is None:
            raise NotFound()
        if changes.quote_policy:
            quotes.change_policy(current, changes.quote_policy)
        _apply(current, values, content, changes, now or timezone.now())
    return current


def _wanted_media(status: Status, changes: StatusChanges) -> list[MediaAttachment]:
    ids = list(status.media_ids if changes.media_ids is None else changes.media_ids)
    added = load_own_unattached(status.account_id, [pk for pk in ids if pk not in status.media_ids])
    known = load_attachments(status.media_ids) | {attachment.pk: attachment for attachment in added}
    found = [known[pk] for pk in ids if pk in known]
    require_together(found)
    return found


def _values(
    status: Status, changes: StatusChanges, media: Sequence[MediaAttachment], *, shows_more: bool
) -> dict[str, Any]:
    text = status.text if changes.text is None else changes.text
    spoiler_text = status.spoiler_text if changes.spoiler_text is None else changes.spoiler_text
    text, spoiler_text = drafts.checked_text(text, spoiler_text, media, shows_more=shows_more)
    sensitive = status.sensitive if changes.sensitive is None else changes.sensitive
    language = status.language
    if changes.language:
        language = drafts.checked_language(status.account, changes.language)
    return {
        "text": text,
        "content_type": drafts.checked_content_type(changes.content_type or status.content_type),
        "spoiler_text": spoiler_text,
        "sensitive": sensitive or bool(spoiler_text),
        "language": language,
        "media_ids": [attachment.pk for attachment in media],
    }


def _has_poll(status: Status, changes: StatusChanges) -> bool:
    if changes.poll is not None or changes.removes_poll:
        return changes.poll is not None
    return Poll.objects.filter(status=status).exists()


def _change_poll(status: Status, changes: StatusChanges, now: datetime) -> bool:
    """Change, add or remove the poll as wanted; return whether something else is asked then."""
    if changes.poll is None and not changes.removes_poll:
        return False
    return polls.change_poll(status, checked_poll(changes.poll), now)


def _apply(
    status: Status, values: dict[str, Any], content: Content, changes: StatusChanges, now: datetime
) -> None:
    before = current_version(status)
    described = _describe_media(values["media_ids"], changes.media_attributes)
    asks_anew = _change_poll(status, changes, now)
    if not described and not asks_anew and all(getattr(status, name) == values[name] for name in _FIELDS):
        return
    before.save()
    removed = [pk for pk in status.media_ids if pk not in values["media_ids"]]
    added = [pk for pk in values["media_ids"] if pk not in status.media_ids]
    release_attachments(removed)
    mark_attached(added)
    for name in _FIELDS:
        setattr(status, name, values[name])
    status.edited_at = now
    status.save(update_fields=[*_FIELDS, "edited_at"])
    status.tags.set(store_tags(content.tags))
    status_edited(status, newly_mentioned=change_mentions(status, content.mentioned))
    outbox.send_update(status)


def _describe_media(media_ids: Sequence[int], wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Change alt texts and focal points of shown attachments; return whether anything changed."""
    shown = load_attachments(media_ids)
    changed = False
    for attributes in wanted:
        attachment = shown.get(as_id(attributes.get("id")) or 0)
        if attachment is None:
            continue
        before = (attachment.description, attachment.focus_x, attachment.focus_y)
        update_attachment(
            attachment,
            description=as_text(attributes.get("description")),
            focus=as_text(attributes.get("focus")),
        )
        changed |= before != (attachment.description, attachment.focus_x, attachment.focus_y)
    return changed


def change_mentions(status: Status, mentioned: Iterable[Account]) -> list[int]:
    """Add who is mentioned now; who no longer is keeps access in silence. Return who is new."""
    known = {mention.account_id: mention for mention in Mention.objects.filter(status=status)}
    current = {person.pk for person in mentioned}
    Mention.objects.filter(status=status).exclude(account__in=current).update(silent=True)
    Mention.objects.filter(status=status, account__in=current).update(silent=False)
    new = [pk for pk in sorted(current) if pk not in known]
    Mention.objects.bulk_create([Mention(status=status, account_id=pk) for pk in new])
    return new + [pk for pk in sorted(current) if pk in known and known[pk].silent]
