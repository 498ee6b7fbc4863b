"""Answers to other servers: content negotiation, ActivityPub documents, errors.

Called by every ActivityPub door (`views.py` of federation, accounts and timelines).
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from core.errors import AppError
from federation.vocab import ACTIVITY_JSON

_ACTIVITY_TYPES = frozenset({ACTIVITY_JSON, "application/ld+json", "application/json"})
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*(?:;|$)")
_MAX_RANGES = 50


def wants_activity(request: HttpRequest) -> bool:
    """Tell whether an address that has a page and a document should answer with the document.

    Yes only when `Accept` names an ActivityPub type and prefers no HTML to it; a bare `*/*` gets the page.
    """
    best_activity = best_html = 0.0
    for media_range in request.headers.get("Accept", "").split(",")[:_MAX_RANGES]:
        name, _separator, parameters = media_range.partition(";")
        match = _QUALITY.search(";" + parameters)
        quality = float(match[1]) if match else 1.0
        name = name.strip().lower()
        if name in _ACTIVITY_TYPES:
            best_activity = max(best_activity, quality)
        elif name in _HTML_TYPES:
            best_html = max(best_html, quality)
    return best_activity > 0 and best_activity >= best_html


def activity_response(
    document: Mapping[str, Any], *, status: int = 200, max_age: int = 0, private: bool = False
) -> HttpResponse:
    """Return an ActivityPub document.

    `max_age` (seconds) lets shared caches keep it; `private` forbids that, for what only this signer may see.
    """
    response = json_response(document, content_type=f"{ACTIVITY_JSON}; charset=utf-8", status=status)
    response["Vary"] = "Accept, Accept-Language, Cookie, Signature"
    if private:
        response["Cache-Control"] = "private, no-store"
    else:
        response["Cache-Control"] = f"max-age={max_age}, public"
    return response


def json_response(document: Mapping[str, Any], *, content_type: str, status: int = 200) -> HttpResponse:
    """Return any JSON document under a given content type."""
    return HttpResponse(orjson.dumps(document), content_type=content_type, status=status)


def error_response(error: AppError) -> HttpResponse:
    """Return an error as other servers and apps read it: `{"error": …}` with its status."""
    return json_response(
        {"error": str(error.message)}, content_type="application/json; charset=utf-8", status=error.status
    )
