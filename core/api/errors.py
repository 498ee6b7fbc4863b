"""The one handler that turns errors into Mastodon's ``{"error": …}``.

Source: API behaviours section 3.
"""

import logging
from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import (
    APIException,
    MethodNotAllowed,
    ParseError,
    UnsupportedMediaType,
)
from rest_framework.response import Response

from core.errors import AppError, NotFound, Unauthenticated, Unprocessable

log = logging.getLogger(__name__)


def error_body(error: AppError) -> dict[str, Any]:
    """Return the JSON body for an error: ``error`` and, for validation, ``details``."""
    body: dict[str, Any] = {"error": str(error.message), **error.extra}
    if isinstance(error, Unprocessable) and error.details is not None:
        body["details"] = error.details
    return body


def error_headers(error: AppError) -> dict[str, str]:
    """Return the headers that go with an error."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="genosocial", error="invalid_token"'}
    return {}


def handle_exception(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; an unknown exception stays a 500 and is logged by Django."""
    if isinstance(exc, Http404):
        exc = NotFound()
    if isinstance(exc, AppError):
        if exc.cause:
            log.info("request_refused", extra={"status": exc.status, "cause": exc.cause})
        return Response(error_body(exc), status=exc.status, headers=error_headers(exc))
    if isinstance(exc, ParseError | UnsupportedMediaType):
        return Response({"error": _("The request could not be read")}, status=400)
    if isinstance(exc, MethodNotAllowed):
        return Response({"error": _("Record not found")}, status=404)
    if isinstance(exc, APIException):
        return Response({"error": str(exc.detail)}, status=exc.status_code)
    return None


@csrf_exempt
def json_not_found(request: HttpRequest, **kwargs: Any) -> JsonResponse:
    """Answer any address under /api that nobody serves, whatever the method."""
    return JsonResponse({"error": _("Record not found")}, status=404)
