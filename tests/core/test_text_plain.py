"""What our people type: found, rendered, counted, cleaned."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import (
    MentionLink,
    clean_line,
    clean_text,
    count_characters,
    find_hashtags,
    find_mentions,
    find_shortcodes,
    html_to_text,
    normalise_tag,
    render_field,
    render_plain,
)
from core.text.scan import scan

ANNA = MentionLink(url="https://a.example/@anna", username="anna", domain=None)
DORA = MentionLink(url="https://d.example/@dora", username="dora", domain="d.example")
OTHER_ANNA = MentionLink(url="https://d.example/@anna", username="Anna", domain="d.example")

# Texts made of what the scanner reacts to; plain random text would hardly ever hit it.
PIECES = [
    "@",
    "#",
    "anna",
    "@anna",
    "@dora@d.example",
    "#Co_op",
    "https://",
    "www.",
    "a.example",
    "/x(1)",
    ")",
    ".",
]
TEXTS = st.lists(st.sampled_from([*PIECES, ",", ":", ":blob:", " ", "\n", "\n\n", "<b>", "&", "ü", "1"])).map(
    "".join
)


def tag_url(name: str) -> str:
    return f"https://a.example/tags/{name}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello @anna and @Dora@D.example!", [("anna", None), ("Dora", "d.example")]),
        ("@anna, @ANNA, @anna@a.example", [("anna", None), ("anna", "a.example")]),
        ("(@anna.b) .@cem", [("anna.b", None), ("cem", None)]),
        ("@anna@localhost:8001", [("anna", "localhost:8001")]),
        ("@emil@bücher.example", [("emil", "bücher.example")]),
        ("mail anna@a.example, https://d.example/@dora, a/@b, =@c, @@", []),
    ],
)
def test_mentions_are_found(text: str, found: list[tuple[str, str | None]]) -> None:
    assert find_mentions(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#Food and #FOOD and #food_coop.", ["Food", "food_coop"]),
        ("#Straßenfest, #नमस्ते #日本語 ＃全角", ["Straßenfest", "नमस्ते", "日本語", "全角"]),
        ("#2024 #_ #½ #2024er", ["2024er"]),
        ("https://a.example/#part a#b &#39; /#x", []),
        ("(#a) #b's #col·lectiu·", ["a", "b", "col·lectiu"]),
    ],
)
def test_hashtags_are_found(text: str, found: list[str]) -> None:
    assert find_hashtags(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://a.example/x?y=1&z=@b#c.", ["https://a.example/x?y=1&z=@b#c"]),
        ("(https://w.example/Foo_(bar))", ["https://w.example/Foo_(bar)"]),
        ("「https://a.example/ü」日本https://b.example。", ["https://a.example/ü", "https://b.example"]),
        ("www.a.example and https://localhost and javascript://a.example", []),
        ("HTTP://A.example:8000! xmpp:anna@a.example", ["HTTP://A.example:8000", "xmpp:anna@a.example"]),
    ],
)
def test_links_are_found(text: str, found: list[str]) -> None:
    assert [token.value for token in scan(text) if token.kind == "url"] == found


def test_emoji_names_are_found_between_anything_but_letters_and_colons() -> None:
    text = "<p>:blob: (:cat_1:) x:no: :no:x ::no:: :a: 10:30:45 ü:no: :blob:</p>"
    assert find_shortcodes(text) == ["blob", "cat_1"]


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("#Straße", "straße"),
        ("ＦＯＯ", "foo"),
        ("food co-op!", "foodcoop"),
        ("2024", ""),
        ("#", ""),
        ("_a·", "_a"),
    ],
)
def test_hashtag_names_are_normalised(name: str, stored: str) -> None:
    assert normalise_tag(name) == stored


@given(st.text())
def test_normalising_a_hashtag_twice_changes_nothing(name: str) -> None:
    assert normalise_tag(normalise_tag(name)) == normalise_tag(name)


def test_paragraphs_and_line_breaks() -> None:
    assert (
        render_plain('\n a < b\r\nc & "d"\n\n\ne\n') == "<p>a &lt; b<br />c &amp; &quot;d&quot;</p><p>e</p>"
    )
    assert render_plain(" \n ") == ""


def test_a_link_is_three_spans() -> None:
    rel = 'target="_blank" rel="nofollow noopener" translate="no"'
    assert render_plain("https://www.a.example/x") == (
        f'<p><a href="https://www.a.example/x" {rel}><span class="invisible">https://www.</span>'
        '<span class="">a.example/x</span><span class="invisible"></span></a></p>'
    )
    long = "https://a.example/" + "x" * 30
    assert (
        f'<span class="ellipsis">a.example/{"x" * 20}</span><span class="invisible">{"x" * 10}<'
        in render_plain(long)
    )


def test_a_mention_is_a_card_and_shows_its_domain_only_when_ambiguous() -> None:
    mentions = {"anna": ANNA, "dora@d.example": DORA}
    assert render_plain("@Anna @dora@D.example @cem", mentions=mentions) == (
        '<p><span class="h-card" translate="no"><a href="https://a.example/@anna" class="u-url mention">'
        "@<span>anna</span></a></span> "
        '<span class="h-card" translate="no"><a href="https://d.example/@dora" class="u-url mention">'
        "@<span>dora</span></a></span>"
        " @cem</p>"
    )
    both = render_plain("@anna @anna@d.example", mentions={"anna": ANNA, "anna@d.example": OTHER_ANNA})
    assert "@<span>anna</span>" in both
    assert "@<span>Anna@d.example</span>" in both


def test_a_hashtag_links_to_its_normalised_name_and_keeps_its_case() -> None:
    assert render_plain("#FoodCoop!", tag_url=tag_url) == (
        '<p><a href="https://a.example/tags/foodcoop" class="mention hashtag" rel="tag">'
        "#<span>FoodCoop</span></a>!</p>"
    )
    assert render_plain("#FoodCoop") == "<p>#FoodCoop</p>"


def test_a_profile_field_claims_its_link_and_has_no_paragraph() -> None:
    html = render_field("https://a.example\nx")
    assert html.startswith(
        '<a href="https://a.example" target="_blank" rel="nofollow noopener me" translate="no">'
    )
    assert html.endswith("</a> x")


@given(TEXTS)
def test_rendered_text_reads_as_it_was_typed(text: str) -> None:
    html = render_plain(text, mentions={"anna": ANNA}, tag_url=tag_url)
    assert "\n" not in html
    shown = unescape(re.sub(r"<[^<>]*>", "", re.sub(r"</p><p>|<br />", " ", html)))
    assert shown.split() == text.split()


@given(TEXTS)
def test_only_known_tags_come_out_of_rendering(text: str) -> None:
    html = render_plain(text, mentions={"anna": ANNA}, tag_url=tag_url) + render_field(text, tag_url=tag_url)
    assert set(re.findall(r"</?(\w+)", html)) <= {"p", "br", "a", "span"}


@pytest.mark.parametrize(
    ("text", "spoiler", "length"),
    [
        ("", "", 0),
        ("abc", "de", 5),
        ("👨‍👩‍👧‍👦🇩🇪👍🏽", "", 3),
        ("e\u0301ü", "", 2),
        ("a\r\nb", "", 3),
        ("https://a.example/" + "x" * 500, "", 23),
        ("http://a.de.", "", 24),
        ("@dora@a-very-long-name.example hi", "", 8),
        ("anna@a.example", "", 14),
        ("#Food", "", 5),
    ],
)
def test_length_is_counted_as_people_see_it(text: str, spoiler: str, length: int) -> None:
    assert count_characters(text, spoiler) == length


def test_stored_text_has_no_control_characters() -> None:
    assert clean_text("a\x00b\r\nc\td\x1b\ud800") == "ab\nc\td?"
    assert clean_line(" Anna\n\u202eB\u2066.  C\x00 ") == "Anna B. C"


@given(st.text(st.characters(codec=None)))
def test_no_input_is_too_strange(text: str) -> None:
    for result in (
        render_plain(text, tag_url=tag_url),
        render_field(text),
        clean_text(text),
        clean_line(text),
    ):
        result.encode()
    assert count_characters(text) >= 0
    assert find_shortcodes(text) is not None


def test_plain_text_of_rendered_text_is_the_text() -> None:
    text = "Hello https://a.example/x?a=1&b=2\nline <two>\n\nnext paragraph"
    assert html_to_text(render_plain(text)) == text
