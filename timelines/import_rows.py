"""What one line of an imported file asks for, and what goes when a file replaces what is there.

Called by the job in timelines/imports.py. Everything may be repeated. An account or a post that is not known
yet is asked for over the network.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from django.db.models import Q

from accounts.models import Account, Block, DomainBlock, Follow, Mute
from accounts.relationships import (
    block,
    block_domain,
    follow,
    mute,
    read_domain,
    unblock,
    unblock_domain,
    unfollow,
    unmute,
)
from accounts.resolve import find_by_handle, resolve_handle, split_handle
from core.api.parameters import as_bool
from core.errors import AppError, NotFound, Unprocessable
from core.text import clean_line
from timelines.import_files import Kind
from timelines.interactions import bookmark
from timelines.lists import ListChanges, add_members, create_list, delete_list, lists_of, remove_members
from timelines.models import Bookmark, List, ListAccount, Status
from timelines.remote import resolve_url
from timelines.visibility import can_see

Handle = tuple[str, str | None]

# One line


def apply_row(account: Account, kind: Kind, cells: Sequence[str]) -> None:
    """Do what a line says; raises AppError where that cannot be done, not permanent where it may be later."""
    _APPLY[kind](account, *cells)


def _follow(account: Account, address: str, boosts: str, notify: str, languages: str) -> None:
    codes = [code.strip() for code in languages.split(",") if code.strip()]
    follow(
        account,
        _account_at(address),
        show_reblogs=_flag(boosts),
        notify=_flag(notify),
        languages=codes or None,
    )


def _block(account: Account, address: str) -> None:
    block(account, _account_at(address))


def _mute(account: Account, address: str, hide_notifications: str) -> None:
    mute(account, _account_at(address), hide_notifications=_flag(hide_notifications) is not False)


def _bookmark(account: Account, address: str) -> None:
    known = Status.objects.kept().filter(Q(uri=address) | Q(url=address), reblog_of__isnull=True).first()
    status = known or resolve_url(_address_of_post(address))
    if not isinstance(status, Status) or not can_see(account, status):
        raise NotFound(cause="no post that the account may see")
    bookmark(account, status)


def _put_on_list(account: Account, title: str, address: str) -> None:
    """Put somebody on a list, which is made if need be; only whom one follows can be on it."""
    target = _account_at(address)
    wanted = lists_of(account).filter(title=clean_line(title)).first()
    wanted = wanted or create_list(account, ListChanges(title=title))
    if ListAccount.objects.filter(list=wanted, account=target).exists():
        return
    if target.pk != account.pk and not Follow.objects.filter(account=account, target=target).exists():
        follow(account, target)
    add_members(wanted, [target.pk])


_APPLY: dict[Kind, Callable[..., None]] = {
    Kind.FOLLOWS: _follow,
    Kind.LISTS: _put_on_list,
    Kind.BLOCKS: _block,
    Kind.MUTES: _mute,
    Kind.DOMAIN_BLOCKS: block_domain,
    Kind.BOOKMARKS: _bookmark,
}


def _account_at(address: str) -> Account:
    """Return the account with a handle, as it is known, or from its server."""
    known = find_by_handle(*_handle(address))
    return known if known is not None and known.suspended_at is None else resolve_handle(address)


def _flag(text: str) -> bool | None:
    return as_bool(text.lower()) if text else None


# What a line is about, to tell it from others


def subjects(kind: Kind, rows: Iterable[Sequence[str]]) -> set[Any]:
    """Return what the lines are about, without those that cannot be read as their kind."""
    found = set()
    for cells in rows:
        try:
            found.add(_SUBJECT[kind](*cells))
        except AppError:
            continue
    return found


def _handle(address: str, *_options: str) -> Handle:
    try:
        name, domain = split_handle(address)
    except NotFound as error:
        raise Unprocessable(cause=error.cause) from error
    return name.lower(), domain


def _entry(title: str, address: str) -> tuple[str, Handle]:
    return clean_line(title), _handle(address)


def _address_of_post(address: str) -> str:
    if not address.startswith(("https://", "http://")):
        raise Unprocessable(cause="no address of a post")
    return address


_SUBJECT: dict[Kind, Callable[..., Any]] = {
    Kind.FOLLOWS: _handle,
    Kind.LISTS: _entry,
    Kind.BLOCKS: _handle,
    Kind.MUTES: _handle,
    Kind.DOMAIN_BLOCKS: read_domain,
    Kind.BOOKMARKS: _address_of_post,
}


# What is not in the file


def remove_others(account: Account, kind: Kind, rows: Iterable[Sequence[str]]) -> None:
    """Take away what the account has of this kind and no line is about."""
    kept = subjects(kind, rows)
    if kind == Kind.LISTS:
        _remove_other_lists(account, kept)
    elif kind == Kind.BOOKMARKS:
        others = Bookmark.objects.filter(account=account)
        others.exclude(Q(status__uri__in=kept) | Q(status__url__in=kept)).delete()
    elif kind == Kind.DOMAIN_BLOCKS:
        for other in DomainBlock.objects.filter(account=account).exclude(domain__in=kept):
            unblock_domain(account, other.domain)
    else:
        _end_other_relations(account, kind, kept)


_RELATIONS: dict[Kind, tuple[type[Follow | Block | Mute], Callable[[Account, Account], None]]] = {
    Kind.FOLLOWS: (Follow, unfollow),
    Kind.BLOCKS: (Block, unblock),
    Kind.MUTES: (Mute, unmute),
}


def _end_other_relations(account: Account, kind: Kind, kept: Collection[Handle]) -> None:
    model, end = _RELATIONS[kind]
    for relation in model._default_manager.filter(account=account).select_related("target"):
        if _handle_of(relation.target) not in kept:
            end(account, relation.target)


def _remove_other_lists(account: Account, kept: Collection[tuple[str, Handle]]) -> None:
    titles = {title for title, _member in kept}
    for row in lists_of(account):
        row.account = account
        if row.title not in titles:
            delete_list(row)
        elif others := _other_members(row, kept):
            remove_members(row, others)


def _other_members(row: List, kept: Collection[tuple[str, Handle]]) -> list[int]:
    members = ListAccount.objects.filter(list=row).select_related("account")
    return [each.account_id for each in members if (row.title, _handle_of(each.account)) not in kept]


def _handle_of(account: Account) -> Handle:
    return account.username.lower(), account.domain
