"""Names the jobs of accounts; Celery finds them here."""

from accounts.actor_events import delete_gone
from accounts.followers_sync import mend
from accounts.moves import carry_over
from accounts.password_reset import send_password_reset_mail
from accounts.registration import send_confirmation_mail
from accounts.remote import follow_anew, note_move, refresh
from accounts.remote_details import fetch_collections
from accounts.verification import check_links

__all__ = [
    "carry_over",
    "check_links",
    "delete_gone",
    "fetch_collections",
    "follow_anew",
    "mend",
    "note_move",
    "refresh",
    "send_confirmation_mail",
    "send_password_reset_mail",
]
