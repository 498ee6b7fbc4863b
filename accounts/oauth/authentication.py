"""From a request's token to a Credential: one SQL statement, since every API call pays for it.

Source: API behaviours section 2 (where a token may stand), RFC 6750 section 2.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.models import AccessToken, Account, User
from accounts.oauth.tokens import hash_secret
from core.api.access import Credential
from core.errors import Unauthenticated
from core.prepared import fetch

_PARAMETERS = ("access_token", "bearer_token")
# A multipart body is an upload: it is not read before we know who sends it.
_BODIES = ("application/json", "application/x-www-form-urlencoded")
_TOKEN_COLUMNS = 4


class BearerAuthentication(BaseAuthentication):
    """DRF's door to our tokens; ``request.auth`` becomes the Credential."""

    def authenticate(self, request: Request) -> tuple[Any, Credential] | None:
        secret = find_secret(request)
        if secret is None:
            return None
        credential = find_credential(secret)
        if credential is None:
            raise Unauthenticated()
        return credential.user, credential

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="genosocial"'


def find_secret(request: Request) -> str | None:
    """Return the token of a request from its header, query or body, or None."""
    scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    found = _parameter(request.query_params)
    if found is None and (request.content_type or "").partition(";")[0].strip().lower() in _BODIES:
        found = _parameter(request.data)
    return found


def _parameter(source: Any) -> str | None:
    values = (source.get(name) for name in _PARAMETERS) if hasattr(source, "get") else ()
    return next((value for value in values if isinstance(value, str) and value), None)


def find_credential(secret: str) -> Credential | None:
    """Return what a token proves, or None for one that is unknown or revoked.

    The first use of a day is remembered with the token and the person.
    """
    rows = fetch(_statement(), [hash_secret(secret)])
    if not rows:
        return None
    row = rows[0]
    token_id, application_id, scopes, last_used_on = row[:_TOKEN_COLUMNS]
    split = _TOKEN_COLUMNS + len(_fields(User))
    user = _instance(User, row[_TOKEN_COLUMNS:split])
    account = _instance(Account, row[split:])
    _touch(token_id, last_used_on, user)
    return Credential(token_id, application_id, frozenset(scopes), user, account)


@cache
def _statement() -> str:
    names = {model: model._meta.db_table for model in (AccessToken, User, Account)}
    columns = [f"t.{name}" for name in ("id", "application_id", "scopes", "last_used_on")]
    columns += [f"u.{field.column}" for field in _fields(User)]
    columns += [f"a.{field.column}" for field in _fields(Account)]
    return (
        f"SELECT {', '.join(columns)} FROM {names[AccessToken]} t"
        f" LEFT JOIN {names[User]} u ON u.id = t.user_id"
        f" LEFT JOIN {names[Account]} a ON a.id = t.account_id"
        " WHERE t.token_hash = %s AND t.revoked_at IS NULL"
    )


@cache
def _fields(model: type[Model]) -> "tuple[Field[Any, Any], ...]":
    return tuple(model._meta.concrete_fields)


def _instance(model: Any, values: Sequence[Any]) -> Any:
    """Build a real model instance of a joined row; None where the join found nothing."""
    if all(value is None for value in values):
        return None
    converted = list(values)
    for position, convert in _converters(model):
        converted[position] = convert(converted[position], None, connection)
    return model.from_db(connection.alias, _names(model), converted)


@cache
def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in _fields(model)]


@cache
def _converters(model: type[Model]) -> list[tuple[int, Any]]:
    fields: Sequence[Any] = _fields(model)
    return [
        (position, convert)
        for position, field in enumerate(fields)
        for convert in field.get_db_converters(connection)
    ]


def _touch(token_id: int, last_used_on: date | None, user: User | None) -> None:
    today = datetime.now(UTC).date()
    if last_used_on != today:
        AccessToken.objects.filter(pk=token_id).update(last_used_on=today)
    if user is not None and user.last_active_on != today:
        User.objects.filter(pk=user.pk).update(last_active_on=today)
        user.last_active_on = today
