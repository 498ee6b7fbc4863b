"""Who may put an account into a collection, as apps see it: derived from who may find the account.

Called by the renderer of accounts. Source: API behaviours section 17.
"""

from collections.abc import Sequence
from typing import Any

from accounts.models import Account, Follow

Approval = dict[str, Any]


def render_approval(account: Account, current_user: str = "") -> Approval:
    """Return the FeatureApproval of an account.

    Without ``current_user`` it is for everybody alike: what holds for some only is "unknown".
    """
    automatic = _automatic(account)
    if not account.is_local:
        shared = "missing"
    elif not automatic:
        shared = "denied"
    else:
        shared = "automatic" if automatic == ["public"] else "unknown"
    return {"automatic": automatic, "manual": [], "current_user": current_user or shared}


def _automatic(account: Account) -> list[str]:
    """What other servers say of their accounts is not known here."""
    if not account.is_local or not account.discoverable or account.suspended_at is not None:
        return []
    return ["followers"] if account.locked else ["public"]


def load_approvals(viewer: Account | None, accounts: Sequence[Account]) -> dict[int, Approval]:
    """Return by account id what a viewer may do, in one query at most; a stranger may nothing."""
    if viewer is None:
        return {account.pk: render_approval(account, "denied") for account in accounts}
    locked = {account.pk for account in accounts if _automatic(account) == ["followers"]}
    rows = Follow.objects.accepted().filter(account=viewer, target__in=locked)
    allowed = {*rows.values_list("target_id", flat=True), viewer.pk} if locked else set()
    answers = {pk: "automatic" if pk in allowed else "denied" for pk in locked}
    return {account.pk: render_approval(account, answers.get(account.pk, "")) for account in accounts}
