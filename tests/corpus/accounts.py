"""Compares a stored account with what an entry expects of it."""

from typing import Any

from accounts.models import Account
from core.text import html_to_text
from tests.corpus.statuses import check_text

# The corpus keeps so much of a profile text.
MOST_OF_NOTE = 300


def check_account(account: Account, expect: dict[str, Any]) -> None:
    """Compare everything that an entry says of an account."""
    for name, found in _account_values(account).items():
        if name in expect:
            assert found == expect[name], f"{name}: {found!r}, expected {expect[name]!r}"
    if "note_text" in expect:
        check_text(account.note, expect["note_text"], most=MOST_OF_NOTE)
    if "fields" in expect:
        for field, (name, value) in zip(account.fields, expect["fields"], strict=True):
            assert field["name"] == name
            check_text(field["value"], value)
    if "note_length_max" in expect:
        assert len(html_to_text(account.note)) <= expect["note_length_max"]


def _account_values(account: Account) -> dict[str, Any]:
    return {
        "acct": account.acct,
        "display_name": account.display_name,
        "actor_type": account.actor_type,
        "bot": account.actor_type in ("Service", "Application"),
        "group": account.actor_type == "Group",
        "locked": account.locked,
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "inbox": account.inbox_url,
        "shared_inbox": account.shared_inbox_url or None,
        "url": account.url,
        "avatar": account.avatar_remote_url,
        "header": account.header_remote_url,
        "also_known_as": account.also_known_as,
        "display_name_length": len(account.display_name),
        "fields_count": len(account.fields),
        "also_known_as_count": len(account.also_known_as),
        "attribution_domains_count": len(account.attribution_domains),
    }
