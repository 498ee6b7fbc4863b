"""Access tokens: issued once per app, person, account and scopes; revoked for good.

Only the SHA-256 of a token is stored. The token itself is an HMAC over its row's id, so that the same string
can be handed out again (``reuse_access_token`` of Mastodon) although nobody can read it from the database.
Called by the token door, password changes and `manage.py token`.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.events import TokensRevoked
from accounts.models import AccessToken, Account, Application, User
from core.events import emit
from core.ids import new_id
from core.pubsub import publish

REVOKED_CHANNEL = "tokens:revoked"


def hash_secret(secret: str) -> str:
    """Return what is stored of a token, code or client secret: its SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_token(secret: str) -> AccessToken | None:
    """Return the token with this string, a revoked one too, or None."""
    return AccessToken.objects.filter(token_hash=hash_secret(secret)).first()


def issue_token(
    application: Application,
    user: User | None,
    account: Account | None,
    scopes: Iterable[str],
) -> tuple[AccessToken, str]:
    """Return the token of this app for this person as this account, made if there is none, and its string.

    Without user and account it is the app's own token (``client_credentials``).
    """
    wanted = list(scopes)
    known = AccessToken.objects.valid().filter(
        application=application,
        user=user,
        account=account,
        scopes__contains=wanted,
        scopes__contained_by=wanted,
    )
    for token in known.order_by("-id"):
        secret = secret_of(token.pk)
        # Differs after SECRET_KEY was changed: the old string cannot be told again.
        if hmac.compare_digest(hash_secret(secret), token.token_hash):
            return token, secret
    return _create_token(application, user, account, wanted)


def _create_token(
    application: Application, user: User | None, account: Account | None, scopes: list[str]
) -> tuple[AccessToken, str]:
    token_id, now = new_id(), timezone.now()
    secret = secret_of(token_id)
    token = AccessToken.objects.create(
        id=token_id,
        token_hash=hash_secret(secret),
        application=application,
        user=user,
        account=account,
        scopes=scopes,
        created_at=now,
        last_used_on=now.astimezone(UTC).date(),
    )
    return token, secret


def secret_of(token_id: int) -> str:
    """Return the string of one of our tokens."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"access-token:{token_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def render_token(token: AccessToken, secret: str) -> dict[str, Any]:
    """Return the Token entity; this is the only time that an app gets to see the string."""
    return {
        "access_token": secret,
        "token_type": "Bearer",
        "scope": " ".join(token.scopes),
        "created_at": int(token.created_at.timestamp()),
    }


def describe_token(token: AccessToken) -> dict[str, Any]:
    """Return what an app may know of its own token (``application`` loaded); tokens do not expire."""
    return {
        "resource_owner_id": str(token.account_id) if token.account_id else None,
        "scope": token.scopes,
        "expires_in": None,
        "application": {"uid": token.application.client_id},
        "created_at": int(token.created_at.timestamp()),
    }


def revoke_token(token: AccessToken) -> None:
    """End a token; its streams are closed after commit. Revoking twice is harmless."""
    _revoke([token.pk])


def revoke_all_tokens(user: User) -> None:
    """End every token of a person: after a password change, and when the login is disabled."""
    with transaction.atomic():
        _revoke(AccessToken.objects.valid().filter(user=user).values_list("id", flat=True))


def revoke_account_tokens(account: Account) -> None:
    """End every token to act as an account, whoever holds it: the account is deleted."""
    with transaction.atomic():
        _revoke(AccessToken.objects.valid().filter(account=account).values_list("id", flat=True))


def _revoke(token_ids: Iterable[int]) -> None:
    ids = list(token_ids)
    with transaction.atomic():
        AccessToken.objects.valid().filter(pk__in=ids).update(revoked_at=timezone.now())
        emit(TokensRevoked(tuple(ids)))
        transaction.on_commit(lambda: _announce(ids))


def _announce(token_ids: list[int]) -> None:
    for token_id in token_ids:
        publish(REVOKED_CHANNEL, "revoked", str(token_id))
