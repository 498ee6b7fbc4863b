"""Polls as apps see them, within a status and alone.

Called by timelines/entities/status.py and the API doors. A poll changes by votes and by the passing of time
without an edit of its status, so it does not belong into what is kept of a status.
Source: Mastodon docs, "Poll"; API behaviours section 9.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import Account
from core.api.rendering import iso
from core.text import find_shortcodes
from media.emojis import load_emojis
from media.entities import render_emoji
from media.models import CustomEmoji
from timelines.models import Poll, PollVote

Entity = dict[str, Any]
Emojis = Mapping[tuple[str, str | None], CustomEmoji]


def load_polls(status_ids: Iterable[int]) -> dict[int, Poll]:
    """Return the polls of these statuses by status id."""
    return {poll.status_id: poll for poll in Poll.objects.filter(status__in=list(status_ids))}


def load_own_votes(viewer: Account | None, polls: Iterable[Poll]) -> dict[int, list[int]]:
    """Return what ``viewer`` chose, by poll id."""
    found: dict[int, list[int]] = defaultdict(list)
    if viewer is not None:
        votes = PollVote.objects.filter(account=viewer, poll__in=[poll.pk for poll in polls])
        for poll_id, choice in votes.order_by("choice").values_list("poll_id", "choice"):
            found[poll_id].append(choice)
    return found


def shortcodes_of(poll: Poll | None) -> list[str]:
    """Return the shortcodes in the options, each once."""
    text = " ".join(poll.options) if poll is not None else ""
    return list(dict.fromkeys(find_shortcodes(text))) if ":" in text else []


def render_poll(poll: Poll, emojis: Emojis, domain: str | None, now: datetime) -> Entity:
    """Return what everybody sees of a poll whose author is at ``domain``; hidden totals are null until the
    end.
    """
    is_over = poll.is_over(now)
    shown = is_over or not poll.hide_totals
    codes = (emojis.get((code, domain)) for code in shortcodes_of(poll))
    return {
        "id": str(poll.pk),
        "expires_at": iso(poll.expires_at) if poll.expires_at else None,
        "expired": is_over,
        "multiple": poll.multiple,
        "votes_count": poll.votes_count,
        "voters_count": poll.voters_count,
        "options": [
            {"title": title, "votes_count": count if shown else None}
            for title, count in zip(poll.options, poll.tallies, strict=True)
        ],
        "emojis": [render_emoji(emoji) for emoji in codes if emoji],
    }


def render_own_part(viewer: Account | None, author_id: int, choices: Sequence[int]) -> Entity:
    """Return what depends on who looks: nothing for nobody; authors count as having voted."""
    if viewer is None:
        return {}
    return {"voted": bool(choices) or viewer.pk == author_id, "own_votes": list(choices)}


def render_single_poll(poll: Poll, viewer: Account | None) -> Entity:
    """Return the entity of one poll, its status and author loaded."""
    author = poll.status.account
    emojis = load_emojis((code, author.domain) for code in shortcodes_of(poll))
    choices = load_own_votes(viewer, [poll])[poll.pk]
    entity = render_poll(poll, emojis, author.domain, timezone.now())
    return entity | render_own_part(viewer, author.pk, choices)
