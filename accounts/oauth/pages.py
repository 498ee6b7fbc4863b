"""The consent page: who asks, for what, and as which account; then back to the app with a code.

The page's security policy has no ``form-action``: Chromium would apply it to the redirect to the app.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.oauth.authorization import (
    Consent,
    accounts_of,
    get_client,
    grant_code,
    read_consent,
)
from accounts.oauth.errors import OAuthError
from accounts.oauth.scopes import describe_scopes
from core.api.parameters import as_bool, as_id
from core.errors import AppError, Forbidden

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# What the form hands on, and what comes back after a login.
_CARRIED = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "lang",
)


@method_decorator(never_cache, name="dispatch")
class Authorize(View):
    """GET asks, POST answers."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        params = request.POST.dict() if request.method == "POST" else request.GET.dict()
        _choose_language(params)
        try:
            response = self._answer(request, params)
        except AppError as error:
            response = _error_page(request, error)
        response["Content-Security-Policy"] = _POLICY
        return response

    def _answer(self, request: HttpRequest, params: Mapping[str, str]) -> HttpResponse:
        client = get_client(params)
        try:
            consent = read_consent(client, params)
            if not request.user.is_authenticated or (
                request.method == "GET" and as_bool(params.get("force_login"))
            ):
                return _to_login(request, params)
            _require_confirmed(request.user)
            if request.method == "POST":
                return _decide(request, consent)
            return _ask(request, consent, params)
        except OAuthError as error:
            if client.is_out_of_band:
                raise
            return _found(client.address(**error.body))


def _choose_language(params: Mapping[str, str]) -> None:
    language = params.get("lang", "").partition("-")[0]
    if language in dict(settings.LANGUAGES):
        translation.activate(language)


def _to_login(request: HttpRequest, params: Mapping[str, str]) -> HttpResponse:
    """Send to the login page, and from there back here without ``force_login``.

    A session stays as it is until somebody signs in: a link on another site must not sign people out.
    """
    kept = {name: params[name] for name in _CARRIED if name in params}
    here = f"{request.path}?{urlencode(kept)}"
    query = {"next": here} | ({"lang": kept["lang"]} if "lang" in kept else {})
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode(query)}")


def _require_confirmed(user: Any) -> None:
    if user.confirmed_at is None:
        raise Forbidden(_("Please confirm your e-mail address first."))


def _ask(request: HttpRequest, consent: Consent, params: Mapping[str, str]) -> HttpResponse:
    accounts = list(accounts_of(request.user))  # type: ignore[arg-type]
    if not accounts:
        raise Forbidden(_("There is no account that you could let an app act as."))
    context = {
        "application": consent.client.application,
        "accounts": accounts,
        "scopes": describe_scopes(consent.scopes),
        "carried": {name: params[name] for name in _CARRIED if name in params},
    }
    return render(request, "oauth/authorize.html", context)


def _decide(request: HttpRequest, consent: Consent) -> HttpResponse:
    if request.POST.get("decision") != "approve":
        raise OAuthError("access_denied")
    code = grant_code(consent, request.user, as_id(request.POST.get("account_id")))  # type: ignore[arg-type]
    if consent.client.is_out_of_band:
        return redirect(f"{resolve_url('oauth-native')}?{urlencode({'code': code})}")
    return _found(consent.client.address(code=code))


def _found(address: str) -> HttpResponse:
    """Redirect byte for byte: Django's own redirect refuses the schemes of phone apps."""
    response = HttpResponse(status=302)
    response["Location"] = address
    return response


def _error_page(request: HttpRequest, error: AppError) -> HttpResponse:
    return render(request, "oauth/error.html", {"message": error.message}, status=error.status)


@never_cache
def show_code(request: HttpRequest) -> HttpResponse:
    """GET /oauth/authorize/native: shows the code of an out-of-band consent, to be copied into the app."""
    return render(request, "oauth/native.html", {"code": request.GET.get("code", "")})
