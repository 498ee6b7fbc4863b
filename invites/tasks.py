"""Names the jobs of invitations and their clock; Celery finds them here."""

from typing import Any

from invites.signup import mail_already_registered, mail_sign_up, release_unconfirmed, sweep_owed_mails

__all__ = [
    "BEAT_SCHEDULE",
    "mail_already_registered",
    "mail_sign_up",
    "release_unconfirmed",
    "sweep_owed_mails",
]

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "invites.sweep_owed_mails": {"task": "invites.sweep_owed_mails", "schedule": 60},
    "invites.release_unconfirmed": {"task": "invites.release_unconfirmed", "schedule": 3600},
}
