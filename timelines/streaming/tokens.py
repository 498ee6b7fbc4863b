"""Whose connection is it? A token may stand in the header, in the query, or in the WebSocket's subprotocol.

Source: API behaviours section 13.
"""

import asyncio
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

from django.db import close_old_connections, connections
from django.utils.translation import gettext as _

from accounts.models import AccessToken
from accounts.oauth.authentication import find_credential
from core.api.access import Access, Credential
from core.errors import AppError, Unauthenticated
from timelines.models import List
from timelines.streaming.streams import StreamRefused

_USER = Access.user("read", "read:statuses", "read:notifications")

Scope = Any


def query_of(scope: Scope) -> dict[str, str]:
    """Return the query parameters of a connection; the last value of a name wins."""
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def find_secret(scope: Scope) -> str:
    """Return the token of a connection, or an empty string."""
    for name, value in scope["headers"]:
        scheme, _, secret = value.decode("latin-1").partition(" ")
        if name == b"authorization" and scheme.lower() == "bearer":
            return secret.strip()
    in_query = query_of(scope).get("access_token", "")
    return in_query or next(iter(scope.get("subprotocols", ())), "")


class TokenChecker:
    """Looks tokens up in one thread, the only place of this process that waits for the database."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tokens")

    async def authenticate(self, scope: Scope) -> Credential:
        """Return what a token proves. Raises Unauthenticated unless a person may stream with it."""
        secret = find_secret(scope)
        if not secret:
            raise Unauthenticated()
        credential = await asyncio.get_running_loop().run_in_executor(self._thread, _look_up, secret)
        try:
            _USER.check(credential)
        except AppError as error:
            raise Unauthenticated(error.message) from error
        assert credential is not None
        return credential

    async def require_list(self, credential: Credential, list_id: int | None) -> None:
        """Pass what is no list, or the reader's own. Raises StreamRefused for another's."""
        if list_id is None:
            return
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(self._thread, _owns_list, credential.account.pk, list_id):
            raise StreamRefused(_("There is no such list"), 401)

    async def find_revoked(self, token_ids: Collection[int]) -> set[int]:
        """Return those of these tokens that have ended."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _find_revoked, token_ids)

    def stop(self) -> None:
        """Close the thread and its database connection."""
        self._thread.submit(connections.close_all).result()
        self._thread.shutdown()


def _owns_list(account_id: int, list_id: int) -> bool:
    close_old_connections()
    return List.objects.filter(pk=list_id, account=account_id).exists()


def _find_revoked(token_ids: Collection[int]) -> set[int]:
    close_old_connections()
    valid = AccessToken.objects.filter(pk__in=token_ids, revoked_at__isnull=True)
    return set(token_ids) - set(valid.values_list("pk", flat=True))


def _look_up(secret: str) -> Credential | None:
    close_old_connections()
    return find_credential(secret)
