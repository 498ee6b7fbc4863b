"""Polls as Questions, and votes as the Notes that carry them; both ways, pure.

Source: contract of the federation 3.4, 3.7 ("Poll"), 4.3, 4.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import Account
from core.api.rendering import iso
from federation.vocab import AS2, list_of, string_of, time_of, types_of
from timelines.models import Poll, PollVote

Document = dict[str, Any]

MAX_OPTIONS = 500
MAX_OPTION_LENGTH = 500
_MAX_COUNT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PollValues:
    """What we keep of a remote poll; ``tallies`` go with ``options``."""

    options: tuple[str, ...]
    tallies: tuple[int, ...]
    multiple: bool
    expires_at: datetime | None
    voters_count: int | None


def read_poll_values(document: Mapping[str, Any]) -> PollValues | None:
    """Read the poll in a Question; None for anything else and without options; too many are cut off."""
    if "Question" not in types_of(document):
        return None
    several = list_of(document.get("anyOf"))
    found = [
        # As it is, for a vote names it to the letter.
        (title[:MAX_OPTION_LENGTH], _tally(entry))
        for entry in (several or list_of(document.get("oneOf")))
        if isinstance(entry, dict)
        and (title := string_of(entry, "name") or string_of(entry, "content") or "").strip()
    ][:MAX_OPTIONS]
    if not found:
        return None
    return PollValues(
        options=tuple(title for title, _count in found),
        tallies=tuple(tally for _title, tally in found),
        multiple=bool(several),
        expires_at=_end(document),
        voters_count=_count(document.get("votersCount")),
    )


def _tally(option: Mapping[str, Any]) -> int:
    replies = option.get("replies")
    return (_count(replies.get("totalItems")) or 0) if isinstance(replies, dict) else 0


def _count(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= _MAX_COUNT else None


def _end(document: Mapping[str, Any]) -> datetime | None:
    if document.get("closed") is True:
        return timezone.now()
    return time_of(document, "closed") or time_of(document, "endTime")


def render_question(poll: Poll, now: datetime) -> Document:
    """Return what makes a Question of the Note of a status; hidden tallies are zero until the end."""
    is_over = poll.is_over(now)
    shown = is_over or not poll.hide_totals
    found: Document = {
        "type": "Question",
        "anyOf" if poll.multiple else "oneOf": [
            {
                "type": "Note",
                "name": title,
                "replies": {"type": "Collection", "totalItems": count if shown else 0},
            }
            for title, count in zip(poll.options, poll.tallies, strict=True)
        ],
        "votersCount": poll.voters_count or 0,
    }
    if poll.expires_at is not None:
        found["endTime"] = iso(poll.expires_at)
        if is_over:
            found["closed"] = iso(poll.expires_at)
    return found


def vote_uri(vote: PollVote, voter: Account) -> str:
    """Return the id of the Note that is a vote."""
    return f"{voter.uri}#votes/{vote.pk}"


def render_vote(vote: PollVote, voter: Account, poll: Poll) -> Document:
    """Render the Create of one vote of ours in a poll elsewhere (``poll.status.account`` loaded)."""
    uri, author_uri = vote_uri(vote, voter), poll.status.account.uri
    note = {
        "id": uri,
        "type": "Note",
        "name": poll.options[vote.choice],
        "attributedTo": voter.uri,
        "inReplyTo": poll.status.uri,
        "to": [author_uri],
    }
    return {
        "@context": AS2,
        "id": f"{uri}/activity",
        "type": "Create",
        "actor": voter.uri,
        "to": [author_uri],
        "object": note,
    }
