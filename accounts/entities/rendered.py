"""Accounts as everybody sees them, as JSON bytes that are rendered once; see core/rendered.py.

Called by the renderers of statuses and notifications.
"""

from collections.abc import Collection

from orjson import Fragment

from accounts.entities.account import render_accounts
from accounts.models import Account
from core.api.rendering import dumps
from core.prepared import Ids, Prepared, array, fetch
from core.rendered import Rendered, version_sql

_MOST = 5_000
_ACCOUNTS = Prepared(lambda ids: Account.objects.filter(pk__in=ids.rows), ids=Ids)


def _render(ids: Collection[int]) -> dict[int, bytes]:
    accounts = _ACCOUNTS.rows(ids=list(ids))
    return {
        account.pk: dumps(entity) for account, entity in zip(accounts, render_accounts(accounts), strict=True)
    }


account_bytes = Rendered(_render, _MOST)
_VERSIONS = f"SELECT row.id, {version_sql('row')} FROM accounts_account row WHERE row.id = ANY(%s::bigint[])"


def load_account_entities(ids: Collection[int]) -> dict[int, Fragment]:
    """Return the entities of accounts by id, in one query when they were shown before."""
    kept = account_bytes.load(dict(fetch(_VERSIONS, [array(ids)]))) if ids else {}
    return {account_id: Fragment(entity) for account_id, entity in kept.items()}
