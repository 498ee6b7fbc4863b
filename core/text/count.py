"""Measures a text against the character limit, as apps measure it while their user types."""

from wcwidth import iter_graphemes

from core.text.scan import clean_text, scan

URL_CHARACTERS = 23
"""What every link counts, however long: apps read it as `characters_reserved_per_url`."""

_PLACEHOLDER = "x" * URL_CHARACTERS


def count_characters(text: str, spoiler: str = "") -> int:
    """Return the length of a post in characters as people see them (grapheme clusters, UAX 29).

    A link counts 23, a mention counts without its domain, the content warning counts too.
    Source: Mastodon docs, "Posting to your profile".
    """
    return _count_graphemes(clean_text(spoiler)) + _count_graphemes(_shortened(clean_text(text)))


def _shortened(text: str) -> str:
    parts: list[str] = []
    position = 0
    for token in scan(text):
        if token.kind == "url":
            parts += text[position : token.start], _PLACEHOLDER
        elif token.kind == "mention":
            parts += text[position : token.start], f"@{token.value}"
        else:
            continue
        position = token.end
    parts.append(text[position:])
    return "".join(parts)


def _count_graphemes(text: str) -> int:
    return len(text) if text.isascii() else sum(1 for _ in iter_graphemes(text))
