"""Names the jobs of accounts; Celery finds them here."""

from accounts.password_reset import send_password_reset_mail
from accounts.registration import send_confirmation_mail
from accounts.remote import fetch_collections, follow_anew, refresh
from accounts.verification import check_links

__all__ = [
    "check_links",
    "fetch_collections",
    "follow_anew",
    "refresh",
    "send_confirmation_mail",
    "send_password_reset_mail",
]
