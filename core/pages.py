"""What every page shares: names for its templates, limits, error pages, and the development mailbox.

Called by the pages of the apps, by `genosocial/urls.py` (error handlers) and `core/middleware.py`.
"""

import logging
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.api.errors import error_body, error_headers
from core.api.views import client_ip
from core.errors import AppError, Forbidden, NotFound, TooMany
from core.mailbox import read_mails
from core.ratelimit import Limit, consume

log = logging.getLogger(__name__)


def instance(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the names of this server, and the languages of its pages."""
    return {
        "instance_name": settings.INSTANCE_NAME,
        "instance_domain": settings.LOCAL_DOMAIN,
        "contact_email": settings.CONTACT_EMAIL,
        # Each by its own name: Django's template tag would translate them.
        "languages": settings.LANGUAGES,
    }


def keep_secret(response: HttpResponse) -> HttpResponse:
    """Mark a page whose address is a secret: no referrer, no copy in a cache, in no search engine."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    patch_cache_control(response, private=True, no_store=True)
    return response


def spend(request: HttpRequest, *limits: tuple[Limit, str | None]) -> None:
    """Count this request against limits; a subject of None is the reader's address. Raises TooMany."""
    address = client_ip(request)
    if consume([(limit, address if subject is None else subject) for limit, subject in limits]).exceeded:
        raise TooMany(_("That was too often in a short time. Please wait a few minutes and try again."))


# Errors


def refuse(request: HttpRequest, error: AppError) -> HttpResponse:
    """Answer with an error: a page for a person, `{"error": …}` for a program."""
    if error.cause:
        log.info("request_refused", extra={"status": error.status, "cause": error.cause})
    if not wants_page(request):
        return JsonResponse(error_body(error), status=error.status, headers=error_headers(error))
    heading, advice = _words(error.status)
    context = {"heading": heading, "message": error.message, "advice": advice}
    return render(request, "error.html", context, status=error.status)


def wants_page(request: HttpRequest) -> bool:
    """Tell whether the reader is a browser that opened an address, not a program."""
    return not request.path.startswith("/api/") and request.accepts("text/html")


def _words(status: int) -> tuple[str, str]:
    """The heading of an error page, and what to do."""
    return {
        403: (
            _("Not allowed"),
            _("If you think you should get in here, sign in or ask the people who run this server."),
        ),
        404: (_("Page not found"), _("Check whether the address was copied completely.")),
        410: (_("This is gone"), _("It was here once and has been removed for good.")),
        429: (_("Too many attempts"), _("Nothing is lost. You can go back and continue in a few minutes.")),
        503: (_("Please try again later"), _("This server cannot do that just now.")),
    }.get(status, (_("That did not work"), _("Please go back and try again.")))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    return refuse(request, NotFound(_("Nothing is to be found at this address.")))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler403."""
    return refuse(request, Forbidden())


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what to do when the form could not be told from a forged one; most often cookies are off."""
    message = _(
        "This form was open for too long, or your browser keeps no cookies. One cookie is necessary here, "
        "so that nobody else can send forms in your name. Please allow it, go back, reload the page and "
        "try again."
    )
    return refuse(request, Forbidden(message, cause=f"csrf: {reason}"))


def broken(request: HttpRequest) -> HttpResponse:
    """Django's handler500; the template stands alone, since anything may be broken."""
    if not wants_page(request):
        return JsonResponse({"error": _("Something went wrong on our side")}, status=500)
    return render(request, "500.html", status=500)


# Development


@require_safe
def development_mails(request: HttpRequest) -> HttpResponse:
    """Show the mails that a development server kept instead of sending them, newest first."""
    if not settings.DEVELOPMENT:
        raise NotFound
    return render(request, "development/mails.html", {"mails": read_mails(settings.MAILS_DIR)})
