"""Lists of a person, who is on them, and what is read there. Called by the API doors.

A list is read straight from PostgreSQL, not from a feed in Redis: a short scan of an index for each member
costs as much as the list is long, while a copy would cost every status a write for each list its author is
on, read or not. Source: API behaviours section 11; Mastodon docs, "List".
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet, Value
from django.utils.translation import gettext as _

from accounts.models import Account, Follow
from core.api.pagination import Page
from core.api.parameters import as_id
from core.errors import NotFound, Unprocessable
from core.locks import hold
from core.prepared import Ids, Prepared
from core.text import clean_line
from timelines import feeds
from timelines.listings import Listing
from timelines.models import List, ListAccount, Status

MAX_LISTS = 50
TITLE_LIMIT = 256

_MEMBERS = """
WITH member AS (
    SELECT entry.list_id, entry.account_id AS id, follow.show_reblogs, follow.languages
    FROM timelines_listaccount entry LEFT JOIN accounts_follow follow ON follow.id = entry.follow_id
    WHERE entry.list_id = ANY (%(lists)s) AND (entry.follow_id IS NULL OR follow.accepted_at IS NOT NULL)
)
"""
# What a status of a member has to be, to fit the list.
_FITS = """
status.deleted_at IS NULL AND status.visibility NOT IN ('direct', 'limited')
    AND (status.reblog_of_id IS NULL OR member.show_reblogs IS NOT FALSE)
    AND (status.language IS NULL OR COALESCE(member.languages, '{}') = '{}'
        OR status.language = ANY (member.languages))
    AND (status.in_reply_to_uri = ''
        OR status.in_reply_to_account_id IN (status.account_id, list.account_id)
        OR (list.replies_policy = 'list' AND EXISTS (
            SELECT 1 FROM member answered
            WHERE answered.list_id = list.id AND answered.id = status.in_reply_to_account_id))
        OR (list.replies_policy = 'followed' AND EXISTS (
            SELECT 1 FROM accounts_follow answered
            WHERE answered.account_id = list.account_id AND answered.accepted_at IS NOT NULL
                AND answered.target_id = status.in_reply_to_account_id)))
"""
# The newest (or, above a bound, the next) statuses of each member that fit the list, and of these the first.
_CANDIDATES = f"""
{_MEMBERS}
SELECT latest.id
FROM timelines_list list JOIN member ON member.list_id = list.id
CROSS JOIN LATERAL (
    SELECT status.id FROM timelines_status status
    WHERE status.account_id = member.id AND status.id < %(below)s AND status.id > %(above)s AND {_FITS}
    ORDER BY status.id <order> LIMIT %(limit)s
) latest
ORDER BY latest.id <order> LIMIT %(limit)s
"""
_HOLDING = f"""
{_MEMBERS}
SELECT list.id
FROM timelines_list list JOIN member ON member.list_id = list.id
JOIN timelines_status status ON status.account_id = member.id
WHERE status.id = %(status)s AND {_FITS}
"""


@dataclass(frozen=True)
class ListChanges:
    """What a request says about a list; None leaves a value as it is."""

    title: str | None = None
    replies_policy: str | None = None
    exclusive: bool | None = None


def lists_of(account: Account) -> "QuerySet[List]":
    """Return the lists of ``account`` in the order in which they were made."""
    return List.objects.filter(account=account).order_by("pk")


def lists_with(account: Account, target: Account) -> "QuerySet[List]":
    """Return the lists of ``account`` that ``target`` is on."""
    return lists_of(account).filter(members__account=target)


def get_list(account: Account, list_id: object) -> List:
    """Return a list of ``account`` by an id from a client. Raises NotFound."""
    found = lists_of(account).filter(pk=as_id(list_id) or 0).first()
    if found is None:
        raise NotFound()
    found.account = account
    return found


def create_list(account: Account, changes: ListChanges) -> List:
    """Make a list; raises Unprocessable for wrong values and past 50 lists."""
    row = List(account=account)
    _assign(row, changes)
    with transaction.atomic():
        # So that two at once cannot both be the fiftieth.
        hold(f"lists:{account.pk}")
        if lists_of(account).count() >= MAX_LISTS:
            raise Unprocessable(_("You can have at most %(limit)d lists") % {"limit": MAX_LISTS})
        row.save(force_insert=True)
    return row


def update_list(row: List, changes: ListChanges) -> None:
    """Change a list; raises Unprocessable for wrong values."""
    was_exclusive = row.exclusive
    _assign(row, changes)
    with transaction.atomic():
        row.save(update_fields=["title", "replies_policy", "exclusive"])
        if row.exclusive != was_exclusive:
            _renew_home(row)


def _assign(row: List, changes: ListChanges) -> None:
    if changes.title is not None:
        row.title = clean_line(changes.title)
    if changes.replies_policy is not None:
        row.replies_policy = changes.replies_policy
    if changes.exclusive is not None:
        row.exclusive = changes.exclusive
    if not row.title:
        raise Unprocessable(_("A list needs a title"))
    if len(row.title) > TITLE_LIMIT:
        raise Unprocessable(_("The title may have at most %(limit)d characters") % {"limit": TITLE_LIMIT})
    if row.replies_policy not in List.RepliesPolicy.values:
        raise Unprocessable(_("There is no such choice for replies"))


def delete_list(row: List) -> None:
    """Delete a list; whom it kept away from home is read there again."""
    with transaction.atomic():
        if row.exclusive:
            _renew_home(row)
        row.delete()


def _renew_home(row: List) -> None:
    account_id = row.account_id
    transaction.on_commit(lambda: feeds.drop(account_id), robust=True)


# Members


def members_of(row: List) -> "QuerySet[ListAccount]":
    """Return who is on a list, with the accounts."""
    visible = Account.objects.visible().available().values("pk")
    return ListAccount.objects.filter(list=row, account__in=visible).select_related("account")


def add_members(row: List, account_ids: Collection[int]) -> None:
    """Put accounts on a list, all or none.

    Raises NotFound for an unknown account, Unprocessable for one on it already and for one whom the owner
    neither follows nor asked to; oneself needs no follow.
    """
    if Account.objects.visible().filter(pk__in=account_ids).count() != len(account_ids):
        raise NotFound()
    try:
        with transaction.atomic():
            # Held, so that no follow ends before its member is there to go with it.
            follows = Follow.objects.select_for_update().filter(account=row.account, target__in=account_ids)
            by_target = {follow.target_id: follow for follow in follows.order_by("pk")}
            if any(pk not in by_target and pk != row.account_id for pk in account_ids):
                raise Unprocessable(_("Only accounts that you follow can be put on a list"))
            ListAccount.objects.bulk_create(
                ListAccount(list=row, account_id=pk, follow=by_target.get(pk)) for pk in account_ids
            )
            if row.exclusive:
                _renew_home(row)
    except IntegrityError as error:
        raise Unprocessable(_("This account is on the list already")) from error


def remove_members(row: List, account_ids: Collection[int]) -> None:
    """Take accounts off a list; those that are not on it do not matter."""
    with transaction.atomic():
        ListAccount.objects.filter(list=row, account__in=account_ids).delete()
        if row.exclusive:
            _renew_home(row)


# Reading


def list_page(row: List, page: Page) -> tuple[Listing, list[int]]:
    """Return how to find a page of what the members say, and the ids that were looked at for it.

    Where the page is not full, its links go by these: what was left out counts as read.
    """
    # Twice as many, so that what is left out seldom makes the page short.
    ids = _candidates(row, page, page.limit * 2)
    sql, parameters = _readable(page.is_upwards).filled({"account": row.account_id, "ids": ids}, page.limit)
    return Listing(sql, parameters, page.is_upwards), ids


@cache
def _readable(upwards: bool) -> "Prepared[Status]":
    def build(account: int, ids: Ids) -> "QuerySet[Status, Any]":
        rows = feeds.readable_by(Status.objects.filter(pk__in=ids.rows), Account(pk=account))
        return rows.order_by("pk" if upwards else "-pk").values_list("pk")

    return Prepared(build, account=int, ids=Ids)


def _candidates(row: List, page: Page, limit: int) -> list[int]:
    values = {"lists": [row.pk], "below": page.below, "above": page.above, "limit": limit}
    found = _ids(_CANDIDATES.replace("<order>", "ASC" if page.is_upwards else "DESC"), values)
    return sorted(found, reverse=True)


def holding(list_ids: Collection[int], status: Status) -> list[List]:
    """Return those of these lists, with their owners, in which a status appears."""
    fitting = _ids(_HOLDING, {"lists": list(list_ids), "status": status.pk})
    rows = list(List.objects.filter(pk__in=fitting).select_related("account"))
    alone = Status.objects.filter(pk=status.pk)
    readable = [feeds.readable_by(alone, row.account).values_list(Value(row.pk)) for row in rows]
    shown = {found for (found,) in readable[0].union(*readable[1:], all=True)} if readable else set()
    return [row for row in rows if row.pk in shown]


def _ids(sql: str, values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [found for (found,) in cursor.fetchall()]
