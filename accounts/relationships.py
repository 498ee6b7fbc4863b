"""Follows, blocks and mutes: the rules, the counters, and who is told.

Called by the API and by accounts/inbox.py alike: whoever acts may be local or remote, and what has to be sent
to another server is decided in accounts/outbox.py. Each operation is one transaction and safe to repeat.
Source: API behaviours section 8.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import outbox
from accounts.events import AccountBlocked, AccountMuted, FollowAccepted, FollowEnded, FollowRequested
from accounts.models import Account, Block, DomainBlock, Endorsement, Follow, Mute
from accounts.validation import LANGUAGE
from core.errors import Forbidden, NotFound, Unprocessable
from core.events import emit
from core.hosts import normalise_host

MAX_LANGUAGES = 100

# Follow


def follow(
    account: Account,
    target: Account,
    *,
    show_reblogs: bool | None = None,
    notify: bool | None = None,
    languages: Sequence[str] | None = None,
    uri: str = "",
) -> Follow:
    """Let ``account`` follow ``target``, or ask to when the target is locked or remote.

    Repeated, it changes the options that are not None. ``uri`` is the id of a remote Follow. Raises Forbidden
    for oneself, where one blocks the other, and for an account that moved; NotFound for a suspended one.
    """
    _require_followable(account, target)
    options = _options(show_reblogs, notify, languages, uri)
    now = timezone.now()
    with transaction.atomic():
        row, created = Follow.objects.get_or_create(
            account=account, target=target, defaults={"created_at": now, **options}
        )
        row.account, row.target = account, target
        if created:
            _begin(row)
        else:
            _repeat(row, options)
    return row


def _require_followable(account: Account, target: Account) -> None:
    if account.pk == target.pk:
        raise Forbidden(_("You cannot follow yourself"))
    if target.suspended_at is not None or target.deleted_at is not None:
        raise NotFound()
    if target.moved_to_id is not None or is_blocked_either_way(account, target):
        raise Forbidden(_("You cannot follow this account"))


def is_blocked_either_way(account: Account, other: Account) -> bool:
    """Tell whether one of the two blocks the other, or hides the other's domain."""
    either = Q(account=account, target=other) | Q(account=other, target=account)
    if Block.objects.filter(either).exists():
        return True
    hidden = Q(account=account, domain=other.domain) | Q(account=other, domain=account.domain)
    return DomainBlock.objects.filter(hidden).exists()


def _options(
    show_reblogs: bool | None, notify: bool | None, languages: Sequence[str] | None, uri: str
) -> dict[str, object]:
    given: dict[str, object] = {}
    if show_reblogs is not None:
        given["show_reblogs"] = show_reblogs
    if notify is not None:
        given["notify"] = notify
    if languages is not None:
        given["languages"] = _checked_languages(languages) or None
    if uri:
        given["uri"] = uri
    return given


def _checked_languages(languages: Sequence[str]) -> list[str]:
    """Return the codes, each once. Raises Unprocessable for what is none."""
    if any(not LANGUAGE.fullmatch(code) for code in languages):
        raise Unprocessable(_("This is no language code"))
    return list(dict.fromkeys(languages))[:MAX_LANGUAGES]


def _begin(row: Follow) -> None:
    """Ask a remote target, leave a request with a locked one, accept at once for everybody else."""
    account, target = row.account, row.target
    if not target.is_local:
        outbox.send_follow(row)
    elif target.locked or account.silenced_at is not None:
        emit(FollowRequested(follow_id=row.pk))
    else:
        accept_follow(row)


def _repeat(row: Follow, options: dict[str, object]) -> None:
    for name, value in options.items():
        setattr(row, name, value)
    if options:
        row.save(update_fields=[*options])
    # A remote server that asks again did not get our answer.
    if "uri" in options and row.accepted_at is not None:
        outbox.send_accept(row)


def accept_follow(follow: Follow) -> None:
    """Let a request become a follow; accepting what holds already changes nothing."""
    now = timezone.now()
    with transaction.atomic():
        if not Follow.objects.requested().filter(pk=follow.pk).update(accepted_at=now):
            return
        follow.accepted_at = now
        _count(follow.account_id, follow.target_id, 1)
        outbox.send_accept(follow)
        emit(FollowAccepted(follow.pk, follow.account_id, follow.target_id))


def unaccept_follow(follow: Follow) -> None:
    """Turn a follow back into a request, when its target took the acceptance back."""
    with transaction.atomic():
        if Follow.objects.accepted().filter(pk=follow.pk).update(accepted_at=None):
            follow.accepted_at = None
            _end(follow.account_id, follow.target_id)
            emit(FollowEnded(follow.account_id, follow.target_id))


def reject_follow(follow: Follow) -> None:
    """Refuse a request, or end a follow in the name of its target."""
    with transaction.atomic():
        if _remove(follow):
            outbox.send_reject(follow)


def unfollow(account: Account, target: Account) -> None:
    """End a follow or a request of ``account``; without one nothing happens."""
    with transaction.atomic():
        found = _find_follow(account, target)
        if found is not None and _remove(found):
            outbox.send_undo_follow(found)


def remove_follower(account: Account, follower: Account) -> None:
    """Make ``follower`` no longer follow ``account``; without a follow nothing happens."""
    found = _find_follow(follower, account)
    if found is not None:
        reject_follow(found)


def _find_follow(account: Account, target: Account) -> Follow | None:
    found = Follow.objects.filter(account=account, target=target).first()
    if found is not None:
        found.account, found.target = account, target
    return found


def _remove(row: Follow) -> bool:
    """Delete the row, keeping its values; False if somebody else was faster."""
    held = Follow.objects.select_for_update().filter(pk=row.pk).values_list("accepted_at", flat=True)
    accepted = list(held)
    if not accepted:
        return False
    Follow.objects.filter(pk=row.pk).delete()
    if accepted[0] is not None:
        _end(row.account_id, row.target_id)
    emit(FollowEnded(row.account_id, row.target_id))
    return True


def _end(account_id: int, target_id: int) -> None:
    """Undo what a follow that held brought with it: nobody recommends whom they do not follow."""
    _count(account_id, target_id, -1)
    Endorsement.objects.filter(account_id=account_id, target_id=target_id).delete()


def _count(account_id: int, target_id: int, step: int) -> None:
    """Move both counters; always in the order of ids, so that two follows cannot wait for each other."""
    columns = {account_id: "following_count", target_id: "followers_count"}
    for pk in sorted(columns):
        column = columns[pk]
        Account.objects.filter(pk=pk).update(**{column: Greatest(F(column) + step, 0)})


# Block


def block(account: Account, target: Account, *, uri: str = "") -> Block:
    """Let ``account`` block ``target``: follows end both ways. Raises Forbidden for oneself."""
    if account.pk == target.pk:
        raise Forbidden(_("You cannot block yourself"))
    with transaction.atomic():
        row, created = Block.objects.get_or_create(
            account=account, target=target, defaults={"uri": uri, "created_at": timezone.now()}
        )
        row.account, row.target = account, target
        if created:
            unfollow(account, target)
            remove_follower(account, target)
            outbox.send_block(row)
            emit(AccountBlocked(account.pk, target.pk))
    return row


def unblock(account: Account, target: Account) -> None:
    """End a block; without one nothing happens."""
    with transaction.atomic():
        row = Block.objects.select_for_update().filter(account=account, target=target).first()
        if row is not None:
            row.account, row.target = account, target
            outbox.send_undo_block(row)
            row.delete()


# Mute


def mute(
    account: Account,
    target: Account,
    *,
    hide_notifications: bool = True,
    duration_seconds: int = 0,
) -> Mute:
    """Let ``account`` mute ``target``, for ever when the duration is 0. Raises Forbidden for oneself."""
    if account.pk == target.pk:
        raise Forbidden(_("You cannot mute yourself"))
    now = timezone.now()
    values = {
        "hide_notifications": hide_notifications,
        "expires_at": now + timedelta(seconds=duration_seconds) if duration_seconds > 0 else None,
    }
    with transaction.atomic():
        row, _created = Mute.objects.update_or_create(
            account=account,
            target=target,
            defaults=values,
            create_defaults={**values, "created_at": now},
        )
        emit(AccountMuted(account.pk, target.pk))
    return row


def unmute(account: Account, target: Account) -> None:
    """End a mute; without one nothing happens."""
    Mute.objects.filter(account=account, target=target).delete()


# Domains


def block_domain(account: Account, domain: str) -> None:
    """Hide a whole domain from ``account``; follows to and from there end. Raises Unprocessable."""
    wanted = read_domain(domain)
    with transaction.atomic():
        _row, created = DomainBlock.objects.get_or_create(
            account=account, domain=wanted, defaults={"created_at": timezone.now()}
        )
        if created:
            _leave_domain(account, wanted)


def _leave_domain(account: Account, domain: str) -> None:
    ours = Follow.objects.filter(account=account, target__domain=domain)
    theirs = Follow.objects.filter(target=account, account__domain=domain)
    for row in ours.select_related("account", "target"):
        if _remove(row):
            outbox.send_undo_follow(row)
    for row in theirs.select_related("account", "target"):
        reject_follow(row)


def unblock_domain(account: Account, domain: str) -> None:
    """Show a domain to ``account`` again; without a block nothing happens. Raises Unprocessable."""
    DomainBlock.objects.filter(account=account, domain=read_domain(domain)).delete()


def read_domain(text: str) -> str:
    """Return the canonical form of a domain that somebody typed. Raises Unprocessable."""
    try:
        return normalise_host(text.strip())
    except ValueError as error:
        raise Unprocessable(_("This is not a domain"), cause=str(error)) from error
