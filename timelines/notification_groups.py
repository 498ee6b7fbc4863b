"""Notifications in groups: ten people who favoured one status are one entry.

`group_keys` is called by timelines/notifications.py when rows are written; the rest by the doors of the
API's second version. A page reads the newest row of each group and then their figures, in a fixed number of
queries.
Source: API behaviours section 12.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet

from accounts.models import Account
from core.api.pagination import Page
from core.api.parameters import as_id
from core.errors import NotFound
from timelines.models import Notification, Status

GROUPABLE = ("favourite", "reblog", "follow", "admin.sign_up")
ALONE = "ungrouped-"
SAMPLE = 8
# A group takes in more for so many hours after its first.
OPEN_HOURS = 12
_HOUR_SECONDS = 3600


def group_keys(
    type: str, status: Status | None, account_ids: Collection[int], now: datetime
) -> dict[int, str]:
    """Return the group that a new notification belongs to, by recipient; empty where it stands alone."""
    if type not in GROUPABLE or not account_ids:
        return {}
    stem = f"{type}-{status.pk}" if status is not None else type
    hour = int(now.timestamp()) // _HOUR_SECONDS
    hours = range(hour - OPEN_HOURS + 1, hour + 1)
    keys = [f"{stem}-{started}" for started in hours]
    open_ones = Notification.objects.filter(account__in=account_ids, group_key__in=keys).order_by()
    found = dict(open_ones.values_list("account").annotate(Max("group_key")))
    return {account_id: found.get(account_id, keys[-1]) for account_id in account_ids}


@dataclass(frozen=True)
class Group:
    """A group as a page shows it: ``newest`` stands for it, with account and status loaded."""

    key: str
    newest: Notification
    count: int
    sample_ids: Sequence[int]
    page_min_id: int
    page_max_id: int
    latest_at: datetime


@dataclass(frozen=True)
class GroupPage:
    """Groups, newest first, and the accounts that they name."""

    groups: Sequence[Group]
    accounts: dict[int, Account] = field(default_factory=dict)
    cursors: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _Figures:
    count: int
    sample_ids: Sequence[int]
    min_id: int | None
    max_id: int
    latest_at: datetime


def heads(
    rows: "QuerySet[Notification]", grouped_types: Sequence[str], page: Page | None = None
) -> "QuerySet[Notification]":
    """Keep one row of each group: the newest, or the oldest where the page counts upwards."""
    if page is not None and page.min_id is not None:
        others = rows.filter(pk__gt=page.min_id, pk__lt=OuterRef("pk"))
    else:
        others = rows.filter(pk__gt=OuterRef("pk"))
        if page is not None and page.max_id is not None:
            others = others.filter(pk__lt=page.max_id)
    grouped = ~Q(group_key="") & Q(type__in=grouped_types)
    # Without the joins: who is asked for again here is told of the same status.
    others = others.select_related(None).filter(account=OuterRef("account"), group_key=OuterRef("group_key"))
    return rows.filter(~grouped | ~Exists(others))


def load_page(rows: "QuerySet[Notification]", grouped_types: Sequence[str], page: Page) -> GroupPage:
    """Return a page of ``page.limit`` groups out of these rows, in three queries."""
    found = page.slice(heads(rows, grouped_types, page))
    if not found:
        return GroupPage([])
    lowest, highest = _range(found, page)
    keys = {row.group_key for row in found if row.group_key and row.type in grouped_types}
    figures = _load_figures(rows, keys, lowest, highest)
    groups = [_group(row, figures.get(row.group_key) if row.group_key in keys else None) for row in found]
    return GroupPage(groups, _load_accounts(groups), [row.pk for row in found])


def _range(found: Sequence[Notification], page: Page) -> tuple[int, int]:
    """Return the lowest and highest id that this page stands for; a last page reaches to the end."""
    highest, lowest = found[0].pk, found[-1].pk
    if len(found) < page.limit:
        if page.min_id is not None:
            highest = page.max_id - 1 if page.max_id is not None else 2**62
        else:
            lowest = page.since_id + 1 if page.since_id is not None else 0
    return lowest, highest


def _load_figures(
    rows: "QuerySet[Notification]", keys: Collection[str], lowest: int = 0, highest: int = 2**62
) -> dict[str, _Figures]:
    if not keys:
        return {}
    members = rows.filter(group_key__in=keys, pk__lte=highest).select_related(None).order_by()
    figures = members.values("group_key").annotate(
        count=Count("pk"),
        senders=ArrayAgg("from_account_id", order_by="-pk"),
        lowest=Min("pk", filter=Q(pk__gte=lowest)),
        highest=Max("pk"),
        latest=Max("created_at"),
    )
    return {
        row["group_key"]: _Figures(
            row["count"], _sample(row["senders"]), row["lowest"], row["highest"], row["latest"]
        )
        for row in figures
    }


def _sample(senders: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(senders))[:SAMPLE]


def _group(row: Notification, figures: _Figures | None) -> Group:
    if figures is None:
        return Group(f"{ALONE}{row.pk}", row, 1, [row.from_account_id], row.pk, row.pk, row.created_at)
    return Group(
        key=row.group_key,
        newest=row,
        count=figures.count,
        sample_ids=figures.sample_ids,
        page_min_id=figures.min_id or row.pk,
        page_max_id=figures.max_id,
        latest_at=figures.latest_at,
    )


def _load_accounts(groups: Sequence[Group]) -> dict[int, Account]:
    """Return the accounts of all samples; those of the newest rows are loaded already."""
    found = {group.newest.from_account_id: group.newest.from_account for group in groups}
    missing = {pk for group in groups for pk in group.sample_ids} - found.keys()
    return found | Account.objects.in_bulk(missing)


# One group


def members_of(rows: "QuerySet[Notification]", key: str) -> "QuerySet[Notification]":
    """Return the rows of a group by the key that a client sent."""
    if key.startswith(ALONE):
        return rows.filter(pk=as_id(key.removeprefix(ALONE)) or 0)
    return rows.filter(group_key=key) if key and "\x00" not in key else rows.none()


def load_group(rows: "QuerySet[Notification]", key: str) -> GroupPage:
    """Return one group. Raises NotFound."""
    newest = members_of(rows, key).order_by("-pk").first()
    if newest is None:
        raise NotFound()
    figures = None if key.startswith(ALONE) else _load_figures(rows, [key])[key]
    groups = [_group(newest, figures)]
    return GroupPage(groups, _load_accounts(groups))
