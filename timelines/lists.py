"""Lists of a person, who is on them, and what is read there. Called by the API doors.

A list is read straight from PostgreSQL, not from a feed in Redis: a short scan of an index for each member
costs as much as the list is long, while a copy would cost every status a write for each list its author is
on, read or not. Source: API behaviours section 11; Mastodon docs, "List".
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account, Follow
from core.api.pagination import Page
from core.api.parameters import as_id
from core.errors import NotFound, Unprocessable
from core.locks import hold
from core.text import clean_line
from timelines import feeds
from timelines.models import List, ListAccount, Status

MAX_LISTS = 50
TITLE_LIMIT = 256
_NO_LATEST = 2**63 - 1

# The newest (or, above a bound, the next) statuses of each member that fit the list, and of these the first.
_CANDIDATES = """
WITH member AS (
    SELECT entry.account_id AS id, follow.show_reblogs, follow.languages
    FROM timelines_listaccount entry LEFT JOIN accounts_follow follow ON follow.id = entry.follow_id
    WHERE entry.list_id = %(list)s AND (entry.follow_id IS NULL OR follow.accepted_at IS NOT NULL)
)
SELECT latest.id
FROM member
CROSS JOIN LATERAL (
    SELECT status.id FROM timelines_status status
    WHERE status.account_id = member.id AND status.deleted_at IS NULL
        AND status.id < %(below)s AND status.id > %(above)s
        AND status.visibility NOT IN ('direct', 'limited')
        AND (status.reblog_of_id IS NULL OR member.show_reblogs IS NOT FALSE)
        AND (status.language IS NULL OR COALESCE(member.languages, '{{}}') = '{{}}'
            OR status.language = ANY (member.languages))
        AND (status.in_reply_to_uri = ''
            OR status.in_reply_to_account_id IN (status.account_id, %(owner)s)
            OR (%(policy)s = 'list' AND status.in_reply_to_account_id IN (SELECT id FROM member))
            OR (%(policy)s = 'followed' AND EXISTS (
                SELECT 1 FROM accounts_follow answered
                WHERE answered.account_id = %(owner)s AND answered.accepted_at IS NOT NULL
                    AND answered.target_id = status.in_reply_to_account_id)))
    ORDER BY status.id {order} LIMIT %(limit)s
) latest
ORDER BY latest.id {order} LIMIT %(limit)s
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


def list_page(row: List, page: Page) -> tuple[list[Status], list[int]]:
    """Return a page of what the members say, newest first, and the ids that its links go by.

    The ids may go beyond the statuses: what was left out still counts as read.
    """
    # Twice as many, so that what is left out seldom makes the page short.
    ids = _candidates(row, replace(page, limit=page.limit * 2))
    rows = list(feeds.readable_by(Status.objects.filter(pk__in=ids), row.account).order_by("-pk"))
    if len(rows) <= page.limit:
        return rows, ids
    rows = rows[-page.limit :] if page.min_id is not None else rows[: page.limit]
    return rows, [status.pk for status in rows]


def holds(row: List, status: Status) -> bool:
    """Return whether a new status appears in a list for its owner."""
    around = Page(1, max_id=status.pk + 1, since_id=status.pk - 1)
    ids = _candidates(row, around)
    return feeds.readable_by(Status.objects.filter(pk__in=ids), row.account).exists()


def _candidates(row: List, page: Page) -> list[int]:
    above = page.min_id if page.min_id is not None else page.since_id
    values = {
        "list": row.pk,
        "owner": row.account_id,
        "policy": row.replies_policy,
        "below": _NO_LATEST if page.max_id is None else page.max_id,
        "above": above or 0,
        "limit": page.limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES.format(order="DESC" if page.min_id is None else "ASC"), values)
        return sorted((found[0] for found in cursor.fetchall()), reverse=True)
