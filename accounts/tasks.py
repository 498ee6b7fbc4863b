"""Names the jobs of accounts; Celery finds them here."""

from accounts.registration import send_confirmation_mail

__all__ = ["send_confirmation_mail"]
