"""The rest of the world in memory: a transport that answers what was registered, and nothing else."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import orjson

ACTIVITY_JSON = "application/activity+json"


class FakeNetwork(httpx.AsyncBaseTransport):
    """Answers registered addresses, everything else with 404; takes whatever is posted."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[bytes, str]] = {}
        self._asked: set[str] = set()

    def serve(self, url: str, document: Mapping[str, Any] | bytes, content_type: str = ACTIVITY_JSON) -> None:
        """Answer a URL with a document from now on."""
        body = document if isinstance(document, bytes) else orjson.dumps(document)
        self._answers[_plain(url)] = (body, content_type)

    def serve_handle(self, handle: str, actor_uri: str) -> None:
        """Let the WebFinger of a handle's server name an actor."""
        link = {"rel": "self", "type": ACTIVITY_JSON, "href": actor_uri}
        self.serve_jrd(handle, orjson.dumps({"subject": f"acct:{handle}", "links": [link]}))

    def serve_jrd(self, handle: str, answer: bytes) -> None:
        """Answer the WebFinger question for a handle."""
        host = handle.partition("@")[2]
        url = httpx.URL(f"https://{host}/.well-known/webfinger", params={"resource": f"acct:{handle}"})
        self.serve(str(url), answer, "application/jrd+json")

    def was_asked(self, url: str) -> bool:
        """Tell whether anybody asked for a URL."""
        return _plain(url) in self._asked

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        url = _plain(str(request.url))
        self._asked.add(url)
        if request.method == "POST":
            return httpx.Response(202, stream=_Body(b""))
        body, content_type = self._answers.get(url, (b"", ""))
        if not content_type:
            return httpx.Response(404, stream=_Body(b""))
        headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
        return httpx.Response(200, headers=headers, stream=_Body(body))


class _Body(httpx.AsyncByteStream):
    """A body that is still to be read, as from a socket."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


def _plain(url: str) -> str:
    """One spelling: schemes and escapes differ between who asks and who registers, fragments are not sent."""
    plain = url.partition("#")[0].removeprefix("http://").removeprefix("https://")
    return plain.replace("%3A", ":").replace("%40", "@")
