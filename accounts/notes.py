"""What an account notes about another, for itself only. Called by the API."""

from django.utils.translation import gettext_lazy as _

from accounts.models import Account, AccountNote
from core.errors import Unprocessable
from core.text import clean_text

MAX_COMMENT = 2000


def write_note(account: Account, target: Account, comment: str) -> None:
    """Keep a note, or drop it when blank. Raises Unprocessable when it is longer than 2,000 characters."""
    text = clean_text(comment).strip()
    if len(text) > MAX_COMMENT:
        raise Unprocessable(_("The note is too long"))
    if text:
        AccountNote.objects.update_or_create(account=account, target=target, defaults={"comment": text})
    else:
        AccountNote.objects.filter(account=account, target=target).delete()
