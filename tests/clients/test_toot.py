"""toot, the client for the terminal, as a program of its own."""

import json
from pathlib import Path

import pytest

from tests.media.pictures import picture
from tests.people import Person, Toot


@pytest.fixture(scope="module")
def toot(anna: Person, tmp_path_factory: pytest.TempPathFactory) -> Toot:
    """Signed in as Anna, by browser and code."""
    return Toot(anna, tmp_path_factory.mktemp("toot"))


def posted(toot: Toot, *arguments: str) -> str:
    """Post and return the id."""
    post_id: str = json.loads(toot.run("post", *arguments, "--json"))["id"]
    return post_id


def test_it_knows_who_and_where_it_is(toot: Toot, anna: Person) -> None:
    assert "@anna" in toot.run("whoami")
    assert anna.server.domain in toot.run("auth")
    assert anna.server.domain in toot.run("instance")


def test_it_posts_shows_and_deletes(toot: Toot, anna: Person, tmp_path: Path) -> None:
    file = tmp_path / "bild.png"
    file.write_bytes(picture())
    post_id = posted(toot, "Hallo", "-m", str(file), "-d", "Ein Bild", "-p", "Warnung", "-v", "unlisted")
    shown = anna.app.status(post_id)
    assert (shown.spoiler_text, shown.visibility) == ("Warnung", "unlisted")
    assert shown.media_attachments[0].description == "Ein Bild"
    reply_id = posted(toot, "Noch etwas", "-r", post_id)
    assert "Noch etwas" in toot.run("thread", post_id)
    toot.run("delete", reply_id)
    assert "Noch etwas" not in toot.run("thread", post_id)


def test_it_marks_and_unmarks(toot: Toot, anna: Person) -> None:
    post = anna.app.status_post("Merken")
    marks = {"favourite": "favourited", "bookmark": "bookmarked", "pin": "pinned", "reblog": "reblogged"}
    for verb in marks:
        toot.run(verb, str(post.id))
    assert [anna.app.status(post.id)[flag] for flag in marks.values()] == [True] * 4
    assert "Merken" in toot.run("bookmarks", "--once")
    for verb in marks:
        toot.run(f"un{verb}", str(post.id))
    assert [anna.app.status(post.id)[flag] for flag in marks.values()] == [False] * 4


def test_it_shows_timelines_and_notifications(toot: Toot, bertha: Person) -> None:
    bertha.app.status_post("Hallo @anna, hier ist #toot")
    assert "hier ist" in toot.run("notifications")
    assert "hier ist" in toot.run("timelines", "public", "--no-pager", "--local")
    assert "hier ist" in toot.run("timelines", "tag", "toot", "--no-pager")
    toot.run("follow", "bertha")
    assert "@bertha" in toot.run("following", "anna")
    bertha.app.status_post("Danach")
    assert "Danach" in toot.run("timelines", "home", "--no-pager")
    assert "bertha" in toot.run("search", "bert")
    assert "bertha" in toot.run("whois", "bertha")
