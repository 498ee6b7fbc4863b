"""Bodies in chunks, as apps send them when they stream."""

import io
from collections.abc import Iterable
from typing import Any

import pytest

from core import chunked
from core.chunked import WithLength


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with what a framework would read."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return [environ["wsgi.input"].read(length)]


def sent(body: bytes, **environ: str) -> bytes:
    """Send a body and return what was read of it."""
    return b"".join(WithLength(echo)({"wsgi.input": io.BytesIO(body), **environ}, None))


@pytest.mark.parametrize("length", [0, 1, 70_000, 2_000_000])
def test_a_body_in_chunks_is_read_whole(length: int) -> None:
    assert sent(b"x" * length, HTTP_TRANSFER_ENCODING="Chunked") == b"x" * length


def test_a_body_with_a_length_is_left_alone() -> None:
    assert sent(b"hello", CONTENT_LENGTH="4") == b"hell"
    assert sent(b"hello") == b""


def test_nobody_fills_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunked, "MOST_BYTES", 100_000)
    assert len(sent(b"x" * 1_000_000, HTTP_TRANSFER_ENCODING="chunked")) < 200_000
