"""Moves: an account goes to another one, and those who follow it from here go along.

`move_account` and the aliases are called by the command line, `receive_move` of accounts/inbox.py calls
`record_move`. Following, blocks, mutes and notes are carried over by a job, follow by follow.
Source: FEP-7628; contract of the federation 3.4.
"""

import logging
from datetime import datetime, timedelta
from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import outbox, relationships
from accounts.events import FollowMoved
from accounts.models import Account, AccountNote, Block, Follow, Membership, Move, Mute
from accounts.notes import MAX_COMMENT
from accounts.resolve import resolve_handle
from core import locks
from core.errors import AppError, Unprocessable
from core.events import emit

log = logging.getLogger(__name__)

COOLDOWN = timedelta(days=7)
# A move this young has its own job on the way or at work.
SWEEP_AFTER = timedelta(minutes=10)


def move_account(account: Account, handle: str, now: datetime) -> Move:
    """Let a local account go to the account of a handle and tell its followers, here and elsewhere.

    Raises NotFound, and Unprocessable unless that account names this one as an alias, and within seven days
    of the last move. Uses the network.
    """
    target = resolve_handle(handle)
    with transaction.atomic():
        move = record_move(account, target, now)
        if move is None:
            raise Unprocessable(gettext_lazy("This account moved within the last seven days"))
        outbox.send_move(move)
        outbox.send_actor_update(account)
    return move


def record_move(account: Account, target: Account, now: datetime) -> Move | None:
    """Note that an account goes to another and have its followers of ours go along after commit.

    None within seven days of its last move: everybody would follow to and fro. Raises Unprocessable unless
    the target names the account as an alias and is still where it is.
    """
    if account.pk == target.pk or account.uri not in target.also_known_as:
        raise Unprocessable(gettext_lazy("The new account does not name the old one as an alias"))
    if target.moved_to_id is not None or target.suspended_at is not None or target.deleted_at is not None:
        raise Unprocessable(gettext_lazy("The new account cannot be followed"))
    with transaction.atomic():
        locks.hold(f"move:{account.uri}")
        if Move.objects.filter(account=account, created_at__gt=now - COOLDOWN).exists():
            return None
        move = Move.objects.create(account=account, target=target, created_at=now)
        account.moved_to = target
        account.save(update_fields=["moved_to"])
        transaction.on_commit(partial(carry_over.delay, move_id=move.pk), robust=True)
    return move


def add_alias(account: Account, handle: str) -> None:
    """Let a local account say that another one is the same person, who can then move here.

    Raises NotFound; Unprocessable for itself. Uses the network.
    """
    other = resolve_handle(handle)
    if other.pk == account.pk:
        raise Unprocessable(gettext_lazy("An account is no alias of itself"))
    _set_aliases(account, [*account.also_known_as, other.uri])


def remove_alias(account: Account, handle: str) -> None:
    """Let a local account no longer say so; without that alias nothing changes. Raises NotFound."""
    other = resolve_handle(handle)
    _set_aliases(account, [uri for uri in account.also_known_as if uri != other.uri])


def _set_aliases(account: Account, uris: list[str]) -> None:
    account.also_known_as = list(dict.fromkeys(uris))
    with transaction.atomic():
        account.save(update_fields=["also_known_as"])
        outbox.send_actor_update(account)


# Going along


@shared_task(name="accounts.carry_over", queue="default")
def carry_over(*, move_id: int) -> None:
    """Carry to the new account what people here have to do with the old one. Repeat-safe."""
    move = Move.objects.filter(pk=move_id).select_related("account", "target").first()
    if move is None or move.carried_at is not None:
        return
    follows = Follow.objects.accepted().filter(target=move.account, account__domain__isnull=True)
    for follow in follows.select_related("account").order_by("pk").iterator():
        _follow_along(follow, move)
    for note in AccountNote.objects.filter(target=move.account).select_related("account").iterator():
        _add_note(note.account, move.target, note.comment)
    for block in Block.objects.filter(target=move.account, account__domain__isnull=True).iterator():
        _block_too(block, move)
    for mute in Mute.objects.active().filter(target=move.account).iterator():
        _mute_too(mute, move)
    Move.objects.filter(pk=move.pk).update(carried_at=timezone.now())


def sweep_moves(now: datetime) -> None:
    """Go on with moves whose job was lost."""
    waiting = Move.objects.filter(carried_at__isnull=True, created_at__lt=now - SWEEP_AFTER)
    for move_id in waiting.order_by("created_at").values_list("pk", flat=True):
        carry_over.delay(move_id=move_id)


def _follow_along(old: Follow, move: Move) -> None:
    """Follow the new account as the old one was followed, and end that; who may not follow it stays."""
    try:
        with transaction.atomic():
            if old.account_id != move.target_id:
                new = relationships.follow(
                    old.account,
                    move.target,
                    show_reblogs=old.show_reblogs,
                    notify=old.notify,
                    languages=old.languages,
                )
                emit(FollowMoved(old.pk, new.pk))
            relationships.unfollow(old.account, move.account)
    except AppError as error:
        log.info("follow_not_moved", extra={"follow_id": old.pk, "cause": str(error)})


def _block_too(block: Block, move: Move) -> None:
    """Block the new account as well, unless its owner was met and followed there meanwhile."""
    follower = block.account
    if follower.pk == move.target_id or Follow.objects.filter(account=follower, target=move.target).exists():
        return
    relationships.block(follower, move.target)
    with translation.override(_locale_of(follower)):
        said = _("This account moved here from @%(acct)s, which you had blocked.")
    _add_note(follower, move.target, said % {"acct": move.account.handle})


def _mute_too(mute: Mute, move: Move) -> None:
    if (
        mute.account_id == move.target_id
        or Mute.objects.filter(account=mute.account, target=move.target).exists()
    ):
        return
    left = (mute.expires_at - timezone.now()).total_seconds() if mute.expires_at else 0
    relationships.mute(
        mute.account,
        move.target,
        hide_notifications=mute.hide_notifications,
        duration_seconds=max(int(left), 1) if mute.expires_at else 0,
    )
    with translation.override(_locale_of(mute.account)):
        said = _("This account moved here from @%(acct)s, which you had muted.")
    _add_note(mute.account, move.target, said % {"acct": move.account.handle})


def _add_note(account: Account, target: Account, text: str) -> None:
    if account.pk == target.pk:
        return
    with transaction.atomic():
        locks.hold(f"note:{account.pk}:{target.pk}")
        noted = AccountNote.objects.filter(account=account, target=target).first()
        if noted is None:
            AccountNote.objects.create(account=account, target=target, comment=text)
        elif text not in noted.comment and len(noted.comment) + len(text) < MAX_COMMENT:
            noted.comment = f"{noted.comment}\n\n{text}"
            noted.save(update_fields=["comment"])


def _locale_of(account: Account) -> str | None:
    """Return the language of the one who owns an account of ours."""
    owners = Membership.objects.filter(account=account, role=Membership.Role.OWNER)
    return owners.values_list("user__locale", flat=True).first()
