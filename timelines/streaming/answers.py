"""Plain HTTP answers of the streaming process: readable from any origin, errors as JSON."""

from collections.abc import Mapping
from typing import Any

import orjson

_CORS = {"Access-Control-Allow-Origin": "*", "Vary": "Authorization, Origin"}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Accept, Cache-Control, Last-Event-ID",
    "Access-Control-Max-Age": "86400",
}


async def start_answer(send: Any, status: int, headers: Mapping[str, str]) -> None:
    """Send status and headers of an answer whose body follows."""
    pairs = [(name.lower().encode(), value.encode()) for name, value in {**_CORS, **headers}.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def answer_text(send: Any, status: int, text: str) -> None:
    """Send a whole answer of plain text."""
    await start_answer(
        send, status, {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    )
    await send({"type": "http.response.body", "body": text.encode()})


async def answer_error(send: Any, status: int, message: str) -> None:
    """Send ``{"error": …}``."""
    await start_answer(send, status, {"Content-Type": "application/json; charset=utf-8"})
    await send({"type": "http.response.body", "body": orjson.dumps({"error": message})})


async def answer_preflight(send: Any) -> None:
    """Tell a browser that any page may ask with a token."""
    await start_answer(send, 204, _PREFLIGHT)
    await send({"type": "http.response.body", "body": b""})
