"""What a viewer and accounts are to each other. A page costs eight queries, however many accounts it has.

Called by the doors that change relations, and by GET /api/v1/accounts/relationships.
Source: Mastodon docs, "Relationship"; API behaviours section 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.entities.account import Entity
from accounts.models import Account, AccountNote, Block, DomainBlock, Endorsement, Follow, Mute
from core.api.rendering import iso


@dataclass(frozen=True)
class RelationshipMap:
    """What a viewer and some accounts are to each other; keys are ids of the accounts."""

    following: dict[int, Follow]
    followed_by: dict[int, Follow]
    blocking: set[int]
    blocked_by: set[int]
    muting: dict[int, Mute]
    domain_blocking: set[str]
    endorsed: set[int]
    notes: dict[int, str]


def load_relationships(viewer: Account, accounts: Sequence[Account]) -> RelationshipMap:
    """Load what the viewer and these accounts are to each other, in eight queries."""
    ids = [account.pk for account in accounts]
    domains = {account.domain for account in accounts if account.domain}
    follows_out = Follow.objects.filter(account=viewer, target__in=ids)
    follows_in = Follow.objects.filter(target=viewer, account__in=ids)
    blocks_out = Block.objects.filter(account=viewer, target__in=ids)
    blocks_in = Block.objects.filter(target=viewer, account__in=ids)
    mutes = Mute.objects.active().filter(account=viewer, target__in=ids)
    hidden = DomainBlock.objects.filter(account=viewer, domain__in=domains)
    endorsed = Endorsement.objects.filter(account=viewer, target__in=ids)
    notes = AccountNote.objects.filter(account=viewer, target__in=ids)
    return RelationshipMap(
        following={row.target_id: row for row in follows_out},
        followed_by={row.account_id: row for row in follows_in},
        blocking=set(blocks_out.values_list("target_id", flat=True)),
        blocked_by=set(blocks_in.values_list("account_id", flat=True)),
        muting={row.target_id: row for row in mutes},
        domain_blocking=set(hidden.values_list("domain", flat=True)),
        endorsed=set(endorsed.values_list("target_id", flat=True)),
        notes=dict(notes.values_list("target_id", "comment")),
    )


def render_relationships(viewer: Account, accounts: Sequence[Account]) -> list[Entity]:
    """Return what the viewer is to each of these accounts."""
    loaded = load_relationships(viewer, accounts)
    return [_render_relationship(account, loaded) for account in accounts]


def render_relationship(viewer: Account, account: Account) -> Entity:
    """Return what the viewer is to one account."""
    return render_relationships(viewer, [account])[0]


def _render_relationship(account: Account, loaded: RelationshipMap) -> Entity:
    follow, follower = loaded.following.get(account.pk), loaded.followed_by.get(account.pk)
    mute = loaded.muting.get(account.pk)
    return {
        "id": str(account.pk),
        "following": follow is not None and follow.accepted_at is not None,
        "showing_reblogs": follow is not None and follow.show_reblogs,
        "notifying": follow is not None and follow.notify,
        "languages": follow.languages if follow is not None else None,
        "followed_by": follower is not None and follower.accepted_at is not None,
        "blocking": account.pk in loaded.blocking,
        "blocked_by": account.pk in loaded.blocked_by,
        "muting": mute is not None,
        "muting_notifications": mute is not None and mute.hide_notifications,
        "muting_expires_at": iso(mute.expires_at) if mute is not None and mute.expires_at else None,
        "requested": follow is not None and follow.accepted_at is None,
        "requested_by": follower is not None and follower.accepted_at is None,
        "domain_blocking": account.domain in loaded.domain_blocking,
        "endorsed": account.pk in loaded.endorsed,
        "note": loaded.notes.get(account.pk, ""),
    }
