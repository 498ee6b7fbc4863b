"""The directory: accounts that want to be found. Called by the API.

Source: Mastodon docs, "directory".
"""

from django.db.models import F

from accounts.models import Account, Block, DomainBlock, Mute
from accounts.models.account import AccountQuerySet

MAX_OFFSET = 10_000


def list_directory(
    viewer: Account | None, *, order: str, local: bool, limit: int, offset: int = 0
) -> list[Account]:
    """Return discoverable accounts: "active" by their last post, "new" by their age; others are "active"."""
    found = wanted_by(viewer, findable())
    if local:
        found = found.local()
    if order == "new":
        found = found.order_by("-id")
    else:
        found = found.order_by(F("last_status_at").desc(nulls_last=True), "-id")
    return list(found[offset : offset + limit])


def findable() -> AccountQuerySet:
    """Return the accounts that may be shown to people who do not know them."""
    return (
        Account.objects.visible()
        .available()
        .filter(discoverable=True, silenced_at__isnull=True, moved_to__isnull=True)
    )


def wanted_by(viewer: Account | None, accounts: AccountQuerySet) -> AccountQuerySet:
    """Leave out whom the viewer blocks, mutes or hides by domain, and who blocks the viewer."""
    if viewer is None:
        return accounts
    return (
        accounts.exclude(pk__in=Block.objects.filter(account=viewer).values("target"))
        .exclude(pk__in=Block.objects.filter(target=viewer).values("account"))
        .exclude(pk__in=Mute.objects.active().filter(account=viewer).values("target"))
        .exclude(domain__isnull=False, domain__in=DomainBlock.objects.filter(account=viewer).values("domain"))
    )
