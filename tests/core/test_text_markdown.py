"""Markdown: the marks that are shown, what stays text, and that nothing unsafe comes out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import (
    MentionLink,
    find_shortcodes,
    html_to_text,
    prose_of_markdown,
    render_markdown,
    sanitise_html,
)

ANNA = MentionLink(url="https://a.example/@anna", username="anna", domain=None)
# Texts made of what the parser reacts to.
PIECES = [
    "*",
    "**",
    "_",
    "`",
    "```",
    "[",
    "](",
    ")",
    "!",
    "> ",
    "- ",
    "1. ",
    "# ",
    "\\",
    "&amp;",
    "<b>",
    "---",
]
WORDS = [
    "@anna",
    "#Co_op",
    "https://a.example/x_y_z",
    "javascript:x",
    ":blob:",
    "ü",
    " ",
    "\n",
    "\n\n",
    "    ",
]
TEXTS = st.lists(st.sampled_from([*PIECES, *WORDS])).map("".join)


def render(text: str) -> str:
    return render_markdown(
        text, mentions={"anna": ANNA}, tag_url=lambda name: f"https://a.example/tags/{name}"
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("one\ntwo", "<p>one<br>two</p>"),
        ("*a* **b** _c_ snake_case_name", "<p><em>a</em> <strong>b</strong> <em>c</em> snake_case_name</p>"),
        ("# Title\ntext", "<p><strong>Title</strong></p><p>text</p>"),
        ("- a\n- b\n  1. c", "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> a\n> b", "<blockquote><p>a<br>b</p></blockquote>"),
        ("`a < b`", "<p><code>a &lt; b</code></p>"),
        ("```python\na\n\nb\n```", "<pre><code>a<br><br>b</code></pre>"),
        (
            "[our *page*](https://a.example/x?a=1&b=2)",
            '<p><a href="https://a.example/x?a=1&amp;b=2" rel="nofollow noopener" target="_blank">'
            "our <em>page</em></a></p>",
        ),
        (
            "[https://a.example](https://b.example)",
            '<p><a href="https://b.example" rel="nofollow noopener" target="_blank">https://a.example</a></p>',
        ),
        # What other servers would not show stays as it was typed.
        ("<b onclick=x>a</b> &lt;", "<p>&lt;b onclick=x&gt;a&lt;/b&gt; &lt;</p>"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("[a](/local) [b](mailto:a@b.c)", "<p>a b</p>"),
        ("***", "<p>***</p>"),
        ("[a]: b\n[a]", "<p>[a]: b<br>[a]</p>"),
        (r"\*a\* \@anna \#tag", "<p>*a* @anna #tag</p>"),
        (" \n ", ""),
    ],
)
def test_marks(text: str, html: str) -> None:
    assert render(text) == html


def test_links_mentions_and_hashtags_are_found_between_the_marks() -> None:
    html = render("**@anna** *#Co_op* https://a.example/_x_*y*z and @nobody")

    assert '<strong><span class="h-card" translate="no"><a href="https://a.example/@anna"' in html
    assert 'class="u-url mention"' in html
    assert '<em><a href="https://a.example/tags/co_op" class="mention hashtag"' in html
    assert 'href="https://a.example/_x_*y*z"' in html
    assert html.endswith("and @nobody</p>")


def test_code_and_labels_mean_nothing() -> None:
    text = (
        "`@anna #no :no:` [@anna #no](https://a.example)\n\n    @anna #no :no:\n\n```\n@anna #no\n```\n:blob:"
    )

    html = render(text)

    assert "mention" not in html and "<a href" in html
    assert "@" not in prose_of_markdown(text) and "#" not in prose_of_markdown(text)
    assert find_shortcodes(html) == ["blob"]


@given(TEXTS)
def test_whatever_is_typed_becomes_safe(text: str) -> None:
    html = render(text)

    assert "\n" not in html
    assert sanitise_html(html) == html
    # Whoever is linked was found in the prose, too.
    assert ("u-url mention" in html) <= ("@anna" in prose_of_markdown(text))
    assert not re.search(r"<a [^>]*>[^<]*<a ", html)
    assert html_to_text(html) is not None
