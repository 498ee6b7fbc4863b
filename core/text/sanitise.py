"""Makes HTML of other servers safe to store and to show, and turns HTML into plain text.

Called at ingest and again on output. The library parses as browsers do and decides what is safe, last and
always; what is rewritten before and after it changes only how a text reads. Limits come first: parsing takes
quadratic time in the depth of open elements, and each paragraph repeats the formatting that was left open.
"""

import re
from html import escape, unescape
from typing import Final

import nh3

MAX_CHARACTERS: Final = 100_000
MAX_TAGS: Final = 4_000
_MAX_ATTRIBUTED_FORMATTING: Final = 20
_MAX_GROWTH: Final = 4

_FORMATTING = (
    "b",
    "big",
    "code",
    "em",
    "font",
    "i",
    "nobr",
    "s",
    "small",
    "strike",
    "strong",
    "tt",
    "u",
)
# Not allowed, but they stand apart: the words before and after must not run together.
_BLOCKS = (
    "address|applet|article|aside|caption|center|col|colgroup|dd|details|dialog|div|dl|dt|fieldset|figcaption|"
    "figure|footer|form|header|hr|legend|main|marquee|nav|object|option|section|select|summary|table|tbody|td|"
    "template|tfoot|th|thead|tr"
)
_TAMED = re.compile(
    rf"<(?P<close>/?)(?:(?P<heading>h[1-6])|(?P<block>{_BLOCKS})|(?P<formatting>{'|'.join(_FORMATTING)}))"
    r"(?=[\s/>])(?P<attributes>[^>]*)>?",
    re.IGNORECASE,
)
_IMAGE_OR_ANCHOR = re.compile(r"<img(?P<attributes>[^>]*)>|<a[ >]|</a>")
_ANCHOR = re.compile(r"<a(?P<attributes>(?: [^>]*)?)>|</a>")
_SOURCE = re.compile(r' src="([^"]*)"')
_ALTERNATIVE = re.compile(r' alt="([^"]*)"')
_ANNOTATION = re.compile(r"<annotation(\s[^<>]*)>")

_CLASS = re.compile(r"(?:h|p|u|dt|e)-.*|mention|hashtag|ellipsis|invisible|quote-inline", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,35}")
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)

_TAGS = {
    "p",
    "br",
    "span",
    "a",
    "abbr",
    "del",
    "s",
    "pre",
    "blockquote",
    "code",
    "b",
    "strong",
    "u",
    "sub",
    "sup",
    "i",
    "em",
    "ul",
    "ol",
    "li",
    "ruby",
    "rt",
    "rp",
}
_ATTRIBUTES = {
    "*": {"lang"},
    "a": {"href", "rel", "class", "title", "translate"},
    "span": {"class", "translate"},
    "p": {"class"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "blockquote": {"cite"},
    "abbr": {"title"},
}
_SCHEMES = {"http", "https", "dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini"}


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(word for word in value.split() if _CLASS.fullmatch(word)) or None
    if name == "rel":
        return "tag nofollow noopener" if "tag" in value.lower().split() else None
    if name == "translate":
        return "no" if value.lower() == "no" else None
    if name in ("start", "value"):
        return value if _NUMBER.fullmatch(value) else None
    if name == "lang":
        return value if _LANGUAGE.fullmatch(value) else None
    if name == "cite":
        return value if _WEB_ADDRESS.match(value) else None
    return "" if name == "reversed" else value


_STRICT = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    attribute_filter=_filter_attribute,
    url_schemes=_SCHEMES,
    url_relative="deny",
    link_rel=None,
)
_WITH_IMAGES = nh3.Cleaner(
    tags=_TAGS | {"img"},
    attributes={**_ATTRIBUTES, "img": {"src", "alt"}},
    url_schemes=_SCHEMES,
    url_relative="deny",
    link_rel=None,
)
_LINES = nh3.Cleaner(tags={"p", "br", "li", "blockquote", "pre"}, attributes={})
_LINE_TAG = re.compile(r"<(/?)(p|br|li|blockquote|pre)>")
_BLANK_LINES = re.compile(r"\n{3,}")


def sanitise_html(html: str) -> str:
    """Return remote HTML reduced to what apps and pages may show; never raises, whatever comes in.

    Headings become bold paragraphs, images links, formulas their source text. Links get
    ``rel="nofollow noopener" target="_blank"``; those with a scheme outside the list become text. Input
    beyond 100 000 characters or 4 000 tags is cut. Cleaning twice changes nothing.
    Source: Mastodon docs, "HTML sanitization".
    """
    html = _limit(html)
    tamed = _tame(_replace_formulas(html))
    if "<img" in tamed.lower():
        tamed = _link_images(_WITH_IMAGES.clean(tamed))
    cleaned = _STRICT.clean(tamed)
    if len(cleaned) > _MAX_GROWTH * (len(html) + MAX_TAGS):  # repeated formatting, never an honest post
        return escape(html_to_text(html), quote=False)
    return _finish_anchors(cleaned).replace("<p></p>", "").strip()


def html_to_text(html: str) -> str:
    """Return what a reader of the HTML sees, as plain text: line breaks kept, a blank line per paragraph."""
    marked = _LINES.clean(_tame(_limit(html)).replace("\n", " "))
    text = unescape(_LINE_TAG.sub(_line_breaks, marked))
    lines = (line.strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _line_breaks(match: re.Match[str]) -> str:
    close, name = match.groups()
    if name in ("br", "li"):
        return "\n" if close or name == "br" else ""
    return "\n\n"


def _limit(html: str) -> str:
    """Cut what is too long, and drop what neither the parser nor the database can hold."""
    html = html[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    pieces = html.split("<", MAX_TAGS + 1)
    return "<".join(pieces[: MAX_TAGS + 1])


def _tame(html: str) -> str:
    """Rewrite tags that the cleaner would only drop, and bound the formatting that paragraphs repeat.

    The parser repeats at most three equal formatting elements, so they are made equal by dropping their
    attributes when there are many.
    """
    attributed = 0

    def rewrite(match: re.Match[str]) -> str:
        nonlocal attributed
        if match["block"]:
            return " "
        if match["heading"]:
            return "</strong></p>" if match["close"] else "<p><strong>"
        if match["attributes"].strip(" /\t\n"):
            attributed += 1
            if attributed > _MAX_ATTRIBUTED_FORMATTING:
                return f"<{match['close']}{match['formatting']}>"
        return match[0]

    return _TAMED.sub(rewrite, html)


def _replace_formulas(html: str) -> str:
    """Put the TeX or plain text that a MathML formula carries in its place."""
    parts: list[str] = []
    position = 0
    while (start := html.find("<math", position)) >= 0 and (end := html.find("</math>", start)) >= 0:
        parts += html[position:start], _formula_source(html[start:end])
        position = end + len("</math>")
    return "".join([*parts, html[position:]])


def _formula_source(formula: str) -> str:
    for match in _ANNOTATION.finditer(formula):
        source = formula[match.end() :].split("<", 1)[0].strip()
        if "text/plain" in match[1]:
            return source
        if "application/x-tex" not in match[1]:
            continue
        fence = "$$" if 'display="block"' in formula.split(">", 1)[0] else "$"
        return f"{fence}{source}{fence}"
    return formula


def _link_images(html: str) -> str:
    """Turn images of already well-formed HTML into links; inside a link into their description."""
    depth = 0

    def rewrite(match: re.Match[str]) -> str:
        nonlocal depth
        if match["attributes"] is None:
            depth += -1 if match[0] == "</a>" else 1
            return match[0]
        source = _SOURCE.search(match["attributes"])
        alternative = _ALTERNATIVE.search(match["attributes"])
        text = (alternative and alternative[1]) or (source and source[1]) or ""
        if source is None or depth > 0:
            return text
        return f'<a href="{source[1]}">{text}</a>'

    return _IMAGE_OR_ANCHOR.sub(rewrite, html)


def _finish_anchors(html: str) -> str:
    """Give the links of clean HTML their rel and target; anchors that lost their address become text."""
    open_links: list[bool] = []

    def rewrite(match: re.Match[str]) -> str:
        attributes = match["attributes"]
        if attributes is None:
            return "</a>" if open_links and open_links.pop() else ""
        open_links.append(' href="' in attributes)
        if not open_links[-1]:
            return ""
        rel = "" if ' rel="' in attributes else ' rel="nofollow noopener"'
        return f'<a{attributes}{rel} target="_blank">'

    return _ANCHOR.sub(rewrite, html)
