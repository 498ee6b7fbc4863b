"""What somebody wants to ask in a poll, read from a request and checked against the limits.

Called by the API door of statuses, timelines/statuses.py, timelines/edits.py and timelines/scheduled.py.
Source: API behaviours section 9 ("Poll").
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.api.parameters import as_bool, as_int, as_list, as_text
from core.errors import Unprocessable
from core.text import clean_line, count_characters

MIN_OPTIONS = 2
MAX_OPTIONS = 4
MAX_OPTION_CHARACTERS = 50
MIN_SECONDS = 300
MAX_SECONDS = 2_629_746


@dataclass(frozen=True)
class PollDraft:
    """A poll as an app sends it; ``expires_in_seconds`` is None when it names no end."""

    options: tuple[str, ...]
    expires_in_seconds: int | None
    multiple: bool = False
    hide_totals: bool = False


def read_poll(value: Any) -> PollDraft | None:
    """Return the draft in a parameter ``poll``, None if there is none. Raises Unprocessable, BadRequest."""
    if value in (None, "", {}):
        return None
    if not isinstance(value, dict):
        raise Unprocessable(_("The poll has no options"))
    return PollDraft(
        options=tuple(as_text(option) or "" for option in as_list(value.get("options"))),
        expires_in_seconds=as_int(value.get("expires_in"), minimum=-1, maximum=2**31),
        multiple=as_bool(value.get("multiple")),
        hide_totals=as_bool(value.get("hide_totals")),
    )


def checked_poll(draft: PollDraft | None) -> PollDraft | None:
    """Return the draft with tidy options, blank ones left out. Raises Unprocessable beyond the limits."""
    if draft is None:
        return None
    options = tuple(option for option in map(clean_line, draft.options) if option)
    if not MIN_OPTIONS <= len(options) <= MAX_OPTIONS:
        limits = {"least": MIN_OPTIONS, "most": MAX_OPTIONS}
        raise Unprocessable(_("A poll has from %(least)d to %(most)d options") % limits)
    if len(set(options)) < len(options):
        raise Unprocessable(_("The options of a poll must differ"))
    if any(count_characters("", option) > MAX_OPTION_CHARACTERS for option in options):
        limit = {"limit": MAX_OPTION_CHARACTERS}
        raise Unprocessable(_("An option is longer than %(limit)d characters") % limit)
    seconds = draft.expires_in_seconds
    if seconds is None or not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise Unprocessable(_("A poll lasts from five minutes to a month"))
    return PollDraft(options, seconds, draft.multiple, draft.hide_totals)
