"""Who may put an account into a collection, as apps see it: derived from who may find the account.

Called by the renderer of accounts. Source: API behaviours section 17.
"""

from collections.abc import Sequence
from typing import Any

from accounts.featuring import FOLLOWERS, PUBLIC, featured_by, load_followed_or_self
from accounts.models import Account

Approval = dict[str, Any]


def render_approval(account: Account, current_user: str = "") -> Approval:
    """Return the FeatureApproval of an account.

    Without ``current_user`` it is for everybody alike: what holds for some only is "unknown".
    """
    automatic = featured_by(account)
    if not account.is_local:
        shared = "missing"
    elif not automatic:
        shared = "denied"
    else:
        shared = "automatic" if automatic == [PUBLIC] else "unknown"
    return {"automatic": automatic, "manual": [], "current_user": current_user or shared}


def load_approvals(viewer: Account | None, accounts: Sequence[Account]) -> dict[int, Approval]:
    """Return by account id what a viewer may do, in one query at most; a stranger may nothing."""
    if viewer is None:
        return {account.pk: render_approval(account, "denied") for account in accounts}
    allowed = load_followed_or_self(viewer, accounts)
    locked = {account.pk for account in accounts if featured_by(account) == [FOLLOWERS]}
    answers = {pk: "automatic" if pk in allowed else "denied" for pk in locked}
    return {account.pk: render_approval(account, answers.get(account.pk, "")) for account in accounts}
