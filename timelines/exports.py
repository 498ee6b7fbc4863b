"""What a person can carry away: follows, lists, blocks, mutes, domains and bookmarks, as files of Mastodon.

Called by the pages. The files can be imported here and elsewhere: timelines/import_files.py.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accounts.listings import blocks_of, domain_blocks_of, mutes_of
from accounts.models import Account, Follow
from timelines.import_files import Kind, write_file
from timelines.models import Bookmark, ListAccount

Cells = Sequence[str]


def count_exports(account: Account) -> dict[Kind, int]:
    """Return how many lines the file of each kind would have."""
    return {kind: rows(account).count() for kind, (rows, _cells) in _EXPORTS.items()}


def export_file(account: Account, kind: Kind) -> str:
    """Return what the account has of this kind as a CSV file."""
    rows, cells = _EXPORTS[kind]
    lines: Iterable[Cells] = (cells(row) for row in rows(account).order_by("pk").iterator())
    return write_file(kind, lines)


def _follows(account: Account) -> "QuerySet[Any]":
    return Follow.objects.accepted().filter(account=account).select_related("target")


def _list_entries(account: Account) -> "QuerySet[Any]":
    return ListAccount.objects.filter(list__account=account).select_related("list", "account")


def _bookmarks(account: Account) -> "QuerySet[Any]":
    return Bookmark.objects.filter(account=account, status__deleted_at__isnull=True).select_related("status")


def _address(account: Account) -> str:
    return f"{account.username}@{account.domain or settings.LOCAL_DOMAIN}"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _follow_cells(row: Any) -> Cells:
    languages = ", ".join(row.languages or [])
    return _address(row.target), _flag(row.show_reblogs), _flag(row.notify), languages


_EXPORTS: dict[Kind, tuple[Callable[[Account], "QuerySet[Any]"], Callable[[Any], Cells]]] = {
    Kind.FOLLOWS: (_follows, _follow_cells),
    Kind.LISTS: (_list_entries, lambda row: (row.list.title, _address(row.account))),
    Kind.BLOCKS: (blocks_of, lambda row: (_address(row.target),)),
    Kind.MUTES: (mutes_of, lambda row: (_address(row.target), _flag(row.hide_notifications))),
    Kind.DOMAIN_BLOCKS: (domain_blocks_of, lambda row: (row.domain,)),
    Kind.BOOKMARKS: (_bookmarks, lambda row: (row.status.uri,)),
}
