"""What the doors for ActivityPub documents have in common: safe methods, errors as other servers read them.

Called by the `views.py` of federation, accounts and timelines. Where AUTHORIZED_FETCH is set, documents are
only for actors of servers that are not blocked, and they say so by a signature. Source: contract of the
federation §2.8.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from core.api.views import client_ip
from core.errors import AppError, NotFound, TooMany, Unauthenticated
from core.ratelimit import Limit, consume
from federation import peers
from federation.responses import activity_response, error_response, wants_activity
from federation.verify import NOT_SIGNED, find_verified, verify_request
from federation.vocab import CONTEXT

View = Callable[..., HttpResponse]

# Per address; a server that reads a whole thread of ours stays far below.
READS = Limit("documents", 3000, 300)
_VARY = ("Accept", "Accept-Language", "Cookie", "Signature")
# Where the door leaves the signer for the view behind it.
_SIGNER = "genosocial.signer_uri"


def document_door(view: View) -> View:
    """Let a view take GET and HEAD only, and answer AppErrors as `{"error": …}`.

    Where AUTHORIZED_FETCH is set it lets nobody in who does not sign, and no shared cache keeps anything.
    """

    @require_safe
    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if consume([(READS, client_ip(request))]).exceeded:
                raise TooMany()
            if settings.AUTHORIZED_FETCH:
                request.META[_SIGNER] = _required_signer(request)
            response = view(request, *args, **kwargs)
        except AppError as error:
            response = error_response(error)
        if settings.AUTHORIZED_FETCH:
            response["Cache-Control"] = "private, no-store"
        patch_vary_headers(response, _VARY)
        return response

    return door


def _required_signer(request: HttpRequest) -> str:
    verified = verify_request(request, now=timezone.now())
    if peers.is_blocked(verified.host):
        raise Unauthenticated(NOT_SIGNED, cause=f"{verified.host} is blocked")
    return verified.actor_uri


def page_door(page: View) -> Callable[[View], View]:
    """Let an address answer with its document to other servers and with `page` to people."""

    def decorate(view: View) -> View:
        door = document_door(view)

        @require_safe
        @wraps(view)
        def choose(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if wants_activity(request):
                return door(request, *args, **kwargs)
            response = page(request, *args, **kwargs)
            patch_vary_headers(response, _VARY)
            return response

        return choose

    return decorate


def signer_uri(request: HttpRequest) -> str:
    """Return the actor who signed a GET; "" when nobody did or it cannot be proven."""
    if _SIGNER in request.META:
        return str(request.META[_SIGNER])
    verified = find_verified(request, now=timezone.now())
    return verified.actor_uri if verified is not None else ""


def answer_collection(
    uri: str, kind: str, properties: Mapping[str, Any], *, max_age: int = 0, private: bool = False
) -> HttpResponse:
    """Return a collection or a page of one; `private` when it was made for this signer."""
    document = {"@context": CONTEXT, "id": uri, "type": kind, **properties}
    return activity_response(document, max_age=max_age, private=private)


def page_number(request: HttpRequest, name: str = "page") -> int:
    """Return a page number from 1 on; raises NotFound for anything else."""
    text = request.GET.get(name, "")
    if not (text.isdecimal() and text.isascii() and len(text) < 7 and int(text) > 0):
        raise NotFound(cause=f"page {text[:20]!r}")
    return int(text)
