"""The OAuth doors that apps call: token, revoke, introspect, userinfo, and the document that names them all.

Source: RFC 6749 sections 3.2 and 4, RFC 7009, RFC 7662, RFC 8414, API behaviours section 7.
"""

import base64
import binascii
from urllib.parse import unquote_plus

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.entities import avatar_url
from accounts.models import AccessToken, Application
from accounts.oauth import scopes
from accounts.oauth.applications import authenticate_application
from accounts.oauth.authorization import redeem_code, require_scopes
from accounts.oauth.errors import OAuthError
from accounts.oauth.tokens import (
    describe_token,
    find_token,
    issue_token,
    render_token,
    revoke_token,
)
from core.api.access import Access
from core.api.parameters import as_text
from core.api.views import ApiView
from core.errors import BadRequest


class OAuthView(ApiView):
    """Base of the doors where the app itself proves who it is; errors have the shape of the RFC."""

    authentication_classes = []

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, BadRequest):
            exc = OAuthError("invalid_request")
        if isinstance(exc, OAuthError):
            headers = {"WWW-Authenticate": 'Basic realm="genosocial"'} if exc.status == 401 else {}
            return Response(exc.body, status=exc.status, headers=headers)
        return super().handle_exception(exc)

    def text(self, name: str) -> str:
        """Return a text parameter; absent is empty."""
        return as_text(self.params.get(name)) or ""

    def application(self) -> Application:
        """Return the app that calls, by HTTP Basic or by parameters. Raises OAuthError ``invalid_client``."""
        basic = _read_basic(self.request.META.get("HTTP_AUTHORIZATION", ""))
        return authenticate_application(*(basic or (self.text("client_id"), self.text("client_secret"))))


def _read_basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise OAuthError("invalid_client") from error
    return unquote_plus(name), unquote_plus(secret)


class Token(OAuthView):
    """POST /oauth/token: from a code, or from the app's own credentials, to a token."""

    def post(self, request: Request) -> Response:
        grant = self.text("grant_type")
        if grant == "authorization_code":
            token, secret = self._from_code()
        elif grant == "client_credentials":
            token, secret = self._from_credentials()
        else:
            raise OAuthError("unsupported_grant_type" if grant else "invalid_request")
        return Response(render_token(token, secret))

    def _from_code(self) -> tuple[AccessToken, str]:
        application = self.application()
        code, redirect_uri = self.text("code"), self.text("redirect_uri")
        if not code or not redirect_uri:
            raise OAuthError("invalid_request")
        row = redeem_code(
            application, code, redirect_uri=redirect_uri, code_verifier=self.text("code_verifier")
        )
        return issue_token(application, row.user, row.account, row.scopes)

    def _from_credentials(self) -> tuple[AccessToken, str]:
        application = self.application()
        wanted = scopes.parse_scopes(self.text("scope"))
        require_scopes(application, wanted)
        return issue_token(application, None, None, wanted)


class Revoke(OAuthView):
    """POST /oauth/revoke: an app ends a token of its own; one that nobody knows is ended already."""

    def post(self, request: Request) -> Response:
        try:
            application = self.application()
        except OAuthError as error:
            raise OAuthError("unauthorized_client") from error
        token = find_token(self.text("token"))
        if token is not None:
            if token.application_id != application.pk:
                raise OAuthError("unauthorized_client")
            revoke_token(token)
        return Response({})


class Introspect(OAuthView):
    """POST /oauth/introspect: what a token of the calling app is worth; of others it learns nothing."""

    def post(self, request: Request) -> Response:
        application = self.application()
        token = find_token(self.text("token"))
        if token is None or token.revoked_at is not None or token.application_id != application.pk:
            return Response({"active": False})
        return Response(
            {
                "active": True,
                "scope": " ".join(token.scopes),
                "client_id": application.client_id,
                "token_type": "Bearer",
                "iat": int(token.created_at.timestamp()),
            }
        )


class TokenInfo(ApiView):
    """GET /oauth/token/info: what the token of this request is worth."""

    access = {"GET": Access.app()}

    def get(self, request: Request) -> Response:
        assert self.credential is not None
        token = AccessToken.objects.select_related("application").get(pk=self.credential.token_id)
        return Response(describe_token(token))


class UserInfo(ApiView):
    """GET or POST /oauth/userinfo: who signed in."""

    access = {"GET": Access.user("profile"), "POST": Access.user("profile")}

    def get(self, request: Request) -> Response:
        account = self.actor
        return Response(
            {
                "iss": _issuer(),
                "sub": account.uri,
                "name": account.display_name or account.username,
                "preferred_username": account.username,
                "profile": account.url,
                "picture": avatar_url(account),
            }
        )

    post = get


class Metadata(ApiView):
    """GET /.well-known/oauth-authorization-server."""

    access = {"GET": Access.anyone()}

    def get(self, request: Request) -> Response:
        base = settings.BASE_URL
        return Response(
            {
                "issuer": _issuer(),
                "service_documentation": "https://docs.joinmastodon.org/",
                "authorization_endpoint": f"{base}/oauth/authorize",
                "token_endpoint": f"{base}/oauth/token",
                "app_registration_endpoint": f"{base}/api/v1/apps",
                "revocation_endpoint": f"{base}/oauth/revoke",
                "userinfo_endpoint": f"{base}/oauth/userinfo",
                "scopes_supported": list(scopes.ALL),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "code_challenge_methods_supported": ["S256"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            }
        )


def _issuer() -> str:
    return f"{settings.BASE_URL}/"
