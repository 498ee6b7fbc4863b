"""Mastodon.py as a member uses it: every call goes over a socket and comes back as parsed objects."""

import io
import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mastodon import (
    Mastodon,
    MastodonAPIError,
    MastodonNotFoundError,
    MastodonUnauthorizedError,
    StreamListener,
)
from websockets.sync.client import connect

from tests.in_process import WebServer
from tests.media.pictures import animation, heic, picture
from tests.media.recordings import sound, video
from tests.people import Person

ALT_TEXT = "Links orange, rechts blau"


def test_the_app_knows_who_it_acts_for(anna: Person, server: WebServer) -> None:
    me = anna.app.account_verify_credentials()
    assert (me.username, me.acct, me.url) == ("anna", "anna", f"{server.base_url}/@anna")
    assert me.source.note == ""
    assert anna.app.app_verify_credentials().name == "Phone"
    assert anna.app.preferences()["posting:default:visibility"] == "public"


def test_the_app_reads_what_the_server_is(anna: Person, server: WebServer) -> None:
    document = anna.app.instance()
    assert document.domain == server.domain
    assert document.configuration.statuses.max_characters == 2000
    assert document.registrations.enabled is False
    assert document.contact.account.username == "anna"
    assert len(anna.app.instance_rules()) == len(document.rules) > 0
    assert anna.app.instance_v1().stats.user_count >= 1
    assert anna.app.instance_nodeinfo().software.name == "genosocial"
    assert anna.app.instance_health()
    assert len(anna.app.instance_activity()) == 12


def test_the_app_finds_nothing_where_there_is_nothing_yet(anna: Person) -> None:
    app = anna.app
    questions = (app.lists, app.filters_v2, app.announcements, app.conversations, app.scheduled_statuses)
    questions += (
        app.trending_tags,
        app.trending_statuses,
        app.suggestions,
        app.followed_tags,
        app.custom_emojis,
    )
    questions += (app.featured_tags, app.endorsements, app.notification_requests)
    assert [list(ask()) for ask in questions] == [[] for _ in questions]
    assert app.notifications_policy().for_not_following == "accept"


def test_a_picture_with_alt_text_and_warning(anna: Person) -> None:
    media = anna.app.media_post(io.BytesIO(picture()), mime_type="image/png", description="?")
    assert anna.app.media_update(media.id, description=ALT_TEXT, focus=(0.5, -0.5)).description == ALT_TEXT
    post = anna.app.status_post(
        "Seht her", media_ids=[media], spoiler_text="Bild", visibility="unlisted", language="de"
    )
    shown = anna.app.status(post.id)
    assert (shown.spoiler_text, shown.sensitive, shown.visibility, shown.language) == (
        "Bild",
        True,
        "unlisted",
        "de",
    )
    assert [attached.description for attached in shown.media_attachments] == [ALT_TEXT]
    assert shown.media_attachments[0].meta.original.width == 64
    assert shown.media_attachments[0].meta.focus.x == 0.5
    assert "Seht her" in shown.content
    assert isinstance(shown.created_at, datetime)


def test_all_that_a_phone_records(anna: Person, tmp_path: Path) -> None:
    film = video(tmp_path / "film.mov", size=(96, 54), sound="aac")
    song = sound(tmp_path / "lied.mp3", "libmp3lame")
    sent = {
        "image": anna.app.media_post(io.BytesIO(heic()), mime_type="image/heic", description="Foto"),
        "gifv": anna.app.media_post(io.BytesIO(animation()), mime_type="image/gif", synchronous=True),
        "video": anna.app.media_post(io.BytesIO(film), mime_type="video/quicktime", synchronous=True),
    }
    assert [media.type for media in sent.values()] == list(sent)
    with pytest.raises(MastodonAPIError, match="nothing beside it"):
        anna.app.status_post("Zu viel", media_ids=[sent["video"], sent["image"]])
    with pytest.raises(MastodonAPIError):
        anna.app.media_post(io.BytesIO(film[:500]), mime_type="video/mp4", synchronous=True)
    post = anna.app.status_post("Alles", media_ids=[sent["image"], sent["gifv"]])
    assert [media.type for media in post.media_attachments] == ["image", "gifv"]
    post = anna.app.status_post("Film", media_ids=[sent["video"]])
    assert post.media_attachments[0].meta.original.frame_rate == "10/1"
    assert post.media_attachments[0].preview_url
    cover = io.BytesIO(picture())
    media = anna.app.media_post(
        io.BytesIO(song), mime_type="audio/mpeg", thumbnail=cover, thumbnail_mime_type="image/png"
    )
    assert (media.type, media.meta.small.width) == ("audio", 64)


def test_a_conversation(anna: Person, bertha: Person) -> None:
    post = anna.app.status_post("Wer bringt Brot?")
    answer = bertha.app.status_reply(post, "Ich! #Brot")
    assert [mention.acct for mention in answer.mentions] == ["anna"]
    context = anna.app.status_context(post.id)
    assert [status.id for status in context.descendants] == [answer.id]
    assert [status.id for status in anna.app.status_context(answer.id).ancestors] == [post.id]
    told = anna.app.notifications(types=["mention"])[0]
    assert (told.account.acct, told.status.id) == ("bertha", answer.id)
    assert anna.app.notifications(id=told.id).id == told.id
    assert anna.app.status(post.id).replies_count == 1


def test_an_edit_keeps_the_history(anna: Person) -> None:
    post = anna.app.status_post("Am Montag", spoiler_text="Termin")
    edited = anna.app.status_update(post.id, "Am Dienstag", spoiler_text="Termin")
    assert edited.edited_at is not None
    assert ["Montag" in version.content for version in anna.app.status_history(post.id)] == [True, False]
    source = anna.app.status_source(post.id)
    assert (source.text, source.spoiler_text) == ("Am Dienstag", "Termin")


def test_a_deleted_post_is_gone_and_its_text_comes_back(anna: Person) -> None:
    post = anna.app.status_post("Doch nicht")
    assert anna.app.status_delete(post.id).text == "Doch nicht"
    with pytest.raises(MastodonNotFoundError):
        anna.app.status(post.id)


def test_what_one_does_with_a_post_and_takes_back(anna: Person, bertha: Person) -> None:
    post = anna.app.status_post("Das ist gut")
    do = bertha.app
    assert do.status_favourite(post.id).favourited
    assert do.status_bookmark(post.id).bookmarked
    boost = do.status_reblog(post.id)
    assert boost.reblog.id == post.id
    assert [status.id for status in do.favourites()] == [post.id]
    assert [status.id for status in do.bookmarks()] == [post.id]
    counted = anna.app.status(post.id)
    assert (counted.favourites_count, counted.reblogs_count) == (1, 1)
    assert [account.acct for account in anna.app.status_favourited_by(post.id)] == ["bertha"]
    assert [account.acct for account in anna.app.status_reblogged_by(post.id)] == ["bertha"]
    assert {"favourite", "reblog"} <= {told.type for told in anna.app.notifications()}
    for undo in (do.status_unfavourite, do.status_unbookmark, do.status_unreblog):
        undo(post.id)
    counted = anna.app.status(post.id)
    assert (counted.favourites_count, counted.reblogs_count) == (0, 0)
    assert anna.app.status_pin(post.id).pinned
    assert [status.id for status in do.account_statuses(post.account.id, pinned=True)] == [post.id]
    assert not anna.app.status_unpin(post.id).pinned


def test_a_repeated_key_posts_once(anna: Person) -> None:
    posts = [anna.app.status_post("Nur einmal", idempotency_key="one") for _ in range(2)]
    assert posts[0].id == posts[1].id


def test_what_may_not_be_posted_says_why(anna: Person) -> None:
    with pytest.raises(MastodonAPIError) as refusal:
        anna.app.status_post("x" * 2001)
    assert refusal.value.args[1] == 422
    assert "2000" in str(refusal.value)


def test_timelines_are_paged(anna: Person, bertha: Person) -> None:
    bertha.app.account_follow(anna.app.me().id)
    posts = [anna.app.status_post(f"Seite {number} #paged").id for number in range(5)]
    for timeline in (
        bertha.app.timeline_home,
        anna.app.timeline_home,
        anna.app.timeline_local,
        lambda **paging: anna.app.timeline_hashtag("paged", **paging),
        lambda **paging: anna.app.account_statuses(anna.app.me().id, **paging),
    ):
        first = timeline(limit=2)
        assert [status.id for status in first] == posts[:2:-1]
        second = anna.app.fetch_next(first)
        assert [status.id for status in second] == posts[2:0:-1]
        assert [status.id for status in anna.app.fetch_previous(second)] == posts[:2:-1]
        assert [status.id for status in timeline(min_id=posts[0], limit=2)] == posts[2:0:-1]
    everything = anna.app.fetch_remaining(anna.app.timeline_hashtag("paged", limit=2))
    assert [status.id for status in everything] == posts[::-1]


def test_what_was_read_is_shared_between_apps(anna: Person) -> None:
    post = anna.app.status_post("Bis hier")
    anna.app.markers_set("home", post.id)
    assert str(anna.app.markers_get(["home"])["home"].last_read_id) == str(post.id)


def test_notifications_are_dismissed(anna: Person, bertha: Person) -> None:
    post = anna.app.status_post("Lobt mich")
    bertha.app.status_favourite(post.id)
    newest = anna.app.notifications()[0]
    assert newest.status.id == post.id
    assert anna.app.notifications_unread_count()["count"] > 0
    anna.app.notifications_dismiss(newest.id)
    assert newest.id not in [told.id for told in anna.app.notifications()]
    anna.app.notifications_clear()
    assert list(anna.app.notifications()) == []


def test_people_and_tags_are_found(anna: Person, bertha: Person, server: WebServer) -> None:
    post = anna.app.status_post("Etwas über #Bienenwachs")
    found = bertha.app.search("anna", result_type="accounts")
    assert [account.acct for account in found.accounts] == ["anna"]
    assert [tag.name.lower() for tag in bertha.app.search("bienenw").hashtags] == ["bienenwachs"]
    assert [status.id for status in bertha.app.search(post.url, resolve=True).statuses] == [post.id]
    assert bertha.app.account_lookup(f"anna@{server.domain}").id == anna.app.me().id
    assert [account.acct for account in bertha.app.account_search("ann")] == ["anna"]


def test_a_profile_with_fields_and_picture(anna: Person) -> None:
    changed = anna.app.account_update_credentials(
        display_name="Anna Ärmel",
        note="Bäckerin #brot",
        fields=[("Web", "https://anna.example")],
        avatar=picture("PNG"),
        avatar_mime_type="image/png",
        locked=False,
        bot=False,
    )
    assert changed.display_name == "Anna Ärmel"
    assert [field.name for field in changed.fields] == ["Web"]
    assert changed.source.fields[0].value == "https://anna.example"
    assert not changed.avatar.endswith("missing.png")
    assert anna.app.session.get(changed.avatar).headers["Content-Type"].startswith("image/")
    assert anna.app.account_delete_avatar().avatar.endswith("missing.png")


def test_relations(join: Callable[..., Person], anna: Person) -> None:
    cem = join("cem", locked=True)
    cem_id, anna_id = cem.app.me().id, anna.app.me().id
    assert anna.app.account_follow(cem_id).requested
    assert [account.id for account in cem.app.follow_requests()] == [anna_id]
    cem.app.follow_request_authorize(anna_id)
    assert anna.app.account_relationships([cem_id])[0].following
    assert [account.id for account in cem.app.account_followers(cem_id)] == [anna_id]
    assert [account.id for account in anna.app.account_following(anna_id)] == [cem_id]
    assert anna.app.account_mute(cem_id, duration=60).muting
    assert [account.id for account in anna.app.mutes()] == [cem_id]
    assert not anna.app.account_unmute(cem_id).muting
    assert anna.app.account_note_set(cem_id, "Aus dem Laden").note == "Aus dem Laden"
    assert anna.app.account_block(cem_id).blocking
    assert [account.id for account in anna.app.blocks()] == [cem_id]
    assert not anna.app.account_unblock(cem_id).following
    anna.app.domain_block("unwanted.example")
    assert list(anna.app.domain_blocks()) == ["unwanted.example"]
    anna.app.domain_unblock("unwanted.example")
    assert list(anna.app.domain_blocks()) == []


def test_strangers_read_what_is_public_and_nothing_else(anna: Person, server: WebServer) -> None:
    public = anna.app.status_post("Für alle")
    private = anna.app.status_post("Für Freunde", visibility="private")
    stranger = Mastodon(api_base_url=server.base_url)
    assert stranger.status(public.id).id == public.id
    assert public.id in [status.id for status in stranger.timeline_local()]
    with pytest.raises(MastodonNotFoundError):
        stranger.status(private.id)
    with pytest.raises(MastodonUnauthorizedError):
        stranger.timeline_home()


def test_the_app_learns_how_often_it_may_ask(anna: Person) -> None:
    anna.app.account_verify_credentials()
    assert anna.app.ratelimit_limit == 300
    assert 0 < anna.app.ratelimit_remaining < 300
    reset = datetime.fromtimestamp(anna.app.ratelimit_reset, UTC)
    assert reset - datetime.now(UTC) <= timedelta(minutes=6)


class Listener(StreamListener):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self.opened = threading.Event()

    def on_update(self, status: Any) -> None:
        self.events.put(("update", status))

    def on_status_update(self, status: Any) -> None:
        self.events.put(("status.update", status))

    def on_delete(self, status_id: Any) -> None:
        self.events.put(("delete", status_id))

    def on_notification(self, notification: Any) -> None:
        self.events.put(("notification", notification))

    def expect(self, kind: str) -> Any:
        """Return what came with the next event of a kind."""
        while True:
            event, payload = self.events.get(timeout=10)
            if event == kind:
                return payload


@contextmanager
def listening(start: Callable[..., Any], *arguments: Any) -> Iterator[Listener]:
    """Open a stream, and close it in the end; it is open when the first byte has come."""
    listener = Listener()
    handle = start(*arguments, listener, run_async=True)
    try:
        yield listener
    finally:
        handle.close()


def test_the_home_stream_tells_at_once(join: Callable[..., Person], anna: Person) -> None:
    dorothea = join("dorothea")
    dorothea.app.account_follow(anna.app.me().id)
    with listening(dorothea.app.stream_user) as stream:
        post = anna.app.status_post("Gleich da, @dorothea")
        assert stream.expect("update").id == post.id
        anna.app.status_favourite(dorothea.app.status_reply(post, "Schön").id)
        assert stream.expect("notification").type in ("mention", "favourite")
        anna.app.status_update(post.id, "Gleich wieder da, @dorothea")
        assert "wieder" in stream.expect("status.update").content
        anna.app.status_delete(post.id)
        assert stream.expect("delete") == post.id


def test_public_and_hashtag_streams(anna: Person) -> None:
    with listening(anna.app.stream_local) as local, listening(anna.app.stream_hashtag, "Live") as tagged:
        post = anna.app.status_post("Jetzt #live")
        assert local.expect("update").id == post.id
        assert tagged.expect("update").id == post.id


def test_a_websocket_where_the_instance_document_says(anna: Person) -> None:
    address = f"{anna.app.instance().configuration.urls.streaming}/api/v1/streaming"
    token = anna.app.access_token
    with connect(address, subprotocols=[token], proxy=None) as socket:
        for stream in ("public", "user"):
            socket.send(json.dumps({"type": "subscribe", "stream": stream}))
        # An unknown stream is refused in turn: after that, the others are open.
        socket.send(json.dumps({"type": "subscribe", "stream": "weather"}))
        assert json.loads(socket.recv(timeout=10))["status"] == 400
        post = anna.app.status_post("Über den Draht")
        frames = [json.loads(socket.recv(timeout=10)) for _ in range(2)]
    assert sorted(frame["stream"] for frame in frames) == [["public"], ["user"]]
    assert {json.loads(frame["payload"])["id"] for frame in frames} == {str(post.id)}


def test_after_signing_out_the_token_opens_nothing(join: Callable[..., Person]) -> None:
    emil = join("emil")
    token = emil.app.access_token
    emil.app.revoke_access_token(allow_http=True)
    left = Mastodon(access_token=token, api_base_url=emil.server.base_url)
    with pytest.raises(MastodonUnauthorizedError):
        left.account_verify_credentials()
