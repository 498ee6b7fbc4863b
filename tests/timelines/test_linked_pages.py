"""Pages that other places link to: hashtags, following from elsewhere, sharing, embedding, emoji."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Account, Follow
from federation.models import Peer
from media.models import CustomEmoji
from tests.cast import ApiClient, user_of
from tests.contract.contract import entity_faults
from tests.timelines.people import Person

pytestmark = pytest.mark.django_db
Jobs = Callable[[], None]


@pytest.fixture
def browser() -> Client:
    return Client(headers={"Accept": "text/html", "Accept-Language": "en"}, SERVER_NAME=settings.WEB_DOMAIN)


def test_a_hashtag_has_a_page_of_what_is_public_here(anna: Person, browser: Client, run_jobs: Jobs) -> None:
    anna.post("offen #Käse")
    anna.post("geheim #Käse", visibility="private")
    anna.post("leise #Käse", visibility="unlisted")
    run_jobs()
    answer = browser.get("/tags/Käse", secure=True)
    text = answer.content.decode()
    assert answer.status_code == 200 and answer["X-Robots-Tag"] == "noindex"
    assert "offen" in text and "geheim" not in text and "leise" not in text
    assert "#unbenutzt" in browser.get("/tags/unbenutzt", secure=True).content.decode()
    assert browser.get("/tags/---", secure=True).status_code == 404


def test_following_from_another_server(anna: Person, cem: Person, browser: Client) -> None:
    path = "/authorize_interaction"
    asked = {"uri": anna.account.uri}
    assert browser.get(path, asked, secure=True)["Location"].startswith("/login?next=")
    browser.force_login(user_of(cem.account))
    assert "Anna" in browser.get(path, asked, secure=True).content.decode()
    assert not Follow.objects.exists()
    answer = browser.post(path, asked, secure=True)
    assert answer.status_code == 200
    assert Follow.objects.filter(account=cem.account, target=anna.account).exists()
    assert "Anna" in browser.get(path, {"uri": "acct:anna@social.example"}, secure=True).content.decode()

    status = anna.post("Hallo von hier")
    assert "Hallo von hier" in browser.get(path, {"uri": status["uri"]}, secure=True).content.decode()
    secret = anna.post("nicht für dich", visibility="direct")
    for uri in (secret["uri"], "", "\x00", "unsinn", f"{settings.BASE_URL}/users/niemand"):
        assert browser.get(path, {"uri": uri}, secure=True).status_code == 404, uri
    assert browser.get(path, {"uri": "https://nirgends.example/"}, secure=True).status_code == 503


def test_sharing_shows_the_text_to_copy(browser: Client) -> None:
    text = browser.get(
        "/share", {"text": "<b>Lies", "url": "https://a.example"}, secure=True
    ).content.decode()
    assert "&lt;b&gt;Lies\nhttps://a.example" in text


def test_public_posts_can_be_embedded(anna: Person, anybody: ApiClient) -> None:
    status = anna.post("Hallo & Guten Tag")
    answer = anybody.get("/api/oembed", {"url": status["url"], "maxwidth": "300", "maxheight": "x"})
    body = answer.json()
    assert entity_faults("OEmbed", body) == []
    assert body["html"].startswith("<blockquote") and "<p>Hallo &amp; Guten Tag</p>" in body["html"]
    assert (body["width"], body["height"], body["author_name"]) == (300, None, "Anna")
    warned = anna.post("verdeckt", spoiler_text="<i>Vorsicht")
    html = anybody.get("/api/oembed", {"url": warned["url"]}).json()["html"]
    assert "&lt;i&gt;Vorsicht" in html and "verdeckt" not in html


def test_nothing_else_can_be_embedded(anna: Person, anybody: ApiClient) -> None:
    closed = [anna.post("x", visibility=name)["url"] for name in ("unlisted", "private", "direct")]
    real = anna.post("x")["id"]
    for url in (*closed, "", "\x00", "http://[", f"https://evil.example/@anna/{real}", "9" * 400):
        assert anybody.get("/api/oembed", {"url": url}).status_code == 404, url
    assert anybody.get("/api/oembed").status_code == 404


def test_an_emoji_has_a_document(anybody: ApiClient) -> None:
    now = datetime.now(UTC)
    ours = CustomEmoji.objects.create(shortcode="brot", file="emojis/brot.png", updated_at=now)
    theirs = CustomEmoji.objects.create(
        shortcode="brot", domain="b.example", remote_url="https://b.example/1.png", updated_at=now
    )
    answer = anybody.get(f"/emojis/{ours.pk}")
    assert answer["Content-Type"].startswith("application/activity+json")
    document = answer.json()
    assert (document["id"], document["type"], document["name"]) == (
        f"{settings.BASE_URL}/emojis/{ours.pk}",
        "Emoji",
        ":brot:",
    )
    for emoji_id in (theirs.pk, 1, 10**30):
        assert anybody.get(f"/emojis/{emoji_id}").status_code == 404


def test_servers_are_found_by_the_beginning_of_their_names(anybody: ApiClient) -> None:
    Peer.objects.bulk_create(Peer(domain=f"brot{number}.example") for number in range(12))
    Peer.objects.create(domain="brotlos.example", unavailable_since=datetime.now(UTC))
    assert anybody.get("/api/v1/peers/search", {"q": "Brot11"}).json() == ["brot11.example"]
    assert len(anybody.get("/api/v1/peers/search", {"q": "brot"}).json()) == 10
    for question in ({"q": "brotl"}, {"q": ""}, {}, {"q": "%"}, {"q": "\x00"}):
        assert anybody.get("/api/v1/peers/search", question).json() == []
    assert not Account.objects.filter(domain__isnull=False).exists()
