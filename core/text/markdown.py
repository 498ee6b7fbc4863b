"""Renders what our own people type as Markdown: the part of CommonMark that other servers can show.

Called when a status is written. Paragraphs, emphasis, links, lists, quotes, code and headings; HTML, images
and rules stay text. Links, mentions and hashtags are found as in plain text, but not in code and in labels.
Source: CommonMark 0.31; API behaviours section 10.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token as Node

from core.text.plain import NOBODY, Mentions, TagUrl, ambiguous_usernames, render_token
from core.text.sanitise import sanitise_html
from core.text.scan import Token, clean_text, scan

_REL = "nofollow noopener"
# Where a rule other than the one for text may begin; the last one is the backslash.
_SPECIAL = re.compile(r"[\n!#$%&*+\-:<=>@\[\]^_`{}~\\]")
_UNSHOWN = ("html_block", "hr", "reference", "html_inline", "autolink", "image")


def render_markdown(text: str, *, mentions: Mentions = NOBODY, tag_url: TagUrl | None = None) -> str:
    """Return the safe HTML of a status or another text written as Markdown.

    ``mentions`` is keyed by `mention_key`; a handle that is not in it stays text. ``tag_url`` turns a
    normalised name into an address; without it hashtags stay text. Blank text gives ''.
    """
    ambiguous = ambiguous_usernames(mentions)

    def render_found(found: Token, source: str) -> str:
        return render_token(found, source, mentions, ambiguous, tag_url, _REL) or escape(source)

    parts = [
        render_found(node.meta["found"], node.content) if node.type == "found" else _render(node)
        for node in _nodes(text)
    ]
    return sanitise_html("".join(parts))


def prose_of_markdown(text: str) -> str:
    """Return what of a Markdown text may mention somebody or be a hashtag: all but code, labels and marks."""
    return " ".join(node.content for node in _nodes(text) if node.type == "found")


def _nodes(text: str) -> Iterator[Node]:
    """Yield the nodes of a text in the order of the HTML, blocks and what stands in them alike."""
    for block in _PARSER.parse(clean_text(text)):
        yield from block.children or () if block.type == "inline" else (block,)


def _render(node: Node) -> str:
    if node.hidden:
        return ""
    if node.type == "link_open":
        return f'<a href="{escape(str(node.attrGet("href")))}">'
    if node.type == "ordered_list_open" and node.attrGet("start") is not None:
        return f'<ol start="{node.attrGet("start")}">'
    if node.nesting:
        return f"<{node.tag}>" if node.nesting > 0 else f"</{node.tag}>"
    return _render_leaf(node)


def _render_leaf(node: Node) -> str:
    if node.type in ("softbreak", "hardbreak"):
        return "<br />"
    if node.type == "code_inline":
        return f"<code>{escape(node.content)}</code>"
    if node.type in ("fence", "code_block"):
        # Apps expect no newline characters.
        lines = escape(node.content.rstrip("\n")).replace("\n", "<br />")
        return f"<pre><code>{lines}</code></pre>"
    return escape(node.content)


def _read_text(state: StateInline, silent: bool) -> bool:
    """Take a link, mention or hashtag as a whole, so that no mark begins in it; else the text up to it."""
    found, starts = _found(state.env, state.src)
    token = found.get(state.pos)
    if token is not None and not state.linkLevel and token.end <= state.posMax:
        if not silent:
            node = state.push("found", "", 0)
            node.content, node.meta = state.src[token.start : token.end], {"found": token}
        state.pos = token.end
        return True
    special = _SPECIAL.search(state.src, state.pos, state.posMax)
    end = special.start() if special else state.posMax
    following = bisect_right(starts, state.pos)
    if following < len(starts):
        end = min(end, starts[following])
    if end == state.pos:
        return False
    if not silent:
        state.pending += state.src[state.pos : end]
    state.pos = end
    return True


def _found(env: Any, source: str) -> tuple[dict[int, Token], list[int]]:
    """Return what the scanner finds in the text of a block by where it starts, and these places in order."""
    if env.get("source") != source:
        # A link that runs on into "](" is the label of another one.
        found = {token.start: token for token in scan(source) if "](" not in token.value}
        env.update(source=source, found=found, starts=list(found))
    return env["found"], env["starts"]


def _parser(unshown: Iterable[str]) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    parser.disable(list(unshown))
    parser.inline.ruler.at("text", _read_text)
    return parser


_PARSER = _parser(_UNSHOWN)
