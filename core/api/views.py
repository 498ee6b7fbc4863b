"""ApiView: the base of every door under /api.

A door names who may call it (``access`` by HTTP method), reads ``self.params``, calls one operation and
answers.
"""

import logging
from typing import Any, ClassVar, cast

import orjson
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils import translation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import ratelimit
from core.api.access import ANYONE, OPTIONAL, Access, Credential
from core.api.pagination import BY_MIN_ID, Links, Page, link_header
from core.api.parameters import nest, nest_names, pairs_of_multipart, pairs_of_string
from core.errors import BadRequest, TooLarge, TooMany
from core.ratelimit import Limit

log = logging.getLogger(__name__)

PER_TOKEN = Limit("token", 300, 300)
PER_USER = Limit("user", 1500, 300)
ANONYMOUS = Limit("ip", 300, 300)
PAGING = Limit("paging", 300, 900)
_PAGING_PARAMETERS = {"page", "max_id", "min_id", "since_id"}


def read_body(stream: Any) -> bytes:
    """Return a whole form or JSON body. Raises TooLarge past DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = stream.read(most + 1)
    if len(body) > most:
        raise TooLarge()
    return body


class JSONParser(BaseParser):
    """Reads a JSON body; anything that is not JSON is 400."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            body = orjson.loads(read_body(stream) or b"{}")
        except orjson.JSONDecodeError as error:
            raise BadRequest(cause=str(error)) from error
        return nest_names(body) if isinstance(body, dict) else body


class FormParser(BaseParser):
    """Reads a form body in order, which lists of maps need."""

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return nest(pairs_of_string(read_body(stream).decode("utf-8", "replace")))


class ApiView(APIView):
    """Base of the doors; ``access`` maps the HTTP method to who may call it."""

    access: ClassVar[dict[str, Access]] = {}
    limits: ClassVar[tuple[Limit, ...]] = ()
    parser_classes = [JSONParser, FormParser, MultiPartParser]

    credential: Credential | None = None
    usage: ratelimit.Usage | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # What BearerAuthentication gives; DRF's own types know only its tokens.
        self.credential = cast(Credential | None, request.auth)
        self._speak(request)
        self._throttle(request)
        method = "GET" if request.method == "HEAD" else request.method or ""
        access = self.access.get("PUT" if method == "PATCH" and "PATCH" not in self.access else method)
        if access is not None:
            access.check(self.credential)
        self.params: dict[str, Any] = read_params(request)

    @property
    def viewer(self) -> Any:
        """The account that the caller acts as, or None."""
        return self.credential.account if self.credential else None

    @property
    def actor(self) -> Any:
        """The account that the caller acts as, on doors that only users pass."""
        assert self.credential is not None and self.credential.account is not None
        return self.credential.account

    def page(self, *, default: int = 20, maximum: int = 40) -> Page:
        """Return the asked part of a list."""
        return Page.of(self.params, default=default, maximum=maximum)

    def paged(
        self,
        data: list[Any],
        page: Page,
        cursors: list[int],
        links: Links = BY_MIN_ID,
        *,
        full: bool | None = None,
    ) -> Response:
        """Answer with a page and its Link header."""
        response = Response(data)
        if link := link_header(self.request, page, cursors, links, full=full):
            response["Link"] = link
        return response

    def _speak(self, request: Request) -> None:
        """Texts follow the ``lang`` parameter, else the person; Accept-Language was read before."""
        asked = request.query_params.get("lang") or (
            self.credential.user.locale if self.credential and self.credential.user else ""
        )
        if asked in dict(settings.LANGUAGES):
            translation.activate(asked)

    def _throttle(self, request: Request) -> None:
        limits = self._buckets(request)
        self.usage = ratelimit.consume(limits)
        if self.usage.exceeded:
            raise TooMany()

    def _buckets(self, request: Request) -> list[tuple[Limit, str]]:
        credential, ip = self.credential, client_ip(request)
        person = str(credential.user.pk) if credential and credential.user else None
        if credential:
            buckets = [(PER_TOKEN, str(credential.token_id))]
            if person:
                buckets.append((PER_USER, person))
        else:
            buckets = [(ANONYMOUS, ip)]
        if _PAGING_PARAMETERS & request.query_params.keys():
            buckets.append((PAGING, person or ip))
        return buckets + [(limit, person or ip) for limit in self.limits]

    def consume(self, limit: Limit, subject: str | None = None) -> None:
        """Count against a limit of a subject, the acting account unless given; its headers override.

        Raises TooMany.
        """
        self.usage = ratelimit.consume([(limit, str(self.actor.pk) if subject is None else subject)])
        if self.usage.exceeded:
            raise TooMany()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.usage:
            for name, value in self.usage.headers.items():
                response[name] = value
        if "Cache-Control" not in response:
            response["Cache-Control"] = self._cache_control(request, response)
        response["Vary"] = "Authorization, Origin"
        response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; form-action 'none'"
        return response

    def _cache_control(self, request: Request, response: Any) -> str:
        access = self.access.get("GET")
        anonymous = self.credential is None and request.method in ("GET", "HEAD")
        if anonymous and access and access.kind in (ANYONE, OPTIONAL) and response.status_code == 200:
            return "public, max-age=15"
        return "private, no-store"


def read_params(request: Request) -> dict[str, Any]:
    """Return query and body merged (the body wins), Rails-style names nested. Raises BadRequest."""
    params = nest(pairs_of_string(request.META.get("QUERY_STRING", "")))
    data = request.data
    if isinstance(data, QueryDict):
        data = nest(pairs_of_multipart(data))
    if not isinstance(data, dict):
        raise BadRequest(cause="the body is not an object")
    return params | data


def client_ip(request: HttpRequest | Request) -> str:
    """Return the caller's address; of IPv6 the /64, since that is what one household gets."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    address = forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
    return ":".join(address.split(":")[:4]) if ":" in address else address
