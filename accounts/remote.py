"""Accounts of other servers: fetched, stored, refreshed, deleted.

Called by the inboxes, by accounts/resolve.py and by whoever meets the uri of an actor.
"""

from collections.abc import Mapping
from typing import Any

from accounts.models import Account


def account_from_uri(uri: str, *, fetch: bool = True) -> Account:
    """Return the account with this actor uri; fetched and stored when unknown and ``fetch`` is set.

    Raises NotFound, RemoteUnreachable. May use the network: call it outside transactions, or without ``fetch``.
    """
    raise NotImplementedError


def upsert_account(document: Mapping[str, Any]) -> Account:
    """Store or refresh the account that an actor document describes, and its keys."""
    raise NotImplementedError


def refresh_account(account: Account) -> Account:
    """Fetch a remote account anew when what we know is older than a day; the old row when that fails."""
    raise NotImplementedError
