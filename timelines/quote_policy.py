"""Who may quote a status: the one rule, for the operation, for apps and for other servers.

Called by timelines/quotes.py, timelines/inbox_quotes.py and timelines/entities/quote.py.
Source: API behaviours section 16; contract of the federation 3.7 ("interactionPolicy").
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol

from django.db.models import Value
from django.utils.translation import gettext as _

from accounts.models import Account, Follow
from core.errors import Unprocessable
from core.prepared import Ids, Prepared
from timelines.models import Status
from timelines.visibility import OPEN

PUBLIC = "public"
# Those who follow the author, and those whom the author follows.
FOLLOWERS = "followers"
FOLLOWING = "following"
# Somebody whom we cannot tell: only the author's server knows.
UNSUPPORTED = "unsupported_policy"

_AUTOMATIC = {
    Account.QuotePolicy.PUBLIC: [PUBLIC],
    Account.QuotePolicy.FOLLOWERS: [FOLLOWERS],
    Account.QuotePolicy.NOBODY: [],
}
# By author: (author id, FOLLOWERS) when the viewer follows, (author id, FOLLOWING) when followed.
Ties = set[tuple[int, str]]


class Permission(StrEnum):
    """What comes of it when somebody quotes: shown at once, asked first, nobody knows, refused."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    UNKNOWN = "unknown"
    DENIED = "denied"


class Quotable(Protocol):
    """What the rule looks at: a status, or the columns of one."""

    @property
    def account_id(self) -> int: ...

    @property
    def visibility(self) -> str: ...

    @property
    def reblog_of_id(self) -> int | None: ...

    @property
    def quote_automatic(self) -> Sequence[str]: ...

    @property
    def quote_manual(self) -> Sequence[str]: ...


def checked_policy(account: Account, wanted: str | None) -> str:
    """Return the policy that is wanted, else the usual one of ``account``. Raises Unprocessable."""
    policy = wanted or account.default_quote_policy
    if policy not in Account.QuotePolicy.values:
        raise Unprocessable(_("This quote policy does not exist"))
    return policy


def automatic_for(policy: str, visibility: str) -> list[str]:
    """Return who may quote a status of ours at once; what is not open is quoted by its author alone."""
    return list(_AUTOMATIC[Account.QuotePolicy(policy)]) if visibility in OPEN else []


_TIES = Prepared(
    lambda viewer, ids: (
        Follow.objects.accepted()
        .filter(account=viewer, target__in=ids.rows)
        .values_list("target", Value(FOLLOWERS))
        .union(
            Follow.objects.accepted()
            .filter(target=viewer, account__in=ids.rows)
            .values_list("account", Value(FOLLOWING)),
            all=True,
        )
    ),
    viewer=int,
    ids=Ids,
)


def load_ties(viewer_id: int | None, quotables: Iterable[Quotable]) -> Ties:
    """Return what the policies of these statuses ask of the viewer: one query, none when they ask nothing."""
    authors = {row.account_id for row in quotables if _asks_for_ties(row)} - {viewer_id}
    if viewer_id is None or not authors:
        return set()
    return {(author_id, kind) for author_id, kind in _TIES.tuples(viewer=viewer_id, ids=sorted(authors))}


def _asks_for_ties(row: Quotable) -> bool:
    return not {FOLLOWERS, FOLLOWING}.isdisjoint((*row.quote_automatic, *row.quote_manual))


def permission(row: Quotable, viewer_id: int | None, ties: Ties) -> Permission:
    """Return whether the viewer may quote a status, with what `load_ties` found."""
    if viewer_id is None or row.reblog_of_id is not None or row.visibility in _NEVER:
        return Permission.DENIED
    if row.account_id == viewer_id:
        return Permission.AUTOMATIC
    if row.visibility not in OPEN:
        return Permission.DENIED
    held = {PUBLIC} | {kind for author_id, kind in ties if author_id == row.account_id}
    if not held.isdisjoint(row.quote_automatic):
        return Permission.AUTOMATIC
    if not held.isdisjoint(row.quote_manual):
        return Permission.MANUAL
    is_unknown = UNSUPPORTED in row.quote_automatic or UNSUPPORTED in row.quote_manual
    return Permission.UNKNOWN if is_unknown else Permission.DENIED


_NEVER = (Status.Visibility.DIRECT, Status.Visibility.LIMITED)
