"""What a page of statuses needs from the database, as prepared queries; for entities/status.py alone."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Value

from accounts.models import Account
from core.prepared import Ids, Prepared
from timelines.models import Bookmark, Favourite, Mention, Status, StatusPin

_STATUSES = Prepared(lambda ids: Status.objects.filter(pk__in=ids.rows), ids=Ids)
_ACCOUNTS = Prepared(lambda ids: Account.objects.filter(pk__in=ids.rows), ids=Ids)
_MENTIONED = Prepared(
    lambda ids: (
        Mention.objects.filter(status__in=ids.rows, silent=False)
        .order_by("pk")
        .values_list(
            "status_id",
            "account_id",
            "account__username",
            "account__domain",
            "account__url",
            "account__uri",
        )
    ),
    ids=Ids,
)
_TAGS = Prepared(
    lambda ids: (
        Status.tags.through.objects.filter(status__in=ids.rows)
        .order_by("pk")
        .values_list("status_id", "tag__name")
    ),
    ids=Ids,
)
_MARKS = Prepared(
    lambda viewer, ids: (
        Favourite.objects.filter(account=viewer, status__in=ids.rows)
        .values_list("status_id", Value("favourited"))
        .union(
            Bookmark.objects.filter(account=viewer, status__in=ids.rows).values_list(
                "status_id", Value("bookmarked")
            ),
            StatusPin.objects.filter(account=viewer, status__in=ids.rows).values_list(
                "status_id", Value("pinned")
            ),
            Status.objects.kept()
            .filter(account=viewer, reblog_of__in=ids.rows)
            .values_list("reblog_of_id", Value("reblogged")),
            all=True,
        )
    ),
    viewer=int,
    ids=Ids,
)


def load_statuses(ids: Collection[int]) -> dict[int, Status]:
    """Return the statuses with these ids, by id."""
    return {status.pk: status for status in _STATUSES.rows(ids=list(ids))} if ids else {}


def load_authors(ids: Collection[int]) -> dict[int, Account]:
    """Return the accounts with these ids, by id."""
    return {account.pk: account for account in _ACCOUNTS.rows(ids=list(ids))}


def load_mentioned(ids: Collection[int]) -> dict[int, list[Account]]:
    """Return whom these statuses name, by status id; of the accounts only what makes a handle and a link."""
    found: dict[int, list[Account]] = defaultdict(list)
    for status_id, pk, username, domain, url, uri in _MENTIONED.tuples(ids=list(ids)):
        found[status_id].append(Account(pk=pk, username=username, domain=domain, url=url, uri=uri))
    return found


def load_tag_names(ids: Collection[int]) -> dict[int, list[str]]:
    """Return the names of the hashtags of these statuses, by status id."""
    found: dict[int, list[str]] = defaultdict(list)
    for status_id, name in _TAGS.tuples(ids=list(ids)):
        found[status_id].append(name)
    return found


def load_marks(viewer_id: int, ids: Collection[int]) -> dict[str, set[int]]:
    """Return ids of statuses by what the viewer did: favourited, bookmarked, pinned, reblogged."""
    found: dict[str, set[int]] = defaultdict(set)
    for status_id, mark in _MARKS.tuples(viewer=viewer_id, ids=list(ids)):
        found[mark].add(status_id)
    return found
