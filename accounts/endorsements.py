"""Whom an account recommends on its profile. Called by the API; a follow that ends ends it too.

Source: API behaviours section 8.
"""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.listings import shown_to
from accounts.models import Account, Endorsement, Follow
from core.errors import Unprocessable


def endorse(account: Account, target: Account) -> None:
    """Recommend an account; repeating is harmless. Raises Unprocessable unless ``account`` follows it."""
    with transaction.atomic():
        # The row is held, so that the follow cannot end in between.
        follow = Follow.objects.accepted().select_for_update().filter(account=account, target=target)
        if follow.first() is None:
            raise Unprocessable(_("You can only recommend accounts that you follow"))
        Endorsement.objects.get_or_create(
            account=account, target=target, defaults={"created_at": timezone.now()}
        )


def unendorse(account: Account, target: Account) -> None:
    """End a recommendation; without one nothing happens."""
    Endorsement.objects.filter(account=account, target=target).delete()


def endorsements_of(account: Account, viewer: Account | None) -> QuerySet[Endorsement]:
    """Return whom this account recommends (``target`` loaded), as far as the viewer may know."""
    rows = Endorsement.objects.filter(account=account, target__suspended_at__isnull=True)
    if account.suspended_at is not None:
        return rows.none()
    return shown_to(viewer, rows, account, "target").select_related("target")
