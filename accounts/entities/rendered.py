"""Accounts as everybody sees them, as JSON bytes that are rendered once; see core/rendered.py.

Called by the renderers of statuses and notifications.
"""

from collections.abc import Collection

from accounts.entities.account import render_accounts
from accounts.models import Account
from core.api.rendering import dumps
from core.prepared import Ids, Prepared
from core.rendered import Rendered

_MOST = 5_000
_ACCOUNTS = Prepared(lambda ids: Account.objects.filter(pk__in=ids.rows), ids=Ids)


def _render(ids: Collection[int]) -> dict[int, bytes]:
    accounts = _ACCOUNTS.rows(ids=list(ids))
    return {
        account.pk: dumps(entity) for account, entity in zip(accounts, render_accounts(accounts), strict=True)
    }


account_bytes = Rendered(_render, _MOST)
