"""Middlewares of our own: request ids, forgiven slashes, language, errors, content security policy."""

import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from core.errors import AppError

GetResponse = Callable[[HttpRequest], HttpResponse]

_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; "
    f"img-src 'self' {settings.MEDIA_BASE_URL} data:; media-src 'self' {settings.MEDIA_BASE_URL}; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


class RequestLogMiddleware:
    """Gives each request an id that log lines and the answer carry."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class TrailingSlashMiddleware:
    """Treats ``/api/v1/instance/`` as ``/api/v1/instance``: some clients always add the slash."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if len(request.path_info) > 1 and request.path_info.endswith("/"):
            request.path_info = request.path_info.rstrip("/") or "/"
        return self.get_response(request)


class LanguageMiddleware(LocaleMiddleware):
    """Lets ``?lang=en`` choose the language of pages; a cookie keeps the choice.

    A parameter and not a form: switching works on every page as a plain link, also without cookies, and is
    how apps ask for the language of the consent page (API behaviours section 7).
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        if chosen := chosen_language(request):
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response = super().process_response(request, response)
        if chosen := chosen_language(request):
            keep_language(response, chosen)
        return response


def chosen_language(request: HttpRequest) -> str | None:
    """Return the language that the address asks for, if pages are there in it."""
    wished = request.GET.get("lang", "")
    return next((code for code, _ in settings.LANGUAGES if wished.partition("-")[0].lower() == code), None)


def keep_language(response: HttpResponseBase, code: str) -> None:
    """Remember the language of this browser for a year."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=365 * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


class AppErrorMiddleware:
    """Turns an error that a view of Django raises into its page or JSON; the API has a handler of its own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        # Imported late: this module is named in the settings that the templates of pages need.
        from core.pages import refuse

        return refuse(request, exception) if isinstance(exception, AppError) else None


class ContentSecurityPolicyMiddleware:
    """Pages load nothing from elsewhere; a view that needs another policy sets the header itself."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
        response.headers.setdefault("X-Frame-Options", "DENY")
        return response
