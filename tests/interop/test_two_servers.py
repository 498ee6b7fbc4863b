"""Two servers, two people, two clients: what Mastodon's apps show of a conversation across servers."""

import io
from pathlib import Path

import pytest
from mastodon import MastodonNotFoundError
from PIL import Image

from tests.people import Person, Toot
from tests.running_server import RunningServer, eventually


@pytest.fixture(scope="module")
def following(anna: Person, dora: Person) -> None:
    """Anna follows Dora across the servers, and Dora has accepted."""
    found = anna.app.search(dora.handle, resolve=True).accounts
    assert [account.acct for account in found] == [f"dora@{dora.server.domain}"]
    anna.app.account_follow(found[0].id)
    eventually(lambda: anna.app.account_relationships(found[0].id)[0].following, what="Anna's follow")
    eventually(
        lambda: [n for n in dora.app.notifications() if n.type == "follow"], what="the news of the follow"
    )


def _picture() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (320, 200), (200, 60, 40)).save(file, "PNG")
    file.seek(0)
    return file


def _at_home(person: Person, text: str) -> object:
    return eventually(
        lambda: next((s for s in person.app.timeline_home() if text in s.content), None),
        what=f"“{text}” at {person.name}'s home",
    )


def test_a_post_is_seen_answered_liked_and_boosted_across_servers(
    anna: Person, dora: Person, following: None
) -> None:
    media = dora.app.media_post(_picture(), mime_type="image/png", description="Ein rotes Rechteck")
    post = dora.app.status_post(
        f"Hallo {anna.handle}, wir treffen uns im #Genossenschaftsladen", media_ids=[media], language="de"
    )

    seen = _at_home(anna, "Genossenschaftsladen")
    assert seen.account.acct == f"dora@{dora.server.domain}"
    assert seen.uri == post.uri
    assert [picture.description for picture in seen.media_attachments] == ["Ein rotes Rechteck"]
    assert [tag.name for tag in seen.tags] == ["genossenschaftsladen"]
    assert [mention.acct for mention in seen.mentions] == ["anna"]
    assert [n.status.id for n in anna.app.notifications(types=["mention"])] == [seen.id]
    assert seen.id in [s.id for s in anna.app.timeline_hashtag("Genossenschaftsladen")]

    anna.app.status_reply(seen, "Ich bringe Brot mit")
    anna.app.status_favourite(seen.id)
    anna.app.status_reblog(seen.id)

    def told() -> dict[str, str]:
        return {n.type: n.status.content for n in dora.app.notifications() if n.status}

    eventually(lambda: {"mention", "favourite", "reblog"} <= told().keys(), what="Dora's notifications")
    assert "Ich bringe Brot mit" in told()["mention"]
    counted = dora.app.status(post.id)
    assert (counted.favourites_count, counted.reblogs_count, counted.replies_count) == (1, 1, 1)
    answers = dora.app.status_context(post.id).descendants
    assert ["Ich bringe Brot mit" in answer.content for answer in answers] == [True]


def test_an_edit_and_a_deletion_reach_the_copies(anna: Person, dora: Person, following: None) -> None:
    post = dora.app.status_post("Die Versammlung ist am Montag")
    copy = _at_home(anna, "Die Versammlung ist am Montag")

    dora.app.status_update(post.id, "Die Versammlung ist am Dienstag")
    eventually(lambda: "Dienstag" in anna.app.status(copy.id).content, what="the edit")
    assert anna.app.status(copy.id).edited_at is not None
    assert len(anna.app.status_history(copy.id)) == 2

    dora.app.status_delete(post.id)

    def is_gone() -> bool:
        try:
            anna.app.status(copy.id)
        except MastodonNotFoundError:
            return True
        return False

    eventually(is_gone, what="the deletion")


def test_taking_back_reaches_the_other_side(anna: Person, dora: Person, following: None) -> None:
    post = dora.app.status_post("Zum Mögen und Zurücknehmen")
    copy = _at_home(anna, "Zum Mögen")
    anna.app.status_favourite(copy.id)
    anna.app.status_reblog(copy.id)
    eventually(
        lambda: dora.app.status(post.id).reblogs_count == 1 and dora.app.status(post.id).favourites_count
    )

    anna.app.status_unfavourite(copy.id)
    anna.app.status_unreblog(copy.id)

    def counts() -> tuple[int, int]:
        status = dora.app.status(post.id)
        return status.favourites_count, status.reblogs_count

    eventually(lambda: counts() == (0, 0), what="the taking back")


def test_a_post_for_followers_reaches_followers_and_nobody_else(
    anna: Person, dora: Person, following: None
) -> None:
    post = dora.app.status_post("Nur für euch", visibility="private")
    copy = _at_home(anna, "Nur für euch")
    assert copy.visibility == "private"
    assert post.uri not in [s.uri for s in anna.app.timeline_public()]
    direct = anna.app.status_post(f"{dora.handle} unter uns", visibility="direct")
    seen = eventually(
        lambda: [n.status for n in dora.app.notifications(types=["mention"]) if n.status.uri == direct.uri],
        what="the direct message",
    )
    assert seen[0].visibility == "direct"


def test_a_pasted_address_finds_the_post_behind_it(anna: Person, dora: Person) -> None:
    answer = anna.app.status_post("Unter dieser Adresse zu finden")
    found = dora.app.search(answer.url, resolve=True).statuses
    assert [status.uri for status in found] == [answer.uri]


def test_a_renamed_profile_reaches_the_followers(anna: Person, dora: Person, following: None) -> None:
    dora.app.account_update_credentials(display_name="Dora vom Laden", note="Wir sind die eG.")
    there = anna.app.account_lookup(dora.handle.removeprefix("@"))
    eventually(lambda: anna.app.account(there.id).display_name == "Dora vom Laden", what="the new name")
    assert "Wir sind die eG." in anna.app.account(there.id).note


def test_a_host_that_is_not_there_is_named_as_unreachable(anna: Person) -> None:
    with pytest.raises(Exception, match="could not be reached|nicht erreich"):
        anna.app.search("@someone@unreachable.example", resolve=True)


def test_toot_signs_in_posts_reads_and_follows(anna: Person, dora: Person, tmp_path: Path) -> None:
    toot = Toot(dora, tmp_path)
    assert f"dora@{dora.server.domain}" in toot.run("auth")
    picture = tmp_path / "bild.png"
    picture.write_bytes(_picture().read())
    toot.run("follow", anna.handle)
    eventually(
        lambda: [n for n in anna.app.notifications(types=["follow"]) if n.account.username == "dora"],
        what="Dora's follow",
    )
    toot.run("post", "Aus dem Terminal", "--media", str(picture), "--description", "Rot")
    assert "Aus dem Terminal" in toot.run("timelines", "home", "--no-pager")

    anna.app.status_post("Für Doras Terminal")
    eventually(
        lambda: "Für Doras Terminal" in toot.run("timelines", "home", "--no-pager"),
        what="Anna's post in toot",
    )


def test_the_log_of_neither_server_shows_a_failure(
    servers: tuple[RunningServer, RunningServer], anna: Person, dora: Person
) -> None:
    for server in servers:
        assert "Traceback" not in server.log(), server.log()
