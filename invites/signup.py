"""Signing up by an invitation link: reserve a place, wait until the address is confirmed, keep or release it.

Called by the sign-up page and the API, the event UserConfirmed and the clock (`invites/tasks.py`).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.events import UserConfirmed
from accounts.models import Account, User
from accounts.people import remove_unconfirmed
from accounts.registration import (
    create_local_account,
    email_faults,
    password_faults,
    send_confirmation,
    send_confirmation_mail,
    username_faults,
)
from core.errors import Details, NotFound, Unprocessable
from core.mail import send_mail
from invites.links import require_open
from invites.models import Invite, Redemption
from invites.tokens import hash_token, normalise_token

GRACE = timedelta(minutes=30)
UNCONFIRMED_KEPT = timedelta(hours=72)
# So long a mail's job may take before the sweep takes it for lost.
MAIL_OVERDUE_AFTER = timedelta(minutes=2)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SignUp:
    """What a person typed; ``locale`` is the language of the page it was typed on."""

    username: str
    email: str
    password: str = field(repr=False)
    locale: str


def redeem_link(spelling: str, sign_up: SignUp, *, now: datetime, opened_at: datetime | None = None) -> None:
    """Reserve a place and create an unconfirmed login with its account; after commit a mail asks to confirm.

    The row of the invitation is locked until then, so that the last place goes to one person only. An address
    that has a login already gets a mail that says so, and the caller learns nothing about it. Sending the
    same form twice is one sign-up. Who opened the form in time (``opened_at``) may send it half an hour late.
    Raises NotFound, LinkClosed, or Unprocessable with details; then nothing is kept.
    """
    with transaction.atomic():
        invite = _lock_invite(spelling)
        if _find_repeated(invite, sign_up):
            return
        require_open(invite, now=opened_at if opened_at and now - opened_at <= GRACE else now)
        user = _create_user(sign_up)
        if user is not None:
            _reserve(invite, user, now)


def redeem_link_by_app(spelling: str, sign_up: SignUp, *, now: datetime) -> tuple[User, Account]:
    """As redeem_link, and return login and account: the app gets a token of them at once.

    Hence it cannot be hidden from the app that an address has a login: that is ERR_TAKEN here. Sending the
    same again is one sign-up for whoever knows its password.
    """
    with transaction.atomic():
        invite = _lock_invite(spelling)
        repeated = _find_repeated(invite, sign_up)
        if repeated is not None and repeated.check_password(sign_up.password):
            return repeated, repeated.accounts.get()
        require_open(invite, now=now)
        user, account = _create(sign_up)
        _reserve(invite, user, now)
    return user, account


def _reserve(invite: Invite, user: User, now: datetime) -> None:
    redemption = Redemption.objects.create(invite=invite, user=user, reserved_at=now)
    _mail_on_commit(redemption.pk)
    log.info("sign_up_reserved", invite_id=invite.pk, redemption_id=redemption.pk)


def find_faults(sign_up: SignUp) -> Details:
    """Return what is wrong with a sign-up, field by field, without trying it.

    That an address has a login is not said, as in redeem_link.
    """
    details: Details = {
        "username": username_faults(sign_up.username.strip()),
        "email": email_faults(sign_up.email.strip()),
        "password": password_faults(sign_up.password),
    }
    return _without_taken_address(details)


def _lock_invite(spelling: str) -> Invite:
    token = normalise_token(spelling)
    found = Invite.objects.with_token_hash(hash_token(token)) if token else Invite.objects.none()
    invite = found.select_for_update(of=("self",)).first()
    if invite is None:
        raise NotFound
    return invite


def _find_repeated(invite: Invite, sign_up: SignUp) -> User | None:
    """A double click, or a form sent again because the answer got lost: return the login that it made."""
    return User.objects.filter(
        redemption__invite=invite,
        redemption__state=Redemption.State.RESERVED,
        email=sign_up.email.strip().lower(),
        accounts__username__iexact=sign_up.username.strip(),
    ).first()


def _create(sign_up: SignUp) -> tuple[User, Account]:
    return create_local_account(
        username=sign_up.username,
        email=sign_up.email,
        password=sign_up.password,
        locale=sign_up.locale,
        confirmed=False,
    )


def _create_user(sign_up: SignUp) -> User | None:
    """Create the login, or None when its address has one already and nothing else is wrong."""
    try:
        user, _ = _create(sign_up)
    except Unprocessable as refused:
        details = _without_taken_address(refused.details or {})
        if details:
            raise Unprocessable(details=details) from refused
        _tell_owner(User.objects.get(email=sign_up.email.strip().lower()))
        return None
    return user


def _without_taken_address(details: Details) -> Details:
    kept = {
        name: [fault for fault in faults if (name, fault["error"]) != ("email", "ERR_TAKEN")]
        for name, faults in details.items()
    }
    return {name: faults for name, faults in kept.items() if faults}


def _tell_owner(user: User) -> None:
    """Mail the owner of an address that somebody used again; that it is in use is told to nobody else."""
    if user.confirmed_at is None:
        send_confirmation(user)
        return
    user_id = user.pk
    transaction.on_commit(lambda: mail_already_registered.delay(user_id=user_id))


@shared_task(name="invites.mail_already_registered", queue="mail", autoretry_for=(OSError,), retry_backoff=30)
def mail_already_registered(*, user_id: int) -> None:
    """Tell a person that there is a login with this address already."""
    user = User.objects.filter(pk=user_id).first()
    if user is not None:
        send_mail("already_registered", user.email, user.locale, {"url": f"{settings.BASE_URL}/login"})


# The first mail is owed: a row says so until it is sent.


def _mail_on_commit(redemption_id: int) -> None:
    # Robust: when the queue is away, the sign-up stands and the sweep sends the mail.
    transaction.on_commit(lambda: mail_sign_up.delay(redemption_id=redemption_id), robust=True)


@shared_task(name="invites.mail_sign_up", queue="mail", autoretry_for=(OSError,), retry_backoff=30)
def mail_sign_up(*, redemption_id: int) -> None:
    """Send the mail that asks to confirm, unless it was sent; at least once, after a crash twice."""
    redemption = Redemption.objects.reserved().filter(pk=redemption_id, mailed_at__isnull=True).first()
    if redemption is None or redemption.user_id is None:
        return
    send_confirmation_mail(user_id=redemption.user_id)
    Redemption.objects.filter(pk=redemption_id).update(mailed_at=timezone.now())


@shared_task(name="invites.sweep_owed_mails")
def sweep_owed_mails() -> None:
    """Enqueue the mails whose jobs were lost."""
    overdue = timezone.now() - MAIL_OVERDUE_AFTER
    owed = Redemption.objects.reserved().filter(mailed_at__isnull=True, reserved_at__lt=overdue)
    for redemption_id in owed.values_list("pk", flat=True):
        mail_sign_up.delay(redemption_id=redemption_id)


# The end of a sign-up: confirmed, or released.


def complete_redemption(event: UserConfirmed) -> None:
    """Keep the place of a person who confirmed; called inside the transaction of the confirmation."""
    Redemption.objects.reserved().filter(user_id=event.user_id).update(
        state=Redemption.State.COMPLETED, completed_at=timezone.now()
    )


@shared_task(name="invites.release_unconfirmed")
def release_unconfirmed() -> None:
    """Undo the sign-ups that nobody confirmed in 72 hours; their places are free again."""
    overdue = timezone.now() - UNCONFIRMED_KEPT
    for redemption in Redemption.objects.reserved().filter(reserved_at__lt=overdue).select_related("user"):
        _release(redemption)


def _release(redemption: Redemption) -> None:
    # The login first, as the confirmation does: two that lock in different orders could wait for each other.
    with transaction.atomic():
        if redemption.user is None or remove_unconfirmed(redemption.user):
            Redemption.objects.reserved().filter(pk=redemption.pk).update(state=Redemption.State.RELEASED)
            log.info("sign_up_released", invite_id=redemption.invite_id, redemption_id=redemption.pk)
