"""The lists of accounts that apps page through; each row's id is the cursor.

Called by the API doors; what a viewer may not see is left out before paging.
"""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.models import Account, Block, DomainBlock, Follow, Mute

Relation = TypeVar("Relation", bound=Model)


def followers_of(account: Account, viewer: Account | None) -> QuerySet[Follow]:
    """Return the accepted follows of this account (``account`` loaded), as far as the viewer may know."""
    rows = Follow.objects.accepted().filter(target=account, account__suspended_at__isnull=True)
    return _shown(rows, account, viewer, "account").select_related("account")


def following_of(account: Account, viewer: Account | None) -> QuerySet[Follow]:
    """Return the accepted follows by this account (``target`` loaded), as far as the viewer may know."""
    rows = Follow.objects.accepted().filter(account=account, target__suspended_at__isnull=True)
    return _shown(rows, account, viewer, "target").select_related("target")


def _shown(rows: QuerySet[Follow], account: Account, viewer: Account | None, side: str) -> QuerySet[Follow]:
    """Nothing of those who hide it, to everybody but themselves."""
    is_own = viewer is not None and viewer.pk == account.pk
    if not is_own and (account.hide_collections or account.suspended_at is not None):
        return rows.none()
    return shown_to(viewer, rows, account, side)


def shown_to(
    viewer: Account | None, rows: QuerySet[Relation], account: Account, side: str
) -> QuerySet[Relation]:
    """Keep of the relations of an account those whose other ``side`` the viewer wants to see.

    Nothing for those whom the account blocks; everything for the account itself.
    """
    if viewer is None or viewer.pk == account.pk:
        return rows
    if Block.objects.filter(account=account, target=viewer).exists():
        return rows.none()
    unwanted = (
        Q(**{f"{side}__in": Block.objects.filter(account=viewer).values("target")})
        | Q(**{f"{side}__in": Block.objects.filter(target=viewer).values("account")})
        | Q(**{f"{side}__in": Mute.objects.active().filter(account=viewer).values("target")})
    )
    return rows.exclude(unwanted)


def requests_to(account: Account) -> QuerySet[Follow]:
    """Return the follow requests that wait for this account's answer (``account`` loaded)."""
    return (
        Follow.objects.requested()
        .filter(target=account, account__suspended_at__isnull=True)
        .select_related("account")
    )


def find_request(account: Account, requester: Account) -> Follow | None:
    """Return the waiting request of one account to another, both loaded, or None."""
    rows = Follow.objects.requested().filter(account=requester, target=account)
    return rows.select_related("account", "target").first()


def blocks_of(account: Account) -> QuerySet[Block]:
    """Return whom this account blocks (``target`` loaded)."""
    return Block.objects.filter(account=account).select_related("target")


def mutes_of(account: Account) -> QuerySet[Mute]:
    """Return whom this account mutes at present (``target`` loaded)."""
    return Mute.objects.active().filter(account=account).select_related("target")


def domain_blocks_of(account: Account) -> QuerySet[DomainBlock]:
    """Return which domains this account hides."""
    return DomainBlock.objects.filter(account=account)


def count_follows_with_domain(account: Account, domain: str) -> tuple[int, int]:
    """Return how many there this account follows, and how many there follow it."""
    following = Follow.objects.accepted().filter(account=account, target__domain=domain)
    followers = Follow.objects.accepted().filter(target=account, account__domain=domain)
    return following.count(), followers.count()
