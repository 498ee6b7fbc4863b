"""Consent: what an app asks for, and the code it gets when a person agrees.

Called by the consent page (accounts/oauth/pages.py) and the token door.
Source: RFC 6749 section 4.1, RFC 7636 (PKCE), API behaviours section 7.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Application, AuthorizationCode, Membership, User
from accounts.oauth.applications import OUT_OF_BAND, find_application
from accounts.oauth.errors import OAuthError
from accounts.oauth.scopes import parse_scopes
from accounts.oauth.tokens import hash_secret
from core.errors import Forbidden

CODE_MINUTES = 10
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_ACTING_ROLES = (Membership.Role.OWNER, Membership.Role.EDITOR)


@dataclass(frozen=True)
class Client:
    """A known app and one of its own redirect addresses: where answers, errors too, may be sent."""

    application: Application
    redirect_uri: str
    state: str

    @property
    def is_out_of_band(self) -> bool:
        """True when the person carries the code over by hand."""
        return self.redirect_uri == OUT_OF_BAND

    def address(self, **answer: str) -> str:
        """Return the redirect address with an answer, and the state as it came."""
        if self.state:
            answer["state"] = self.state
        separator = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{separator}{urlencode(answer)}"


@dataclass(frozen=True)
class Consent:
    """What the person is asked to allow."""

    client: Client
    scopes: tuple[str, ...]
    code_challenge: str


def get_client(params: Mapping[str, str]) -> Client:
    """Return who asks. Raises OAuthError, which must be shown and never be sent to the address given.

    Addresses are compared sign by sign: a looser match would hand codes to strangers.
    """
    application = find_application(params.get("client_id", ""))
    if application is None:
        raise OAuthError("invalid_client", _("This app is not registered here."))
    redirect_uri = params.get("redirect_uri", "")
    if redirect_uri not in application.redirect_uris:
        raise OAuthError("invalid_request", _("The redirect address is none that the app has registered."))
    return Client(application, redirect_uri, params.get("state", ""))


def read_consent(client: Client, params: Mapping[str, str]) -> Consent:
    """Return what the app asks for. Raises OAuthError, to be sent to the app's redirect address."""
    if params.get("response_type") != "code":
        raise OAuthError("unsupported_response_type" if params.get("response_type") else "invalid_request")
    scopes = parse_scopes(params.get("scope"))
    require_scopes(client.application, scopes)
    return Consent(client, scopes, _read_challenge(params))


def require_scopes(application: Application, scopes: tuple[str, ...]) -> None:
    """Raise OAuthError ``invalid_scope`` unless the app registered each of these, letter by letter."""
    if not set(scopes) <= set(application.scopes):
        raise OAuthError("invalid_scope")


def _read_challenge(params: Mapping[str, str]) -> str:
    challenge, method = params.get("code_challenge", ""), params.get("code_challenge_method", "")
    if not challenge and not method:
        return ""
    if method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", _("Of PKCE, only the method S256 is supported."))
    return challenge


def accounts_of(user: User) -> QuerySet[Account]:
    """Return the accounts that a person may let apps act as, the own one first."""
    return (
        Account.objects.available()
        .filter(memberships__user=user, memberships__role__in=_ACTING_ROLES)
        .order_by("memberships__created_at", "memberships__id")
    )


def grant_code(consent: Consent, user: User, account_id: int | None) -> str:
    """Return a new code for the app to act as this account of the person. Raises Forbidden for another's."""
    account = accounts_of(user).filter(pk=account_id).first() if account_id else None
    if account is None:
        raise Forbidden(_("You may not act as this account"))
    now, code = timezone.now(), secrets.token_urlsafe(32)
    AuthorizationCode.objects.filter(user=user, expires_at__lt=now).delete()
    AuthorizationCode.objects.create(
        code_hash=hash_secret(code),
        application=consent.client.application,
        user=user,
        account=account,
        scopes=list(consent.scopes),
        redirect_uri=consent.client.redirect_uri,
        code_challenge=consent.code_challenge,
        expires_at=now + timedelta(minutes=CODE_MINUTES),
    )
    return code


def redeem_code(
    application: Application, code: str, *, redirect_uri: str, code_verifier: str
) -> AuthorizationCode:
    """Use up a code and return it; raises OAuthError ``invalid_grant`` for one that is not good any more."""
    now = timezone.now()
    row = (
        AuthorizationCode.objects.select_related("user", "account")
        .filter(code_hash=hash_secret(code), application=application, redirect_uri=redirect_uri)
        .first()
    )
    if row is None or not _verifies(row.code_challenge, code_verifier):
        raise OAuthError("invalid_grant")
    fresh = AuthorizationCode.objects.filter(pk=row.pk, used_at__isnull=True, expires_at__gt=now)
    # The guarded update lets one of two simultaneous exchanges win.
    if not accounts_of(row.user).filter(pk=row.account_id).exists() or not fresh.update(used_at=now):
        raise OAuthError("invalid_grant")
    return row


def _verifies(challenge: str, verifier: str) -> bool:
    if not challenge:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).decode().rstrip("="), challenge)
