"""Whom of those you follow also follow somebody: apps show it on profiles of people you do not know yet.

Called by `accounts/api/familiar.py`.
"""

from collections import defaultdict
from collections.abc import Sequence

from accounts.models import Account, Follow


def load_familiar_followers(viewer: Account, account_ids: Sequence[int]) -> dict[int, list[Account]]:
    """Return, for each asked id that exists, the followers whom ``viewer`` follows too, newest follow first.

    Accounts that hide whom they follow, or by whom they are followed, are left out.
    """
    known = Account.objects.available().filter(pk__in=account_ids).values_list("pk", flat=True)
    followed = Follow.objects.accepted().filter(account=viewer).values("target")
    rows = Follow.objects.accepted().filter(
        target__in=known,
        target__hide_collections=False,
        account__in=followed,
        account__hide_collections=False,
        account__suspended_at__isnull=True,
    )
    found: dict[int, list[Account]] = defaultdict(list)
    for row in rows.select_related("account").order_by("-id"):
        found[row.target_id].append(row.account)
    existing = set(known)
    return {pk: found[pk] for pk in account_ids if pk in existing}
