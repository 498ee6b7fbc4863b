"""Finding accounts: by id, in numbers, by what somebody types.

Called by the API doors of accounts and timelines and by search.
"""

import logging
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.lookups import Contains, StartsWith

from accounts.models import Account, Follow
from accounts.resolve import find_by_handle, resolve_handle
from core.api.parameters import as_id
from core.errors import NotFound, RemoteUnreachable
from core.folded import Folded
from core.hosts import normalise_host
from core.prepared import Prepared
from federation.local import local_hosts

log = logging.getLogger(__name__)


def get_account(account_id: object) -> Account:
    """Return the account with this id from a client; suspended ones too. Raises NotFound."""
    found = _VISIBLE.rows(account=as_id(account_id) or 0)
    if not found:
        raise NotFound()
    return found[0]


_VISIBLE = Prepared(lambda account: Account.objects.visible().filter(pk=account), account=int)


def load_accounts(account_ids: Iterable[int]) -> list[Account]:
    """Return the accounts with these ids in their order, without those that cannot be seen."""
    wanted = list(account_ids)
    found = {account.pk: account for account in Account.objects.visible().filter(pk__in=wanted)}
    return [found[pk] for pk in wanted if pk in found]


def get_by_handle(acct: str) -> Account:
    """Return the known account of ``name`` or ``name@domain``, a leading @ is fine. Raises NotFound."""
    handle = split_handle(acct)
    found = find_by_handle(*handle) if handle else None
    if found is None or not Account.objects.visible().filter(pk=found.pk).exists():
        raise NotFound()
    return found


def split_handle(text: str) -> tuple[str, str | None] | None:
    """Return username and canonical domain (None when not given) of a handle, or None for what is none."""
    username, at, domain = text.strip().removeprefix("acct:").removeprefix("@").partition("@")
    if not username or (at and not domain):
        return None
    try:
        return username, normalise_host(domain) if at else None
    except ValueError:
        return None


def search_accounts(
    query: str,
    *,
    viewer: Account | None,
    limit: int,
    offset: int = 0,
    resolve: bool = False,
    following: bool = False,
) -> list[int]:
    """Return the ids of known accounts whose name or handle holds ``query``, best first.

    With ``resolve`` a full handle that is not known yet is asked for at its server; when that fails, what is
    known is the answer. ``following`` keeps those that the viewer follows.
    """
    text = query.strip()
    if not text:
        return []
    if resolve and offset == 0:
        try:
            learn_handle(text)
        except RemoteUnreachable as error:
            log.info("handle_not_resolved", extra={"cause": str(error)})
    return _find_ids(text, viewer if following else None, limit=offset + limit)[offset:]


def learn_handle(text: str) -> None:
    """Fetch the account of a full handle that is unknown; that nobody has this name is no error.

    Uses the network. Raises RemoteUnreachable.
    """
    handle = split_handle(text)
    if handle is None or handle[1] is None or find_by_handle(*handle) is not None:
        return
    try:
        resolve_handle(text)
    except NotFound:
        return


def _find_ids(text: str, follower: Account | None, *, limit: int) -> list[int]:
    username, _at, domain = text.removeprefix("@").partition("@")
    values: dict[str, int | str] = {} if follower is None else {"follower": follower.pk}
    if domain.lower() in local_hosts():
        local = Account.objects.visible().available().with_handle(username, None).values_list("pk", flat=True)
        return list(local[:limit])
    if domain:
        found = _by_handle(follower is not None).tuples(
            username=username, domain=domain, limit=limit, **values
        )
    else:
        is_long = len(text) >= _SHORTEST_PART
        found = _by_name(is_long, follower is not None).tuples(
            username=username, text=text, limit=limit, **values
        )
    return [pk for pk, *_ in found]


# Below three signs the index of parts is of no use.
_SHORTEST_PART = 3


@cache
def _by_handle(among_followed: bool) -> "Prepared[Account]":
    def build(username: str, domain: str, follower: int | None = None) -> "QuerySet[Account, Any]":
        begins = Q(username__istartswith=Value(username), domain__istartswith=Value(domain))
        exact = Q(username__iexact=Value(username), domain__iexact=Value(domain))
        return _ranked(begins, exact, begins, follower)

    return Prepared(build, username=str, domain=str, **({"follower": int} if among_followed else {}))


@cache
def _by_name(is_long: bool, among_followed: bool) -> "Prepared[Account]":
    def build(username: str, text: str, follower: int | None = None) -> "QuerySet[Account, Any]":
        lookup = Contains if is_long else StartsWith
        shown = Q(lookup(Folded("display_name"), Folded(Value(text))))
        begins = Q(username__istartswith=Value(username))
        exact = Q(username__iexact=Value(username), domain__isnull=True)
        return _ranked(begins | shown, exact, begins, follower)

    return Prepared(build, username=str, text=str, **({"follower": int} if among_followed else {}))


def _ranked(wanted: Q, first: Q, second: Q, follower: int | None) -> "QuerySet[Account, Any]":
    rank = Case(When(first, then=Value(0)), When(second, then=Value(1)), default=Value(2))
    found = Account.objects.visible().available().filter(wanted)
    if follower is not None:
        found = found.filter(pk__in=Follow.objects.accepted().filter(account=follower).values("target"))
    ordered = found.annotate(rank=rank).order_by("rank", "-followers_count", "-id")
    return ordered.values_list("pk", "rank", "followers_count")
