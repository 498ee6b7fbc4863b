"""The mail with which someone who forgot the password gets in again."""

from celery import shared_task
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import User
from accounts.registration import send_confirmation
from core.mail import send_mail


def send_password_reset(email: str) -> None:
    """Mail a link to choose a new password, after commit; an address that nobody has gets none.

    Who has not confirmed the address yet gets that mail again instead: signing in needs it first.
    """
    user = User.objects.filter(email=email.lower(), disabled_at__isnull=True).first()
    if user is None:
        return
    if user.confirmed_at is None:
        send_confirmation(user)
        return
    user_id = user.pk
    transaction.on_commit(lambda: send_password_reset_mail.delay(user_id=user_id))


@shared_task(
    name="accounts.send_password_reset_mail", queue="mail", autoretry_for=(OSError,), retry_backoff=30
)
def send_password_reset_mail(*, user_id: int) -> None:
    """Send the mail; a mail server that is away is tried again. The link works once, for three days."""
    user = User.objects.filter(pk=user_id, disabled_at__isnull=True).first()
    if user is None:
        return
    path = reverse(
        "password-reset",
        kwargs={
            "uidb64": urlsafe_base64_encode(force_bytes(user.pk)),
            "token": default_token_generator.make_token(user),
        },
    )
    send_mail("password_reset", user.email, user.locale, {"url": settings.BASE_URL + path})
