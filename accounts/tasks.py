"""The jobs of accounts and their clock. Celery finds them here; the work is in the modules that are named."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts import moves
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


@shared_task(name="accounts.sweep_moves", queue="default")
def sweep_moves() -> None:
    """Go on with moves whose job was lost."""
    moves.sweep_moves(timezone.now())


# What nobody took until the next round is void: a stopped worker must not find a heap of sweeps.
BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "accounts.sweep_moves": {
        "task": "accounts.sweep_moves",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    }
}
