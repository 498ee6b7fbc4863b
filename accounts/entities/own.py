"""One's own account: with raw texts, preferences and role. Called by verify_credentials and profile.

Source: Mastodon docs, "CredentialAccount", "Profile"; API behaviours section 8.
"""

from accounts import roles
from accounts.entities.account import Entity, render_account_for
from accounts.models import Account, Follow, User

_MAX_REQUESTS_COUNTED = 40
_IN_PROFILE = (
    "id",
    "avatar_description",
    "header_description",
    "locked",
    "bot",
    "hide_collections",
    "discoverable",
    "indexable",
    "show_media",
    "show_media_replies",
    "show_featured",
)


def render_credential_account(account: Account, user: User) -> Entity:
    """Return the entity for those who act as this account: with raw texts, preferences and role."""
    return render_account_for(account, account) | {
        "source": _render_source(account),
        "role": roles.render_role(user),
    }


def _render_source(account: Account) -> Entity:
    requests = Follow.objects.requested().filter(target=account)[:_MAX_REQUESTS_COUNTED]
    return {
        "privacy": default_visibility(account),
        "sensitive": account.default_sensitive,
        "language": account.default_language or None,
        "note": account.note,
        "fields": _render_raw_fields(account),
        "follow_requests_count": requests.count(),
        "hide_collections": account.hide_collections,
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "attribution_domains": account.attribution_domains,
        "quote_policy": account.default_quote_policy,
    }


def default_visibility(account: Account) -> str:
    """Return how this account posts when nothing is said: a locked one never wider than its followers."""
    if account.locked and account.default_visibility == Account.Visibility.PUBLIC:
        return Account.Visibility.PRIVATE
    return account.default_visibility


def render_profile(account: Account, featured_tags: list[Entity]) -> Entity:
    """Return the Profile entity: raw texts beside the rendered ones, null for a missing picture.

    ``featured_tags`` are entities, too: hashtags belong to a higher floor.
    """
    entity = render_account_for(account, account)
    avatar = entity["avatar"] if account.avatar else None
    header = entity["header"] if account.header else None
    return {name: entity[name] for name in _IN_PROFILE} | {
        "display_name": account.display_name,
        "note": account.note,
        "fields": _render_raw_fields(account),
        "formatted_note": entity["note"],
        "formatted_fields": entity["fields"],
        "avatar": avatar,
        "avatar_static": avatar,
        "header": header,
        "header_static": header,
        "attribution_domains": account.attribution_domains,
        "featured_tags": featured_tags,
    }


def _render_raw_fields(account: Account) -> list[Entity]:
    return [{key: entry.get(key) for key in ("name", "value", "verified_at")} for entry in account.fields]
