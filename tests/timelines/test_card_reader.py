"""What pages say about themselves, read from whatever they send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timelines.card_reader import decode_page, read_embed, read_page

URL = "https://zeitung.example/artikel/1"
PAGE = """<!DOCTYPE html><html lang="de-DE"><head><!-- <meta property="og:title" content="Nein"> -->
<script>document.write('<meta property="og:title" content="Nein">')</script>
<title>Titel &amp; mehr</title><meta charset="utf-8">
<meta content='Brot > Kuchen' property="og:title"><meta name=description content="Kurz &quot;gesagt&quot;">
<meta property="og:site_name" content="Die Zeitung"><meta name="author" content="Anna">
<meta name="fediverse:creator" content="@anna@social.example">
<meta property="article:published_time" content="2026-05-01T10:00:00+02:00">
<link rel="alternate" type="application/json+oembed" href="/oembed?url=1">
<meta property="og:image" content="/laib.jpg?a=1&amp;b=2"><meta property="og:image:alt" content="Ein Laib">
</head><body><meta property="og:description" content="Nein"></body></html>"""


def test_a_page_speaks_for_itself() -> None:
    page = read_page(PAGE, URL)
    assert page.title == "Brot > Kuchen"
    assert page.description == 'Kurz "gesagt"'
    assert (page.provider_name, page.author_name) == ("Die Zeitung", "Anna")
    assert (page.creator, page.language) == ("anna@social.example", "de")
    assert page.published_at is not None and page.published_at.isoformat() == "2026-05-01T08:00:00+00:00"
    assert page.oembed_url == "https://zeitung.example/oembed?url=1"
    assert page.image_url == "https://zeitung.example/laib.jpg?a=1&b=2"
    assert page.image_description == "Ein Laib"


def test_a_plain_title_is_enough() -> None:
    assert read_page("<title>Nur ein\n Titel</title>", URL).title == "Nur ein Titel"
    assert read_page("kein HTML", URL).title == ""


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<title>Käse</title>".encode(), "text/html"),
        ("<title>Käse</title>".encode("latin-1"), "text/html; charset=ISO-8859-1"),
        ('<meta charset="iso-8859-1"><title>Käse</title>'.encode("latin-1"), "text/html"),
        ("<title>Käse</title>".encode(), "text/html; charset=unsinn"),
    ],
)
def test_pages_come_in_many_charsets(body: bytes, content_type: str) -> None:
    assert read_page(decode_page(body, content_type), URL).title == "Käse"


def test_only_an_https_frame_of_a_video_is_taken() -> None:
    frame = '<iframe width="1" src="https://video.example/embed/1" onload="x()"></iframe>'
    video = read_embed({"type": "video", "html": frame, "width": 640, "height": "360"})
    assert (video.type, video.embed_url) == ("video", "https://video.example/embed/1")
    assert (video.width, video.height) == (640, 360)
    for html in ("<script>x()</script>", frame.replace("https:", "http:"), 'javascript:<iframe src="x">', 7):
        assert read_embed({"type": "video", "html": html}).type == "link"
    assert read_embed({"type": "rich", "html": frame}).embed_url == ""
    assert read_embed({"type": "photo", "url": "https://bild.example/1.jpg"}).type == "photo"
    assert read_embed({"type": "photo", "url": "data:image/png;base64,"}).type == "link"
    assert (
        read_embed({"type": "photo", "url": "https://b.example/1", "width": -5, "height": 10**9}).height
        == 4096
    )


@given(st.text(alphabet="<>/\"'= metalinkscriptyh!-:content", max_size=300))
def test_no_page_breaks_the_reader(html: str) -> None:
    read_page(html, URL)


def test_hostile_pages_cost_little() -> None:
    for piece in ('<meta content="', "<meta ", "<title>", "<!--", "<script>", "<link href='", "<html lang="):
        assert read_page(piece * (1_000_000 // len(piece)), URL).description == ""
