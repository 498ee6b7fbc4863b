"""Text: what people type becomes HTML, what other servers send becomes safe HTML, and both are counted.

Used by every app that shows or measures text. `plain` reads and renders what our own people type, `markdown`
what they type as Markdown, `sanitise` cleans remote HTML, `count` measures against the character limit.
Nothing here knows a row or the network.
"""

from core.text.count import URL_CHARACTERS, count_characters
from core.text.markdown import prose_of_markdown, render_markdown
from core.text.plain import MentionLink, render_field, render_plain, render_quote_line
from core.text.sanitise import html_to_text, sanitise_html
from core.text.scan import (
    clean_line,
    clean_text,
    find_hashtags,
    find_mentions,
    find_shortcodes,
    mention_key,
    normalise_tag,
)

__all__ = [
    "URL_CHARACTERS",
    "MentionLink",
    "clean_line",
    "clean_text",
    "count_characters",
    "find_hashtags",
    "find_mentions",
    "find_shortcodes",
    "html_to_text",
    "mention_key",
    "normalise_tag",
    "prose_of_markdown",
    "render_field",
    "render_markdown",
    "render_plain",
    "render_quote_line",
    "sanitise_html",
]
