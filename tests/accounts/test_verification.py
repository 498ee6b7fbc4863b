"""Links in a profile are proven by a page that links back; real pages, served on loopback."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.models import Account
from accounts.verification import check_links, find_me_links, is_verifiable
from tests.cast import api_client, make_account
from tests.federation.fake_peer import FakePeer, running_peer
from tests.loopback import answer

pytestmark = pytest.mark.django_db

ME = "https://social.example/@anna"
BACK = f'<!doctype html><html><head><link rel="me" href="{ME}"></head></html>'


@pytest.fixture
def site(settings: Any) -> Iterator[FakePeer]:
    with running_peer(settings, "blog") as peer:
        yield peer


@pytest.fixture
def anna() -> Account:
    return make_account("anna")


def page(html: str, **changes: Any) -> bytes:
    return answer(html, **{"content_type": "text/html; charset=utf-8", **changes})


def save(account: Account, run_jobs: Callable[[], None], *values: str) -> list[str | None]:
    """Save fields as an app does and return what is known of each after the jobs."""
    fields = [{"name": f"Web {number}", "value": value} for number, value in enumerate(values)]
    client = api_client(account)
    assert client.patch("/api/v1/profile", {"fields_attributes": fields}).status_code == 200
    run_jobs()
    return [field["verified_at"] for field in client.get("/api/v1/profile").json()["fields"]]


def test_a_page_that_links_back_proves_the_link_and_the_date_stays(anna, site, run_jobs):
    good = site.add("/", page(BACK))
    bad = site.add("/other", page("<a rel=me href=https://social.example/@bertha>Bertha</a>"))
    first = save(anna, run_jobs, good, bad, "no link")
    assert first[0] and first[0].endswith("Z") and first[1:] == [None, None]
    site.replies.clear()
    assert save(anna, run_jobs, "no link", good)[1] == first[0]
    assert save(anna, run_jobs, "nothing") == [None]
    assert save(anna, run_jobs, good) == [None]
    shown = api_client(anna).get(f"/api/v1/accounts/{anna.pk}").json()["fields"][0]
    assert 'rel="nofollow noopener me"' in shown["value"]


def test_what_is_not_proven_yet_is_checked_when_the_profile_is_saved_again(anna, site, run_jobs):
    url = site.add("/", page("<p>soon</p>"))
    assert save(anna, run_jobs, url) == [None]
    site.add("/", page(BACK))
    assert save(anna, run_jobs, url) != [None]


@pytest.mark.parametrize(
    "reply",
    [
        page(BACK, status=404),
        answer(BACK, content_type="text/plain"),
        page(" " * 1_048_576 + BACK),
        page(BACK.replace("@anna", "@anna/")),
        page(BACK.replace('"me"', '"nofollow"')),
        page(f"<!-- {BACK} -->"),
        page(f"<script>document.write('{BACK}')</script>"),
        page(f"<img alt='<a rel=me href={ME}>'>"),
        page(f"<textarea>{BACK}</textarea>"),
    ],
)
def test_what_proves_nothing(anna, site, run_jobs, reply):
    assert save(anna, run_jobs, site.add("/", reply)) == [None]


def test_who_does_not_answer_proves_nothing(anna, run_jobs):
    assert save(anna, run_jobs, "https://nowhere.example/") == [None]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://anna.example", True),
        ("https://anna.example/me?a=b#c", True),
        ("http://anna.example", False),
        ("see https://anna.example", False),
        ("https://anna.example and more", False),
        ("https://bank.example@evil.example/", False),
        ("https://bank.example\u200b.evil.example", False),
        ("https://bücher.example", False),
        ('https://evil.example/"><b>x', False),
        ("https://", False),
        ("https://anna.example:99999/", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_only_a_value_that_is_a_link_and_nothing_else_is_looked_at(value, expected):
    assert is_verifiable(value) is expected


def test_the_profile_may_change_while_its_links_are_read(anna, site):
    def change_meanwhile(_request: Any) -> bytes:
        return page(BACK)

    url = site.add("/", page(BACK))
    site.replies["/"] = change_meanwhile
    anna.fields = [{"name": "Web", "value": url, "verified_at": None}]
    anna.save()
    check_links(account_id=anna.pk)
    check_links(account_id=anna.pk)
    anna.refresh_from_db()
    assert anna.fields[0]["verified_at"]
    check_links(account_id=1)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        (f'<a class=x REL="Nofollow ME" HREF=" {ME} ">x</a>', {ME}),
        ('<a href="https://a.example/?a=1&amp;b=2" rel=me>x</a>', {"https://a.example/?a=1&b=2"}),
        (f"<a rel=me href='https://e.example/\"{ME}'>x</a>", {f'https://e.example/"{ME}'}),
        (f'<a rel=x href=\'https://e.example/<a rel="me" href="{ME}">\'>x</a>', set()),
        ("<a rel=me>x</a>", set()),
    ],
)
def test_links_are_read_as_browsers_read_them(html, found):
    assert find_me_links(html) == found


@pytest.mark.parametrize("piece", ["<div>", "<!--", "<a href=x>", "<table><tr><td>", "&", "<"])
def test_hostile_pages_end(piece):
    assert find_me_links(piece * (1_048_576 // len(piece))) == set()
