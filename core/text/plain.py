"""Renders what our own people type (posts, biographies, profile fields) as the HTML that apps expect.

Called when a status or a profile is written. Source: Mastodon docs, "HTML in text"; the spans inside links
are what apps shorten them by, the classes on anchors what they open profiles and tags by.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

from core.text.scan import (
    Token,
    clean_line,
    clean_text,
    mention_key,
    normalise_tag,
    scan,
)

_SHOWN_URL_CHARACTERS = 30
_UNSHOWN_PREFIX = re.compile(r"https?://(?:www\.)?|xmpp:", re.IGNORECASE)
_PARAGRAPH_BREAK = re.compile(r"\n{2,}")


@dataclass(frozen=True, slots=True)
class MentionLink:
    """Where a mention leads: ``url`` as in the API's `mentions[].url`; ``domain`` None for local accounts."""

    url: str
    username: str
    domain: str | None


TagUrl = Callable[[str], str]
Mentions = Mapping[str, MentionLink]
NOBODY: Mentions = MappingProxyType({})


def render_plain(text: str, *, mentions: Mentions = NOBODY, tag_url: TagUrl | None = None) -> str:
    """Return the HTML of a status or a biography: paragraphs, line breaks, links, mentions, hashtags.

    ``mentions`` is keyed by `mention_key`; a handle that is not in it stays text. ``tag_url`` turns a
    normalised name into an address; without it hashtags stay text. Blank text gives ''.
    """
    html = _render_inline(clean_text(text).strip(), mentions, tag_url, rel="nofollow noopener")
    if not html:
        return ""
    paragraphs = _PARAGRAPH_BREAK.split(html)
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs)


def render_field(value: str, *, mentions: Mentions = NOBODY, tag_url: TagUrl | None = None) -> str:
    """Return the HTML of a profile field's value: one line without a paragraph, links claim ``rel="me"``."""
    return _render_inline(clean_line(value), mentions, tag_url, rel="nofollow noopener me")


def render_quote_line(url: str) -> str:
    """Return the line that links to a quoted status, for apps and servers that do not know quotes."""
    return f'<p class="quote-inline">RE: {_render_url(url, "nofollow noopener")}</p>'


def _render_inline(text: str, mentions: Mentions, tag_url: TagUrl | None, *, rel: str) -> str:
    ambiguous = ambiguous_usernames(mentions)
    parts: list[str] = []
    position = 0
    for token in scan(text):
        anchor = render_token(token, text, mentions, ambiguous, tag_url, rel)
        if anchor is not None:
            parts += escape(text[position : token.start]), anchor
            position = token.end
    parts.append(escape(text[position:]))
    return "".join(parts)


def ambiguous_usernames(mentions: Mentions) -> set[str]:
    """Return the usernames (lower case) that stand for more than one account in this text."""
    urls: dict[str, set[str]] = {}
    for link in mentions.values():
        urls.setdefault(link.username.lower(), set()).add(link.url)
    return {username for username, addresses in urls.items() if len(addresses) > 1}


def render_token(
    token: Token,
    text: str,
    mentions: Mentions,
    ambiguous: set[str],
    tag_url: TagUrl | None,
    rel: str,
) -> str | None:
    """Return the anchor of a token, or None when it stays text."""
    if token.kind == "url":
        return _render_url(token.value, rel)
    if token.kind == "mention":
        link = mentions.get(mention_key(token.value, token.domain))
        return _render_mention(link, ambiguous) if link else None
    if tag_url is None:
        return None
    href = escape(tag_url(normalise_tag(token.value)))
    return f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{escape(token.value)}</span></a>'


def _render_url(url: str, rel: str) -> str:
    match = _UNSHOWN_PREFIX.match(url)
    prefix = match[0] if match else ""
    shown, rest = (
        url[len(prefix) :][:_SHOWN_URL_CHARACTERS],
        url[len(prefix) :][_SHOWN_URL_CHARACTERS:],
    )
    return (
        f'<a href="{escape(url)}" target="_blank" rel="{rel}" translate="no">'
        f'<span class="invisible">{escape(prefix)}</span>'
        f'<span class="{"ellipsis" if rest else ""}">{escape(shown)}</span>'
        f'<span class="invisible">{escape(rest)}</span></a>'
    )


def _render_mention(link: MentionLink, ambiguous: set[str]) -> str:
    show_domain = link.domain and link.username.lower() in ambiguous
    name = f"{link.username}@{link.domain}" if show_domain else link.username
    return (
        f'<span class="h-card" translate="no"><a href="{escape(link.url)}" class="u-url mention">'
        f"@<span>{escape(name)}</span></a></span>"
    )
