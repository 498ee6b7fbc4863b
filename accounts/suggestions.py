"""Whom somebody could follow: friends of friends, and those whom many here follow. Called by the API.

What is read is bounded, however many people there are: the latest follows of the latest friends, and the top
of an index.
Source: Mastodon docs, "suggestions".
"""

from collections import Counter
from dataclasses import dataclass

from accounts.directory import findable, wanted_by
from accounts.models import Account, Follow, SuggestionDismissal
from accounts.models.account import AccountQuerySet

FRIENDS_OF_FRIENDS = "friends_of_friends"
MOST_FOLLOWED = "most_followed"

MAX_SUGGESTIONS = 200
_MAX_FRIENDS = 200
_MAX_FOLLOWS_READ = 2000


@dataclass(frozen=True)
class Suggested:
    """An account, and why it is suggested: at least one source."""

    account: Account
    sources: list[str]


def list_suggestions(viewer: Account, *, limit: int, offset: int = 0) -> list[Suggested]:
    """Return whom the viewer could follow: whom most friends follow first, then the most followed here."""
    wanted = _suggestable(viewer)
    common = _followed_by_friends(viewer)
    friends = sorted(wanted.filter(pk__in=list(common)), key=lambda found: (-common[found.pk], -found.pk))
    popular = list(wanted.local().order_by("-followers_count", "-id")[: offset + limit])
    sources: dict[int, list[str]] = {}
    for source, accounts in ((FRIENDS_OF_FRIENDS, friends), (MOST_FOLLOWED, popular)):
        for account in accounts:
            sources.setdefault(account.pk, []).append(source)
    everyone = {account.pk: account for account in [*friends, *popular]}
    page = list(everyone.values())[offset : offset + limit]
    return [Suggested(account, sources[account.pk]) for account in page]


def dismiss_suggestion(viewer: Account, target: Account) -> None:
    """Never suggest ``target`` again; repeating is harmless."""
    SuggestionDismissal.objects.get_or_create(account=viewer, target=target)


def _suggestable(viewer: Account) -> AccountQuerySet:
    return (
        wanted_by(viewer, findable())
        .exclude(pk=viewer.pk)
        .exclude(pk__in=Follow.objects.filter(account=viewer).values("target"))
        .exclude(pk__in=SuggestionDismissal.objects.filter(account=viewer).values("target"))
    )


def _followed_by_friends(viewer: Account) -> dict[int, int]:
    """Return how many friends follow each account, for the most followed ones.

    Friends who hide whom they follow, and people who hide by whom, are left out.
    """
    followed = Follow.objects.accepted().filter(account=viewer, target__hide_collections=False)
    friends = followed.order_by("-id").values("target")[:_MAX_FRIENDS]
    rows = Follow.objects.accepted().filter(account__in=friends, target__hide_collections=False)
    latest = rows.order_by("-id").values_list("target_id", flat=True)[:_MAX_FOLLOWS_READ]
    return dict(Counter(latest).most_common(MAX_SUGGESTIONS))
