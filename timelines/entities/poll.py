"""Polls as apps see them, within a status and alone.

Called by timelines/entities/status.py and the API doors. A poll changes by votes and by the passing of time
without an edit of its status, so it does not belong into what is kept of a status.
Source: Mastodon docs, "Poll"; API behaviours section 9.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
    """Return the polls of these statuses by status id, with their authors."""
    polls = Poll.objects.filter(status__in=list(status_ids)).select_related("status__account")
    return {poll.status_id: poll for poll in polls}


def shortcodes_of(poll: Poll | None) -> list[str]:
    """Return the shortcodes in the options, each once."""
    text = " ".join(poll.options) if poll is not None else ""
    return list(dict.fromkeys(find_shortcodes(text))) if ":" in text else []


def render_polls(polls: Collection[Poll], viewer: Account | None) -> dict[int, Entity]:
    """Return the entities of these polls (their authors loaded) by status id."""
    emojis = load_emojis((code, poll.status.account.domain) for poll in polls for code in shortcodes_of(poll))
    votes, now = _load_own_votes(viewer, polls), timezone.now()
    return {
        poll.status_id: _render_poll(poll, emojis, now) | _render_own_part(poll, viewer, votes[poll.pk])
        for poll in polls
    }


def _load_own_votes(viewer: Account | None, polls: Iterable[Poll]) -> dict[int, list[int]]:
    """Return what ``viewer`` chose, by poll id."""
    found: dict[int, list[int]] = defaultdict(list)
    if viewer is not None:
        votes = PollVote.objects.filter(account=viewer, poll__in=[poll.pk for poll in polls])
        for poll_id, choice in votes.order_by("choice").values_list("poll_id", "choice"):
            found[poll_id].append(choice)
    return found


def _render_poll(poll: Poll, emojis: Emojis, now: datetime) -> Entity:
    """Return what everybody sees of a poll; hidden totals are null until the end."""
    is_over = poll.is_over(now)
    shown = is_over or not poll.hide_totals
    codes = (emojis.get((code, poll.status.account.domain)) for code in shortcodes_of(poll))
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


def _render_own_part(poll: Poll, viewer: Account | None, choices: Sequence[int]) -> Entity:
    """Return what depends on who looks: nothing for nobody; authors count as having voted."""
    if viewer is None:
        return {}
    return {"voted": bool(choices) or viewer.pk == poll.status.account_id, "own_votes": list(choices)}


def render_single_poll(poll: Poll, viewer: Account | None) -> Entity:
    """Return the entity of one poll, its status and author loaded."""
    return render_polls([poll], viewer)[poll.status_id]
