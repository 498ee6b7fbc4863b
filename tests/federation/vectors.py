"""The signature vectors: those beside the corpus, and without it the few of our own in this folder."""

import base64
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from django.test import RequestFactory

OWN = Path(__file__).parent / "signature_vectors"


def folder() -> Path:
    """Return the folder of vectors that this run is to obey."""
    corpus = os.environ.get("FEDERATION_CORPUS")
    beside = Path(corpus).parent / "signature-vectors" if corpus else OWN
    return beside if beside.is_dir() else OWN


def read(name: str) -> Any:
    """Return a file of vectors."""
    return json.loads((folder() / f"{name}.json").read_text(encoding="utf-8"))


def moment(text: str) -> datetime:
    """Return the time that a vector stops the clock at."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def django_request(request: dict[str, Any]) -> Any:
    """Return a request as the web server hands it on: raw target, repeated headers joined."""
    body = base64.b64decode(request.get("body_base64") or "")
    headers: dict[str, str] = {}
    for name, value in request["headers"]:
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    path, _separator, query = request["target"].partition("?")
    built = RequestFactory().generic(request["method"], path, body, headers.pop("CONTENT_TYPE", ""))
    built.META.pop("HTTP_COOKIE", None)
    built.META.update(headers, QUERY_STRING=query, RAW_URI=request["target"])
    return built
