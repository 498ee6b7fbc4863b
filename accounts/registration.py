"""How a person and the account of that person come into being, and how the e-mail address is proved.

Called by the sign-up of invitations, `manage.py account create`, the confirmation page and the API.
"""

import re
from datetime import datetime
from typing import cast

from celery import shared_task
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.events import UserConfirmed
from accounts.models import Account, Membership, User
from accounts.validation import blank, fault, invalid, taken, too_long
from core.errors import FieldError, Forbidden, NotFound, Unprocessable
from core.events import emit
from core.mail import send_mail
from core.text import clean_line
from federation.keys import create_signing_key

USERNAME = re.compile(r"[a-z0-9_]{1,30}", re.IGNORECASE)
MAX_USERNAME = 30
MAX_EMAIL = 320
MAX_PASSWORD = 1000
CONFIRMATION_DAYS = 2

# Names that would look like the server itself or its staff.
_RESERVED_NAMES = (
    "abuse actor admin administrator administration api contact help hostmaster impressum info instance "
    "kontakt mod moderation moderator noreply owner postmaster root security server service staff "
    "support system team vorstand webmaster"
)
RESERVED = frozenset(_RESERVED_NAMES.split())

_SALT = "accounts.confirm_email"
_PASSWORD_CODES = {"password_too_short": "ERR_TOO_SHORT"}


def create_local_account(
    *,
    username: str,
    email: str,
    password: str,
    role: str = User.Role.USER,
    locale: str = "de",
    confirmed: bool = True,
    display_name: str = "",
) -> tuple[User, Account]:
    """Make a person with an account of the same owner and a key to sign with, in one transaction.

    Staff may take reserved names. Raises Unprocessable whose details name ``username``, ``email`` or
    ``password`` with Mastodon's ERR_ codes.
    """
    username, email = username.strip(), email.strip().lower()
    _check(username, email, password, role=role)
    now = timezone.now()
    user = User(
        email=email,
        role=role,
        locale=locale,
        created_at=now,
        confirmed_at=now if confirmed else None,
    )
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            account = _create_account(username, clean_line(display_name), now)
            Membership.objects.create(user=user, account=account, created_at=now)
    except IntegrityError as error:
        raise _taken(error) from error
    return user, account


def _create_account(username: str, display_name: str, now: datetime) -> Account:
    uri = f"{settings.BASE_URL}/users/{username}"
    account = Account.objects.create(
        username=username,
        uri=uri,
        url=f"{settings.BASE_URL}/@{username}",
        display_name=display_name,
        created_at=now,
    )
    create_signing_key(uri)
    return account


# Rules


def _check(username: str, email: str, password: str, *, role: str) -> None:
    faults = {
        "username": username_faults(username, staff=role != User.Role.USER),
        "email": email_faults(email),
        "password": password_faults(password),
    }
    details = {field: found for field, found in faults.items() if found}
    if details:
        raise invalid(details)


def username_faults(username: str, *, staff: bool = False) -> list[FieldError]:
    """Return what is wrong with a wished username: nothing, or one fault."""
    if not username:
        return [blank()]
    if len(username) > MAX_USERNAME:
        return [too_long(MAX_USERNAME)]
    if not USERNAME.fullmatch(username):
        return [fault("ERR_INVALID", _("may only contain letters without accents, digits and underscores"))]
    lowered = username.lower()
    # The handle of the server itself is its domain.
    if lowered == settings.LOCAL_DOMAIN or (lowered in RESERVED and not staff):
        return [fault("ERR_RESERVED", _("is reserved"))]
    if Account.objects.with_handle(username, None).exists():
        return [taken()]
    return []


def email_faults(email: str) -> list[FieldError]:
    """Return what is wrong with an e-mail address: nothing, or one fault."""
    if not email:
        return [blank()]
    if len(email) > MAX_EMAIL:
        return [too_long(MAX_EMAIL)]
    try:
        validate_email(email)
    except ValidationError:
        return [fault("ERR_INVALID", _("is not an e-mail address"))]
    if User.objects.filter(email=email.lower()).exists():
        return [taken()]
    return []


def password_faults(password: str) -> list[FieldError]:
    """Return what is wrong with a password; sign-up and password change ask."""
    if not password:
        return [blank()]
    if len(password) > MAX_PASSWORD:
        return [too_long(MAX_PASSWORD)]
    try:
        validate_password(password)
    except ValidationError as refused:
        return [
            fault(_PASSWORD_CODES.get(str(error.code), "ERR_INVALID"), " ".join(error.messages))
            for error in refused.error_list
        ]
    return []


def _taken(error: IntegrityError) -> Unprocessable:
    """Say which of the two unique names somebody else took between our look and our write."""
    field = "username" if "account" in str(error) else "email"
    return invalid({field: [taken()]})


# The e-mail address


def send_confirmation(user: User) -> None:
    """Mail the person a link to confirm the address, after commit. Nothing happens for a confirmed one."""
    if user.confirmed_at is None:
        user_id = user.pk
        transaction.on_commit(lambda: send_confirmation_mail.delay(user_id=user_id))


def change_unconfirmed_email(user: User, email: str) -> None:
    """Take another address for a person who mistyped it; links to confirm the former one are void.

    Raises Unprocessable whose details name ``email``; Forbidden when the former one was confirmed meanwhile.
    """
    email = email.strip().lower()
    if email == user.email:
        return
    if found := email_faults(email):
        raise invalid({"email": found})
    try:
        with transaction.atomic():
            changed = User.objects.filter(pk=user.pk, confirmed_at__isnull=True).update(email=email)
    except IntegrityError as error:
        raise invalid({"email": [taken()]}) from error
    if not changed:
        raise Forbidden(_("The e-mail address is confirmed already"))
    user.email = email


def send_confirmation_again(email: str) -> None:
    """As send_confirmation, for whoever waits under this address; nothing happens when nobody does."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is not None:
        send_confirmation(user)


@shared_task(name="accounts.send_confirmation_mail", queue="mail", autoretry_for=(OSError,), retry_backoff=30)
def send_confirmation_mail(*, user_id: int) -> None:
    """Send the confirmation mail; a mail server that is away is tried again. Confirmed or gone: nothing."""
    user = User.objects.filter(pk=user_id, confirmed_at__isnull=True).first()
    if user is None:
        return
    url = settings.BASE_URL + reverse("confirm_email", kwargs={"token": confirmation_token(user)})
    send_mail("confirm_email", user.email, user.locale, {"url": url, "days": CONFIRMATION_DAYS})


def confirmation_token(user: User) -> str:
    """Return the secret of a confirmation link; it proves this person at this address for two days."""
    return signing.dumps([user.pk, user.email], salt=_SALT)


def get_user_to_confirm(token: str) -> User:
    """Return whom a confirmation link is for; raises NotFound when it is wrong, too old or outdated."""
    try:
        user_id, email = cast(
            "tuple[int, str]", signing.loads(token, salt=_SALT, max_age=CONFIRMATION_DAYS * 86400)
        )
        return User.objects.get(pk=user_id, email=email)
    except (signing.BadSignature, User.DoesNotExist) as error:
        raise NotFound(_("This confirmation link is not valid any more"), cause=str(error)) from error


def confirm_email(user: User) -> None:
    """Remember that the person proved the address; confirming twice is harmless.

    An address that was changed since ``user`` was loaded is not proven by that: then nothing happens.
    """
    now = timezone.now()
    waiting = User.objects.filter(pk=user.pk, email=user.email, confirmed_at__isnull=True)
    with transaction.atomic():
        if waiting.update(confirmed_at=now):
            user.confirmed_at = now
            emit(UserConfirmed(user_id=user.pk))
