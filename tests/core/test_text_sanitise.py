"""What other servers send: safe to show, whatever it is."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import html_to_text, sanitise_html
from core.text.sanitise import MAX_CHARACTERS

SAFE_TAGS = {
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
}
SAFE_TAGS |= {"i", "em", "ul", "ol", "li", "ruby", "rt", "rp"}
SAFE_ATTRIBUTES = {
    "href",
    "rel",
    "class",
    "title",
    "translate",
    "target",
    "lang",
    "start",
    "reversed",
    "value",
    "cite",
}
SAFE_SCHEMES = {"http", "https", "dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini"}
SAFE_CLASS = re.compile(r"(h|p|u|dt|e)-.*|mention|hashtag|ellipsis|invisible|quote-inline")

PIECES = [
    *"<>\"'=&x",
    *(
        "</",
        "/>",
        "&lt;",
        "&#0;",
        "&#x3c;script&#x3e;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "\x00",
        "\ud800",
        " on",
    ),
    *("<p>", "</p>", "<br>", "<div>", "</div>", "<h1>", "</h2>", "<b lang=de>", "</b>", "<i>", "<table><td>"),
    *("<a href=", "<a href='https://a.example' rel=tag class='mention x'>", "</a>", "</table>"),
    *("javascript:alert(1)", "data:text/html,x", "//a.example", "<iframe src=javascript:1>"),
    *("<img src=x onerror=alert(1)>", '<img alt="a > b" src="https://a.example/i.png">'),
    *("<svg>", "<style>", "</style>", "<script>", "</script>", "<noscript>", "<template>"),
    *("<math><annotation encoding='application/x-tex'>", "</annotation></math>"),
]
MARKUP = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3))).map("".join)


class Checker(HTMLParser):
    """Reads cleaned HTML as a browser would and fails on whatever is not on the list."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SAFE_TAGS
        values = dict(attrs)
        assert set(values) <= SAFE_ATTRIBUTES
        for word in (values.get("class") or "").split():
            assert SAFE_CLASS.fullmatch(word)
        if tag == "a":
            assert urlsplit(values["href"] or "").scheme in SAFE_SCHEMES
            assert values["target"] == "_blank"
            assert {"nofollow", "noopener"} <= set((values["rel"] or "").split())

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment came through")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration came through")


@given(MARKUP)
def test_whatever_comes_in_is_safe_and_cleaning_twice_changes_nothing(html: str) -> None:
    clean = sanitise_html(html)
    checker = Checker(convert_charrefs=True)
    checker.feed(clean)
    checker.close()
    assert "\x00" not in clean
    assert sanitise_html(clean).split() == clean.split()
    html_to_text(html).encode()


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("<h1>Title</h1><p>text</p>", "<p><strong>Title</strong></p><p>text</p>"),
        ("<div>a</div><div>b</div>", "a  b"),
        ("<p onclick=x style='color:red' class='h-entry evil'>a</p>", '<p class="h-entry">a</p>'),
        ("a<script>alert(1)</script><style>p{}</style>b", "ab"),
        ("<a href='javascript:alert(1)'>click</a> <a name=x>here</a>", "click here"),
        ("<a href='/relative'>r</a>", "r"),
        ('<ol start="3" reversed><li value="x">1</li></ol>', '<ol start="3" reversed=""><li>1</li></ol>'),
        ("<p lang='de'>x</p><p lang='\">'>y</p>", '<p lang="de">x</p><p>y</p>'),
        (
            "<span translate=no>a</span><span translate=yes>b</span>",
            '<span translate="no">a</span><span>b</span>',
        ),
        (
            "<blockquote cite='https://a.example/1'>q</blockquote>",
            '<blockquote cite="https://a.example/1">q</blockquote>',
        ),
        ("<ruby>漢<rp>(</rp><rt>kan</rt></ruby>", "<ruby>漢<rp>(</rp><rt>kan</rt></ruby>"),
        ("<p>unclosed <b>bold", "<p>unclosed <b>bold</b></p>"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
    ],
)
def test_what_is_shown(sent: str, shown: str) -> None:
    assert sanitise_html(sent) == shown


def test_links_are_marked_as_foreign_and_hashtags_keep_their_mark() -> None:
    assert sanitise_html('<a href="https://a.example/x" rel="me">x</a>') == (
        '<a href="https://a.example/x" rel="nofollow noopener" target="_blank">x</a>'
    )
    hashtag = sanitise_html(
        '<a href="https://a.example/tags/x" class="mention hashtag" rel="tag">#<span>x</span></a>'
    )
    assert 'rel="tag nofollow noopener"' in hashtag
    assert 'class="mention hashtag"' in hashtag


def test_images_become_links_or_their_description() -> None:
    image = '<img src="https://a.example/i.png" alt="a > b">'
    assert sanitise_html(image) == (
        '<a href="https://a.example/i.png" rel="nofollow noopener" target="_blank">a &gt; b</a>'
    )
    linked = sanitise_html(f'<a href="https://a.example/">{image}</a>')
    assert linked == '<a href="https://a.example/" rel="nofollow noopener" target="_blank">a &gt; b</a>'
    assert sanitise_html('<img src="data:image/png,x" alt=":blob:">') == ":blob:"


def test_formulas_become_their_source() -> None:
    formula = (
        '<math{}><semantics><mi>x</mi><annotation encoding="{}">x^2 &lt; y</annotation></semantics></math>'
    )
    assert sanitise_html(formula.format("", "application/x-tex")) == "$x^2 &lt; y$"
    assert sanitise_html(formula.format(' display="block"', "application/x-tex")) == "$$x^2 &lt; y$$"
    assert sanitise_html(formula.format("", "text/plain")) == "x^2 &lt; y"


@pytest.mark.parametrize(
    "flood",
    [
        "<p>" + "".join(f"<b lang={number}>" for number in range(2000)) + "<p>x" * 2000,
        "<p>" + "".join(f"<u lang={number}>" for number in range(2000)) + "<p>x" * 2000,
        "<p>" + "<table><td><b><i>" * 1000 + "<p>x" * 3000,
        "<blockquote>" * 200_000,
        "<img " * 50_000,
        "<math><annotation encoding" * 20_000,
    ],
    ids=["bold", "underlined", "tables", "deep", "images", "formulas"],
)
def test_floods_do_not_grow(flood: str) -> None:
    assert len(sanitise_html(flood)) <= 5 * MAX_CHARACTERS


def test_the_parser_gets_little_formatting_to_repeat() -> None:
    flood = "".join(f"<b lang='{number}'>x" for number in range(1000))
    assert len(re.findall(" lang=", sanitise_html(flood))) == 20


def test_text_of_html_keeps_lines() -> None:
    html = (
        '<h2>Title</h2><p>a <a href="https://a.example"><span class="invisible">https://</span>a.example</a><br>b</p>'
        "<p>c &amp; d\ne</p><ul><li>1</li><li>2</li></ul><script>no</script>"
    )
    assert html_to_text(html) == "Title\n\na https://a.example\nb\n\nc & d e\n\n1\n2"
