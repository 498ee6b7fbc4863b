"""Preview cards: a post shows what the page that it links to says, and no page is asked more than needed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from media.proxy import Kind, proxied_url
from tests.contract.contract import entity_faults
from tests.loopback import answer
from tests.media.pictures import picture as photo
from tests.timelines.people import Person

pytestmark = pytest.mark.django_db
Jobs = Callable[[], None]
PAGE = '<html lang="de"><title>Brot</title><meta name="description" content="Wie man es backt">{}</html>'


@pytest.fixture
def site(settings: Any) -> "Iterator[Any]":
    from tests.federation.fake_peer import running_peer

    with running_peer(settings, "zeitung") as peer:
        yield peer


def page(extra: str = "") -> bytes:
    return answer(PAGE.format(extra), content_type="text/html; charset=utf-8")


def card_of(person: Person, status: dict[str, Any]) -> Any:
    found = person.see(f"/api/v1/statuses/{status['id']}")["card"]
    assert found is None or entity_faults("PreviewCard", found) == []
    return found


def test_a_post_shows_what_its_page_says(anna: Person, cem: Person, site: Any, run_jobs: Jobs) -> None:
    url = site.add("/brot?a=1&b=2", page())
    status = anna.post(f"Lest {url} von @cem #Brot")
    assert status["card"] is None
    run_jobs()

    card = card_of(anna, status)
    assert (card["url"], card["title"], card["description"]) == (url, "Brot", "Wie man es backt")
    assert (card["type"], card["language"], card["image"], card["html"]) == ("link", "de", None, "")
    assert card["authors"] == []

    again = cem.post(url)
    run_jobs()
    assert card_of(cem, again)["title"] == "Brot"
    assert len(site.targets()) == 1


def test_an_edit_changes_or_removes_the_card(anna: Person, site: Any, run_jobs: Jobs) -> None:
    status = anna.post(site.add("/eins", page()))
    run_jobs()
    path = f"/api/v1/statuses/{status['id']}"
    other = site.add("/zwei", page())
    anna.app.put(path, {"status": other})
    run_jobs()
    assert card_of(anna, status)["url"] == other
    anna.app.put(path, {"status": "nichts"})
    run_jobs()
    assert card_of(anna, status) is None


def test_pages_that_say_nothing_give_no_card(anna: Person, site: Any, run_jobs: Jobs) -> None:
    bad = {
        "/fehlt": answer(status=404),
        "/json": answer({"title": "x"}),
        "/leer": answer("<html></html>", content_type="text/html"),
        "/gross": answer(b"<title>x</title>" + b" " * 1_100_000, content_type="text/html"),
    }
    statuses = [anna.post(site.add(path, reply)) for path, reply in bad.items()]
    statuses += [anna.post("https://nirgends.example/"), anna.post("http://127.0.0.1/")]
    run_jobs()
    assert [card_of(anna, status) for status in statuses] == [None] * len(statuses)
    before = len(site.targets())
    anna.post(f"{site.base}/fehlt")
    run_jobs()
    assert len(site.targets()) == before


def test_a_video_brings_its_player_in_a_sandbox(anna: Person, site: Any, run_jobs: Jobs) -> None:
    frame = '<iframe src="https://video.example/e/1?a=1&amp;b=2" onload="x()"></iframe><script>x()</script>'
    embed = site.add("/oembed", {"type": "video", "html": frame, "width": 640, "height": 360})
    link = f'<link rel="alternate" type="application/json+oembed" href="{embed}">'
    status = anna.post(site.add("/video", page(link)))
    run_jobs()
    card = card_of(anna, status)
    assert (card["type"], card["width"], card["height"]) == ("video", 640, 360)
    assert card["html"].startswith('<iframe src="https://video.example/e/1?a=1&amp;b=2"')
    assert "sandbox=" in card["html"] and "script>" not in card["html"] and "onload" not in card["html"]


def test_a_page_shows_its_picture_through_us(anna: Person, site: Any, run_jobs: Jobs) -> None:
    picture = site.add("/laib.jpg", answer(photo("JPEG", (1600, 900)), content_type="image/jpeg"))
    meta = '<meta property="og:image" content="/laib.jpg"><meta property="og:image:alt" content="Ein Laib">'
    status = anna.post(site.add("/laib", page(meta)))
    run_jobs()
    card = card_of(anna, status)
    assert (card["image"], card["image_description"]) == (proxied_url(Kind.CARD, picture), "Ein Laib")
    assert (card["width"], card["height"], len(card["blurhash"])) == (640, 360, 36)
    assert site.targets() == ["/laib", "/laib.jpg"]


@pytest.mark.parametrize(
    "image", ["/fehlt.jpg", "http://127.0.0.1/a.jpg", "javascript:x", "http://[/", "/seite"]
)
def test_a_picture_that_cannot_be_had_is_left_out(
    anna: Person, site: Any, run_jobs: Jobs, image: str
) -> None:
    status = anna.post(site.add("/seite", page(f'<meta property="og:image" content="{image}">')))
    run_jobs()
    card = card_of(anna, status)
    assert (card["title"], card["image"], card["blurhash"]) == ("Brot", None, None)


def test_a_video_shows_its_thumbnail(anna: Person, site: Any, run_jobs: Jobs) -> None:
    thumbnail = site.add("/klein.png", answer(photo(), content_type="image/png"))
    said = {"type": "video", "html": '<iframe src="https://v.example/1">', "thumbnail_url": thumbnail}
    link = f'<link type="application/json+oembed" href="{site.add("/oembed", said)}">'
    status = anna.post(site.add("/foto", page(link)))
    run_jobs()
    assert card_of(anna, status)["image"] == proxied_url(Kind.CARD, thumbnail)


def test_an_author_is_named_if_the_author_allows_it(
    anna: Person, bertha: Person, site: Any, run_jobs: Jobs
) -> None:
    meta = '<meta name="fediverse:creator" content="@bertha@social.example">'
    before = anna.post(site.add("/vorher", page(meta)))
    run_jobs()
    assert card_of(anna, before)["authors"] == []

    bertha.account.attribution_domains = ["zeitung.localhost"]
    bertha.account.save(update_fields=["attribution_domains"])
    after = anna.post(site.add("/nachher", page(meta)))
    run_jobs()
    assert [author["account"]["acct"] for author in card_of(anna, after)["authors"]] == ["bertha"]


def test_two_requests_at_once_are_enough_for_a_server(anna: Person, site: Any, run_jobs: Jobs) -> None:
    from core.pubsub import connection

    connection().set(f"cards:host:{site.host}", 2)
    status = anna.post(site.add("/brot", page()))
    run_jobs()
    assert site.targets() == [] and card_of(anna, status) is None


def test_listeners_get_the_post_again_with_its_card(anna: Person, site: Any, run_jobs: Jobs) -> None:
    import orjson

    from core import pubsub

    status = anna.post(site.add("/brot", page()))
    listener = pubsub.connection().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(pubsub.wire_name(f"timeline:{anna.account.pk}"))
    listener.get_message(timeout=1)
    run_jobs()
    messages = []
    while message := listener.get_message(timeout=0.2):
        messages.append(orjson.loads(message["data"]))
    listener.close()
    updates = [said for said in messages if said["event"] == "status.update"]
    assert len(updates) == 1
    payload = updates[0]["payload"]
    shown = orjson.loads(payload) if isinstance(payload, str) else payload
    assert (shown["id"], shown["card"]["title"]) == (status["id"], "Brot")
