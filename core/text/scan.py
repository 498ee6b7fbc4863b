"""The one-pass scanner that finds links, mentions and hashtags in plain text, and the cleaning of input.

`plain` renders what it finds, `count` measures it, operations ask it whom a text mentions. One regular
expression walks the text once; links come first in it, so that nothing inside a link is a mention or a
hashtag. Repeats never share a character with what follows them, so matching takes linear time.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# Letters of many scripts are written with combining marks, which Python's \w leaves out ("नमस्ते").
# All of them that hashtags need are on the basic plane; looking further costs start-up time for nothing.
_LAST_BASIC = 0xFFFF


def _mark_ranges() -> str:
    ranges: list[list[int]] = []
    for code in range(0x300, _LAST_BASIC + 1):
        if unicodedata.category(chr(code))[0] != "M":
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in ranges)


# Middle dot and zero-width non-joiner separate the parts of a tag in Catalan and Persian.
_TAG_SEPARATORS = "_·\u200c"
_TAG_CHARACTER = rf"\w·\u200c{_mark_ranges()}"
_USERNAME = r"[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*"
# A port is part of a handle only on development servers ("anna@localhost:8001").
_DOMAIN = r"\w+(?:[.-]+\w+)*(?::[0-9]{2,5}(?!\w))?"
_SCHEME = r"(?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini)://"
_HOST = r"[\w-]+(?:\.[\w-]+)+(?::[0-9]{1,5})?"
# Quotation marks, brackets and stops of other scripts end a link too: no blank follows them.
_NOT_IN_URL = r"\s<>\"`\x00-\x1f\x7f「」『』〈〉《》（）【】。、，！？；："
_TOKEN = re.compile(
    rf"(?<![A-Za-z0-9_@$#])(?P<url>{_SCHEME}{_HOST}(?:[/?#][^{_NOT_IN_URL}]*)?"
    rf"|(?:xmpp:|magnet:\?)[^{_NOT_IN_URL}]+)"
    rf"|(?<![\w=/@])@(?P<username>{_USERNAME})(?:@(?P<domain>{_DOMAIN}))?"
    rf"|(?<![\w=/)&#])[#＃](?P<tag>[{_TAG_CHARACTER}]+)",
    re.IGNORECASE,
)
_SHORTCODE = re.compile(r"(?<![^\W_])(?<!:):([A-Za-z0-9_]{2,}):(?![^\W_]|:)")
_CODE = re.compile(r"<code[ >].*?</code>", re.DOTALL)
_NOT_IN_TAG = re.compile(f"[^{_TAG_CHARACTER}]+")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_BREAK = re.compile(r"\r\n?")
_BIDI_OR_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")

_CLOSING = {")": "(", "]": "[", "}": "{"}
_TRAILING = frozenset(".,:;!?'’”»*…")


@dataclass(frozen=True, slots=True)
class Token:
    """A stretch ``[start, end)`` of a text that means something; ``value`` is the link, username or tag."""

    kind: Literal["url", "mention", "tag"]
    start: int
    end: int
    value: str
    domain: str | None = None


def scan(text: str) -> Iterator[Token]:
    """Yield every link, mention and hashtag of a plain text in order, never overlapping."""
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if url := match["url"]:
            url = _without_trailing(url)
            yield Token("url", start, start + len(url), url)
        elif username := match["username"]:
            domain = match["domain"]
            yield Token("mention", start, end, username, domain.lower() if domain else None)
        else:
            tag = match["tag"].rstrip("·\u200c")
            if normalise_tag(tag):
                yield Token("tag", start, start + 1 + len(tag), tag)


def _without_trailing(url: str) -> str:
    """Cut the punctuation of the sentence off a link; a bracket stays when it was opened inside the link."""
    surplus = {closing: url.count(closing) - url.count(opening) for closing, opening in _CLOSING.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if last in _TRAILING:
            end -= 1
        elif surplus.get(last, 0) > 0:
            surplus[last] -= 1
            end -= 1
        else:
            break
    return url[:end]


def _is_tag(name: str) -> bool:
    """Whether there is more in it than digits and separators."""
    return any(not character.isdigit() and character not in _TAG_SEPARATORS for character in name)


def mention_key(username: str, domain: str | None) -> str:
    """Return the handle by which mentions are compared: 'anna' or 'bert@b.example', lower case."""
    return f"{username}@{domain}".lower() if domain else username.lower()


def find_mentions(text: str) -> list[tuple[str, str | None]]:
    """Return (username as typed, domain in lower case or None) of each handle in the text, once, in order."""
    found: dict[str, tuple[str, str | None]] = {}
    for token in scan(text):
        if token.kind == "mention":
            found.setdefault(mention_key(token.value, token.domain), (token.value, token.domain))
    return list(found.values())


def find_hashtags(text: str) -> list[str]:
    """Return the hashtags of the text without '#', as first typed, once per normalised name, in order."""
    found: dict[str, str] = {}
    for token in scan(text):
        if token.kind == "tag":
            found.setdefault(normalise_tag(token.value), token.value)
    return list(found.values())


def find_shortcodes(text: str) -> list[str]:
    """Return the custom emoji names ('blob' of ':blob:') in plain text or HTML, each once, in order.

    What stands in HTML's code elements means nothing.
    """
    read = _CODE.sub(" ", text) if "<code" in text else text
    return list(dict.fromkeys(_SHORTCODE.findall(read)))


def normalise_tag(name: str) -> str:
    """Return the name by which a hashtag is stored and compared, or '' when it is none.

    NFKC, lower case, without '#' and characters that tags cannot have. Idempotent.
    """
    lower = unicodedata.normalize("NFKC", name).lower()
    # Only after what cannot be in a tag is gone do letters and marks meet that belong together.
    folded = unicodedata.normalize("NFKC", _NOT_IN_TAG.sub("", lower)).strip("·\u200c")
    return folded if _is_tag(folded) else ""


def clean_text(text: str) -> str:
    """Return text of many lines fit to be stored: LF only, no control characters, no lone surrogates.

    PostgreSQL refuses NUL in text, JSON and UTF-8 refuse surrogates.
    """
    encodable = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("", _LINE_BREAK.sub("\n", encodable))


def clean_line(text: str) -> str:
    """Return a name or title as one line, without characters that would reorder the text around it."""
    encodable = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join(_BIDI_OR_CONTROL.sub("", encodable).split())
