"""What somebody wants to publish, checked against the rules before anything is written.

Called by timelines/statuses.py and timelines/edits.py. Nothing here writes.
Source: API behaviours section 9.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.entities import default_visibility
from accounts.models import Account
from core.errors import Unprocessable
from core.text import clean_line, clean_text, count_characters
from media.attachments import load_attachments, load_own_unattached
from media.models import MediaAttachment
from timelines.models import Status
from timelines.poll_drafts import PollDraft
from timelines.visibility import get_visible_status

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
_CHOICES = (
    Status.Visibility.PUBLIC,
    Status.Visibility.UNLISTED,
    Status.Visibility.PRIVATE,
    Status.Visibility.DIRECT,
)


@dataclass(frozen=True)
class StatusDraft:
    """A status as an app sends it; None means "as the account usually does"."""

    text: str = ""
    # What the text is written in.
    content_type: str = Status.ContentType.PLAIN
    spoiler_text: str = ""
    visibility: str | None = None
    sensitive: bool | None = None
    language: str | None = None
    media_ids: Sequence[int] = ()
    in_reply_to_id: object = None
    # Ids of the only accounts that the text may mention; None for no such wish.
    allowed_mentions: Sequence[int] | None = None
    poll: PollDraft | None = None
    quoted_status_id: object = None
    # Who may quote it.
    quote_policy: str | None = None
    # The files are kept for this draft already: it was checked before and waited for its time.
    holds_media: bool = False


def checked_text(
    text: str, spoiler_text: str, media: Sequence[MediaAttachment], *, shows_more: bool = False
) -> tuple[str, str]:
    """Return text and content warning without unsafe characters. Raises Unprocessable: blank or too long.

    ``shows_more``: a poll or a quote speaks for itself. A warning needs something that it warns of: blank
    text behind one becomes a placeholder.
    """
    text, spoiler_text = clean_text(text), clean_line(spoiler_text)
    if not text.strip() and not media and not spoiler_text and not shows_more:
        raise Unprocessable(_("The post is empty"))
    if not text.strip() and spoiler_text:
        text = "🖼" if media else "."
    excess = count_characters(text, spoiler_text) - settings.MAX_STATUS_CHARACTERS
    if excess > 0:
        limit = {"limit": settings.MAX_STATUS_CHARACTERS}
        raise Unprocessable(_("The post is longer than %(limit)d characters") % limit)
    return text, spoiler_text


def checked_content_type(wanted: str) -> str:
    """Return what a text is written in. Raises Unprocessable for what cannot be read here."""
    if wanted not in Status.ContentType.values:
        raise Unprocessable(_("Posts can be written as text/plain or text/markdown"))
    return wanted


def checked_visibility(account: Account, wanted: str | None) -> str:
    """Return the visibility of a new status. Raises Unprocessable for an unknown one.

    What a limited (silenced) account writes does not appear in public timelines.
    """
    visibility = wanted or default_visibility(account)
    if visibility not in _CHOICES:
        raise Unprocessable(_("This visibility does not exist"))
    if visibility == Status.Visibility.PUBLIC and account.silenced_at is not None:
        return Status.Visibility.UNLISTED
    return visibility


def checked_language(account: Account, wanted: str | None) -> str:
    """Return the language of a new status: the wanted one, else the account's, else the server's."""
    for code in (wanted, account.default_language):
        if code and len(code) <= 35 and _LANGUAGE.fullmatch(code):
            return code
    return settings.LANGUAGE_CODE


def load_media(account: Account, draft: StatusDraft) -> list[MediaAttachment]:
    """Return what a draft will show, in its order. Raises Unprocessable for what it cannot have."""
    ids = list(draft.media_ids)
    if not draft.holds_media:
        return load_own_unattached(account.pk, ids)
    found = load_attachments(ids)
    if len(found) < len(ids):
        raise Unprocessable(_("One of the files does not exist any more"))
    return [found[media_id] for media_id in ids]


def find_parent(account: Account, in_reply_to_id: object) -> Status | None:
    """Return the status that a draft replies to, or None. Raises NotFound if ``account`` may not see it."""
    if in_reply_to_id in (None, ""):
        return None
    status = get_visible_status(account, in_reply_to_id)
    return status.reblog_of or status
