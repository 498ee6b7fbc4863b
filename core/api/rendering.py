"""JSON as apps read it: dates with milliseconds and ``Z``, written by orjson."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer


def iso(moment: datetime) -> str:
    """Return a UTC time with exactly three fractional digits and ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value)!r} is not JSON")


def dumps(value: Any) -> bytes:
    """Return JSON bytes; naive datetimes are a programming error and raise."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_PASSTHROUGH_DATETIME)


_READER_KEY = re.compile(rb"\?reader=[0-9a-f]{16}")


def without_reader_keys(body: bytes) -> bytes:
    """Return JSON for people who are not signed in: their look must not cause a fetch (media/proxy.py)."""
    return _READER_KEY.sub(b"", body) if b"?reader=" in body else body


class JSONRenderer(BaseRenderer):
    """DRF's door to orjson; any Accept header gets JSON."""

    media_type = "application/json"
    format = "json"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        view = (renderer_context or {}).get("view")
        return dumps(data) if getattr(view, "viewer", None) else without_reader_keys(dumps(data))


class AlwaysJSON(BaseContentNegotiation):
    """Every answer under /api is JSON, whatever the Accept header or file suffix says."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
