"""What a web page says about itself, read from its head and from its oEmbed answer. Pure.

Called by timelines/cards.py with what other servers sent, so everything is bounded: few tags, short values,
no pattern that looks back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

from core.text import clean_line, html_to_text
from core.text.sanitise import MAX_CHARACTERS

_MAX_TAGS = 300
_MAX_TAG_CHARACTERS = 8_192
_TAG = re.compile(r"<(meta|link|html|title|script|style|body|!--)(?=[\s>/-])", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'=<>`]++)))?+""")
_END = re.compile(r""">|"[^"]*+"|'[^']*+'""")
_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s{0,4}=\s{0,4}["']?([A-Za-z0-9_-]{2,40})""", re.IGNORECASE
)
_FRAME = re.compile(r"<iframe(?=[\s>])([^>]{0,4000})", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_MAX_SIDE = 4_096


@dataclass(frozen=True)
class PageValues:
    """A page's own words; "" or None where it says nothing."""

    title: str = ""
    description: str = ""
    provider_name: str = ""
    author_name: str = ""
    # A handle such as name@domain, as the page claims.
    creator: str = ""
    language: str | None = None
    published_at: datetime | None = None
    # Where more is told, for those who embed the page.
    oembed_url: str = ""
    image_url: str = ""
    image_description: str = ""


@dataclass(frozen=True)
class EmbedValues:
    """What an oEmbed answer adds: the photo itself or the player of a video, at an https address."""

    type: str = "link"
    title: str = ""
    author_name: str = ""
    author_url: str = ""
    provider_name: str = ""
    provider_url: str = ""
    embed_url: str = ""
    image_url: str = ""
    width: int = 0
    height: int = 0


def decode_page(body: bytes, content_type: str) -> str:
    """Return a page as text, by the charset of its header, else of its own words, else UTF-8."""
    named = re.search(r"charset=[\"']?([A-Za-z0-9_-]{2,40})", content_type)
    said = _CHARSET.search(body[:2_048])
    charset = named[1] if named else said[1].decode() if said else "utf-8"
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def read_page(html: str, url: str) -> PageValues:
    """Return what the head of a page says."""
    said: dict[str, str] = {}
    position = 0
    for _ in range(_MAX_TAGS):
        match = _TAG.search(html, position)
        if match is None or match[1].lower() == "body":
            break
        name = match[1].lower()
        position = _end_of_tag(html, match.end())
        if name in ("script", "style", "!--"):
            closing = "-->" if name == "!--" else f"</{name}"
            end = html.lower().find(closing, match.end()) if name == "!--" else _find(html, closing, position)
            if end < 0:
                break
            position = end + len(closing)
        elif name == "title":
            said.setdefault("title", _line(html[position : position + 1_000].partition("<")[0], 500))
        else:
            _read_tag(name, html[match.end() : position], said)
    return _page_values(said, url)


def _find(html: str, closing: str, start: int) -> int:
    match = re.compile(re.escape(closing), re.IGNORECASE).search(html, start)
    return match.start() if match else -1


def _end_of_tag(html: str, start: int) -> int:
    """Return where a tag is over; a > in quotes does not end it."""
    for match in _END.finditer(html, start, start + _MAX_TAG_CHARACTERS):
        if match[0] == ">":
            return match.end()
    return start


def _attributes(text: str) -> dict[str, str]:
    found = _ATTRIBUTE.finditer(text)
    return {match[1].lower(): unescape(match[2] or match[3] or match[4] or "") for match in found}


def _read_tag(name: str, text: str, said: dict[str, str]) -> None:
    values = _attributes(text)
    if name == "html":
        said.setdefault("lang", values.get("lang", ""))
    elif name == "meta":
        key = (values.get("property") or values.get("name") or "").lower()
        if key and values.get("content"):
            said.setdefault(key, values["content"][:2_000])
    elif values.get("type", "").lower() == "application/json+oembed" and values.get("href"):
        said.setdefault("oembed", values["href"])


def _page_values(said: Mapping[str, str], url: str) -> PageValues:
    def first(*names: str, most: int = 500) -> str:
        return next((line for name in names if (line := _line(said.get(name, ""), most))), "")

    return PageValues(
        title=first("og:title", "twitter:title", "title"),
        description=first("og:description", "twitter:description", "description", most=1_000),
        provider_name=first("og:site_name", most=200),
        author_name=first("author", "article:author:name", most=200),
        creator=first("fediverse:creator", most=300).removeprefix("@"),
        language=_language(said.get("og:locale", "") or said.get("lang", "")),
        published_at=_time(said.get("article:published_time", "")),
        oembed_url=_joined(url, said.get("oembed", "")),
        image_url=_joined(url, _said_image(said)),
        image_description=first("og:image:alt", "twitter:image:alt", most=1_500),
    )


def _said_image(said: Mapping[str, str]) -> str:
    return said.get("og:image:secure_url") or said.get("og:image") or said.get("twitter:image") or ""


def _joined(url: str, address: str) -> str:
    try:
        return _web_address(urljoin(url, address.strip())) if address.strip() else ""
    except ValueError:  # a host in brackets that is no address
        return ""


def _line(text: str, most: int) -> str:
    return clean_line(unescape(text))[:most].strip()


def _language(text: str) -> str | None:
    match = _LANGUAGE.fullmatch(text.strip())
    return match[0][:2].lower() if match else None


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _web_address(text: object, *schemes: str) -> str:
    """Return an address of the web, or "" for anything else."""
    if not isinstance(text, str) or len(text) > 2_048:
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in (schemes or ("http", "https")) and parts.hostname else ""


def read_embed(document: Mapping[str, Any]) -> EmbedValues:
    """Return what an oEmbed answer says; other HTML than one https frame is left out."""

    def line(name: str) -> str:
        value = document.get(name)
        return _line(html_to_text(value[:MAX_CHARACTERS]), 200) if isinstance(value, str) else ""

    kind, embed_url = document.get("type"), ""
    if kind == "photo":
        embed_url = _web_address(document.get("url"), "https")
    elif kind == "video":
        embed_url = _frame_source(document.get("html"))
    return EmbedValues(
        type=str(kind) if embed_url else "link",
        title=line("title"),
        author_name=line("author_name"),
        author_url=_web_address(document.get("author_url")),
        provider_name=line("provider_name"),
        provider_url=_web_address(document.get("provider_url")),
        image_url=embed_url if kind == "photo" else _web_address(document.get("thumbnail_url")),
        embed_url=embed_url,
        width=_side(document.get("width")) if embed_url else 0,
        height=_side(document.get("height")) if embed_url else 0,
    )


def _frame_source(html: object) -> str:
    match = _FRAME.search(html) if isinstance(html, str) else None
    return _web_address(_attributes(match[1]).get("src"), "https") if match else ""


def _side(value: object) -> int:
    try:
        return max(0, min(_MAX_SIDE, int(str(value))))
    except ValueError:
        return 0
