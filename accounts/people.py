"""A person behind a login: which account is the person's own, and how an unfinished sign-up is undone.

Called by pages and by the clock of invitations.
"""

from django.db import transaction

from accounts.models import Account, User
from federation.models import SigningKey


def find_own_account(user: User) -> Account | None:
    """Return the account that came with the login, the oldest it acts as; None if that is deleted."""
    membership = user.memberships.select_related("account").order_by("created_at", "id").first()
    return membership.account if membership else None


def remove_unconfirmed(user: User) -> bool:
    """Delete a login that never confirmed its address, with its account and key; True if it is gone.

    Nobody has met that account: it cannot post and is not shown before the confirmation.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().filter(pk=user.pk, confirmed_at__isnull=True).first()
        if locked is None:
            return False
        accounts = Account.objects.local().filter(memberships__user=locked)
        SigningKey.objects.filter(actor_uri__in=accounts.values("uri")).delete()
        accounts.delete()
        locked.delete()
    return True
