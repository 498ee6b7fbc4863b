"""Who may put an account into a collection: the one rule, for the operation and for apps.

Called by timelines/collections.py and accounts/entities/approval.py. What other servers say of their accounts
is not known here, so theirs stay out. Source: API behaviours section 17.
"""

from collections.abc import Collection, Sequence

from django.db.models import Q

from accounts.models import Account, Block, Follow

PUBLIC = "public"
FOLLOWERS = "followers"


def featured_by(account: Account) -> list[str]:
    """Return who may feature an account at once: derived from whether people are to find it."""
    if not account.is_local or not account.discoverable or account.suspended_at is not None:
        return []
    return [FOLLOWERS] if account.locked else [PUBLIC]


def load_followed_or_self(viewer: Account, accounts: Sequence[Account]) -> set[int]:
    """Return the ids of those whom only followers may feature and ``viewer`` does follow, or is."""
    locked = {account.pk for account in accounts if featured_by(account) == [FOLLOWERS]}
    if not locked:
        return set()
    rows = Follow.objects.accepted().filter(account=viewer, target__in=locked)
    return {*rows.values_list("target", flat=True), viewer.pk} & locked


def may_feature(viewer: Account, accounts: Collection[Account]) -> bool:
    """Return whether ``viewer`` may put all of these into a collection; never with a block between them."""
    wanted = list(accounts)
    allowed = load_followed_or_self(viewer, wanted)
    if any(featured_by(account) != [PUBLIC] and account.pk not in allowed for account in wanted):
        return False
    blocks = Q(account=viewer, target__in=wanted) | Q(account__in=wanted, target=viewer)
    return not Block.objects.filter(blocks).exists()
