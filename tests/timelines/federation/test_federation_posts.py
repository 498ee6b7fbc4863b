"""Posts of other servers: taken in when they concern us, kept up to date, deleted, never believed blindly."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import relationships
from accounts.models import Account, Follow
from core.errors import AppError
from core.ids import id_at
from media.models import CustomEmoji, MediaAttachment
from tests.cast import api_client, make_account
from tests.peer import PUBLIC, Document, Person, stamp, verdicts
from timelines.models import Mention, Notification, Status, StatusEdit, Tombstone
from timelines.remote import resolve_url, status_from_uri

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _anna_follows_dora(anna: Account, dora: Person) -> None:
    follow(anna, dora)


def follow(account: Account, person: Person) -> None:
    relationships.accept_follow(relationships.follow(account, person.account()))


def stored(note: Document) -> Status:
    return Status.objects.get(uri=note["id"])


def mention(*people: Account) -> list[Document]:
    return [{"type": "Mention", "href": person.uri, "name": f"@{person.handle}"} for person in people]


# Fields


def test_a_post_is_stored_with_all_its_parts(anna: Account, dora: Person) -> None:
    note = dora.posts(
        '<p onclick="x()">Hi <script>alert(1)</script></p>',
        summary="Careful",
        contentMap={"de": '<p onclick="x()">Hi <script>alert(1)</script></p>'},
        url=[{"type": "Link", "mediaType": "text/html", "href": f"{dora.peer.base}/@dora/1"}],
        published="2026-01-02T03:04:05Z",
        context="tag:dora.example,2026:thread",
        attachment=[
            {
                "type": "Document",
                "mediaType": "image/png",
                "url": f"{dora.peer.base}/{number}.png",
                "name": "alt",
                "focalPoint": [0.5, -9],
            }
            for number in range(20)
        ],
        tag=[
            *mention(anna),
            {"type": "Hashtag", "name": "#Coöps", "href": "https://x.example"},
            {"type": "Hashtag", "name": "#42"},
            {"type": "Emoji", "name": ":blob:", "icon": {"type": "Image", "url": f"{dora.peer.base}/b.png"}},
            None,
            7,
        ],
        cc=[dora.followers, anna.uri],
    )
    status = stored(note)
    assert "script" not in status.content and "onclick" not in status.content and "Hi" in status.content
    assert (status.spoiler_text, status.sensitive, status.language) == ("Careful", False, "de")
    assert status.visibility == "public"
    assert status.url == f"{dora.peer.base}/@dora/1"
    assert status.conversation_uri == "tag:dora.example,2026:thread"
    assert status.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert id_at(status.created_at) <= status.pk < id_at(status.created_at + timedelta(milliseconds=1))
    media = [MediaAttachment.objects.get(pk=pk) for pk in status.media_ids]
    assert [file.remote_url for file in media[:2]] == [f"{dora.peer.base}/{number}.png" for number in (0, 1)]
    assert len(media) == 16 and (media[0].description, media[0].focus_y) == ("alt", -1.0)
    assert [tag.name for tag in status.tags.all()] == ["coöps"]
    assert CustomEmoji.objects.get().domain == dora.peer.host
    assert [row.account for row in status.mentions.all()] == [anna]
    assert Notification.objects.get(type="mention").account == anna


def test_anna_sees_it_at_home(anna: Account, dora: Person) -> None:
    note = dora.posts("<p>Good morning</p>")
    [shown] = api_client(anna).get("/api/v1/timelines/home").json()
    assert (shown["uri"], shown["account"]["acct"]) == (note["id"], f"dora@{dora.peer.host}")


def test_a_post_from_the_future_is_from_now(dora: Person) -> None:
    note = dora.posts(published=stamp(timezone.now() + timedelta(days=400)))
    assert stored(note).created_at <= timezone.now()


@pytest.mark.parametrize("published", [None, "yesterday", "0000-00-00T00:00:00Z", 5, "99999-01-01T00:00:00Z"])
def test_a_post_without_a_usable_time_is_from_now(dora: Person, published: Any) -> None:
    note = dora.posts(published=published)
    assert timezone.now() - stored(note).created_at < timedelta(minutes=1)


def test_an_article_becomes_its_title_and_address(dora: Person) -> None:
    note = dora.posts(
        type="Article", name="On <b>bees</b>", url=f"{dora.peer.base}/bees", summary="<p>Short</p>"
    )
    status = stored(note)
    assert "On &lt;b&gt;bees" in status.content and f'href="{dora.peer.base}/bees"' in status.content
    assert status.spoiler_text == ""


def test_a_vote_is_never_a_status(anna: Account, dora: Person) -> None:
    dora.does(
        "Create", {**dora.note(), "content": None, "name": "Yes", "inReplyTo": f"{anna.uri}/statuses/1"}
    )
    assert not Status.objects.exists()


# Who may see it


@pytest.mark.parametrize(
    ("to", "cc", "direct_message", "visibility"),
    [
        (["as:Public"], [], None, "public"),
        ("Public", None, None, "public"),
        (["followers"], [PUBLIC], None, "unlisted"),
        (["followers"], [], None, "private"),
        ([], ["followers"], None, "private"),
        (["anna"], [], True, "direct"),
        (["anna"], [], None, "limited"),
        ("anna", [], False, "limited"),
    ],
)
def test_the_addresses_say_who_may_see_it(
    anna: Account, dora: Person, to: Any, cc: Any, direct_message: bool | None, visibility: str
) -> None:
    names = {"followers": dora.followers, "anna": anna.uri}
    addresses = [names.get(value, value) if isinstance(value, str) else value for value in (to, cc)]
    addresses = [
        [names.get(x, x) for x in value] if isinstance(value, list) else value for value in addresses
    ]
    note = dora.posts(to=addresses[0], cc=addresses[1], directMessage=direct_message)
    assert stored(note).visibility == visibility


def test_who_is_addressed_without_being_named_may_read_and_is_not_told(anna: Account, dora: Person) -> None:
    note = dora.posts(to=[anna.uri], cc=[])
    assert list(Mention.objects.values_list("account", "silent")) == [(anna.pk, True)]
    assert not Notification.objects.filter(type="mention").exists()
    assert api_client(anna).get(f"/api/v1/statuses/{stored(note).pk}").status_code == 200


def test_a_named_and_addressed_person_gets_a_direct_message(anna: Account, dora: Person) -> None:
    note = dora.posts(to=[anna.uri], cc=[], tag=mention(anna))
    assert stored(note).visibility == "direct"
    assert Notification.objects.get(type="mention").account == anna
    cem = make_account("cem")
    assert api_client(cem).get(f"/api/v1/statuses/{stored(note).pk}").status_code == 404


def test_who_is_named_but_not_addressed_gains_no_access(anna: Account, dora: Person) -> None:
    cem = make_account("cem")
    note = dora.posts(to=[anna.uri], cc=[], tag=mention(anna, cem))
    assert not stored(note).mentions.filter(account=cem).exists()


def test_the_owner_of_a_personal_inbox_is_a_silent_recipient(anna: Account, dora: Person) -> None:
    cem = make_account("cem")
    note = dora.posts(to=[], cc=[], path="/users/cem/inbox")
    assert list(stored(note).mentions.values_list("account", "silent")) == [(cem.pk, True)]


def test_the_activity_is_asked_when_the_post_has_no_addresses(dora: Person) -> None:
    note = {**dora.note(), "to": None, "cc": None}
    dora.does("Create", note, to=PUBLIC)
    assert stored(note).visibility == "public"


# Whether it is ours


def test_posts_that_concern_nobody_here_are_not_kept(anna: Account, dora: Person, emil: Person) -> None:
    emil.posts()
    emil.posts(to=[emil.followers], cc=[])
    emil.posts(to=[dora.uri], cc=[])
    assert not Status.objects.exists()


def test_a_stranger_reaches_us_by_naming_or_answering_us(anna: Account, dora: Person, emil: Person) -> None:
    named = emil.posts(cc=[anna.uri], tag=mention(anna))
    parent = dora.posts()
    answer = emil.posts(inReplyTo=parent["id"])
    assert {row.uri for row in Status.objects.all()} == {named["id"], parent["id"], answer["id"]}
    assert stored(answer).in_reply_to == stored(parent)
    assert stored(parent).replies_count == 1


def test_a_private_post_needs_a_follower_whom_it_was_granted(
    anna: Account, dora: Person, emil: Person
) -> None:
    relationships.follow(anna, emil.account())
    emil.posts(to=[emil.followers], cc=[])
    assert not Status.objects.exists()
    note = dora.posts(to=[dora.followers], cc=[])
    assert api_client(anna).get(f"/api/v1/statuses/{stored(note).pk}").json()["visibility"] == "private"


# Whom to believe


def test_a_post_on_another_host_is_refused(dora: Person, emil: Person) -> None:
    dora.does("Create", {**dora.note(), "id": f"{emil.uri}/notes/1"})
    assert not Status.objects.exists()
    assert verdicts()[-1][1].startswith("refused")


def test_a_post_by_somebody_else_is_fetched_and_then_refused(dora: Person) -> None:
    other = Person(dora.peer, "other", dora.run_jobs)
    note = other.serve(other.note("<p>Real</p>"))
    dora.does("Create", {**note, "content": "<p>Forged</p>"})
    assert not Status.objects.exists()


def test_a_bare_id_is_fetched(dora: Person) -> None:
    note = dora.serve(dora.note("<p>Served</p>"))
    dora.does("Create", note["id"])
    assert stored(note).content == "<p>Served</p>"


@pytest.mark.parametrize("kind", ["Create", "Announce"])
def test_what_is_not_for_everybody_is_asked_for_in_the_name_of_a_reader(
    anna: Account, dora: Person, kind: str
) -> None:
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    note = dora.serve(dora.note(to=[dora.followers], cc=[]))
    dora.does(kind, note["id"], to=[dora.followers])
    dora.does(kind, dora.serve(dora.note())["id"], to=[PUBLIC])
    signed = [
        request.headers["signature"]
        for request in dora.peer.server.received
        if request.method == "GET" and "/notes/" in request.target
    ]
    keys = ["https://social.example/users/anna#main-key", "https://social.example/actor#main-key"]
    assert [f'keyId="{key}"' in header for key, header in zip(keys, signed, strict=True)] == [True, True]
    assert Status.objects.get(uri=note["id"]).visibility == "private"


def test_nobody_overwrites_the_post_of_somebody_else(anna: Account, dora: Person) -> None:
    note = dora.posts("<p>Mine</p>")
    other = Person(dora.peer, "other", dora.run_jobs)
    follow(anna, other)
    later = stamp(timezone.now() + timedelta(seconds=1))
    for kind in ("Create", "Update"):
        other.does(kind, {**note, "attributedTo": other.uri, "content": "<p>Theirs</p>", "updated": later})
    other.does("Delete", note["id"])
    assert (stored(note).content, stored(note).deleted_at) == ("<p>Mine</p>", None)


def test_nobody_hands_the_direct_message_of_somebody_else_on(anna: Account, dora: Person) -> None:
    cem = make_account("cem")
    note = dora.posts(to=[anna.uri], cc=[], tag=mention(anna))
    other = Person(dora.peer, "other", dora.run_jobs)
    other.does("Create", {**note, "attributedTo": other.uri, "to": [cem.uri]}, path="/users/cem/inbox")
    assert not stored(note).mentions.filter(account=cem).exists()

    # Its author may: the same post, to one more personal inbox.
    dora.does("Create", note, path="/users/cem/inbox")
    assert stored(note).mentions.get(account=cem).silent


def test_the_same_post_twice_is_one_post(anna: Account, dora: Person) -> None:
    note = dora.posts(cc=[anna.uri], tag=mention(anna))
    dora.does("Create", note)
    assert Status.objects.count() == 1 and Notification.objects.filter(type="mention").count() == 1


def test_a_suspended_author_is_refused(anna: Account, dora: Person) -> None:
    Account.objects.filter(uri=dora.uri).update(suspended_at=timezone.now())
    note = dora.serve(dora.note())
    dora.does("Create", note)
    with pytest.raises(AppError):
        status_from_uri(note["id"])
    assert not Status.objects.exists()


# Edits


def edited(note: Document, seconds: int, **changes: Any) -> Document:
    return {**note, "updated": stamp(datetime.now(UTC) + timedelta(seconds=seconds)), **changes}


def test_an_edit_keeps_the_old_version_and_tells_whom_it_names(anna: Account, dora: Person) -> None:
    file = {"type": "Document", "mediaType": "image/png", "url": f"{dora.peer.base}/a.png", "name": "Before"}
    note = dora.posts("<p>Before</p>", attachment=[file], published="2026-01-02T03:04:05Z")
    bertha = make_account("bertha")
    dora.does(
        "Update",
        {
            **note,
            "updated": "2026-01-02T04:00:00Z",
            "content": "<p>After</p>",
            "attachment": [{**file, "name": "After"}],
            "tag": [*mention(bertha), {"type": "Hashtag", "name": "#new"}],
            "cc": [bertha.uri],
            "to": [dora.followers],
            "inReplyTo": "https://x.example/1",
        },
    )
    status = stored(note)
    assert status.content == "<p>After</p>"
    assert status.edited_at == datetime(2026, 1, 2, 4, tzinfo=UTC)
    # Visibility and parent stay as they were.
    assert (status.visibility, status.in_reply_to_uri) == ("public", "")
    old = StatusEdit.objects.get()
    assert (old.content, old.media_descriptions, old.created_at) == (
        "<p>Before</p>",
        ["Before"],
        status.created_at,
    )
    assert MediaAttachment.objects.get().description == "After"
    assert [tag.name for tag in status.tags.all()] == ["new"]
    assert Notification.objects.get(type="mention").account == bertha


@pytest.mark.parametrize("updated", ["2026-01-02T03:30:00Z", "2026-01-02T04:00:00Z", None, "soon"])
def test_an_older_or_undated_edit_changes_nothing(dora: Person, updated: str | None) -> None:
    note = dora.posts("<p>Now</p>", published="2026-01-02T03:04:05Z", updated="2026-01-02T04:00:00Z")
    dora.does("Update", {**note, "content": "<p>Then</p>", "updated": updated})
    assert stored(note).content == "<p>Now</p>"
    assert not StatusEdit.objects.exists()


def test_an_edit_that_changes_nothing_to_be_seen_is_none(dora: Person) -> None:
    note = dora.posts()
    dora.does("Update", edited(note, 5))
    assert stored(note).edited_at is None and not StatusEdit.objects.exists()


def test_an_edit_of_something_unknown_is_new_or_too_old(dora: Person) -> None:
    recent, old = dora.note(), dora.note(published="2026-01-02T03:04:05Z")
    dora.does("Update", recent)
    dora.does("Update", old)
    assert [row.uri for row in Status.objects.all()] == [recent["id"]]


def test_somebody_who_is_no_longer_named_keeps_access_in_silence(anna: Account, dora: Person) -> None:
    note = dora.posts(to=[anna.uri], cc=[], tag=mention(anna))
    dora.does("Update", edited(note, 5, tag=[], content="<p>Other</p>"))
    assert list(stored(note).mentions.values_list("account", "silent")) == [(anna.pk, True)]


# Deletion


@pytest.mark.parametrize("form", ["id", "tombstone", "whole"])
def test_a_deleted_post_is_gone_and_does_not_come_back(anna: Account, dora: Person, form: str) -> None:
    note = dora.posts()
    thing = {"id": note["id"], "tombstone": {"id": note["id"], "type": "Tombstone"}, "whole": note}[form]
    dora.does("Delete", thing)
    assert stored(note).deleted_at is not None
    assert Tombstone.objects.filter(uri=note["id"]).exists()
    assert api_client(anna).get("/api/v1/timelines/home").json() == []

    dora.does("Create", note)
    dora.does("Update", edited(note, 9, content="<p>Back</p>"))
    assert not Status.objects.kept().exists()
    with pytest.raises(AppError):
        status_from_uri(dora.serve(note)["id"])


def test_a_post_that_comes_after_its_deletion_is_dropped(dora: Person) -> None:
    note = dora.note()
    dora.does("Delete", note["id"])
    dora.does("Create", note)
    assert not Status.objects.exists()
    # Nothing forged by another person of that server keeps it away for ever.
    assert not Tombstone.objects.exists()


# Threads and addresses


def test_a_thread_is_walked_up_to_its_root(anna: Account, dora: Person) -> None:
    root = dora.serve(dora.note("<p>1</p>"))
    middle = dora.serve(dora.note("<p>2</p>", inReplyTo=root["id"]))
    last = dora.posts("<p>3</p>", inReplyTo=middle["id"])
    dora.run_jobs()
    assert stored(last).in_reply_to == stored(middle) and stored(middle).in_reply_to == stored(root)
    assert (stored(root).replies_count, stored(middle).replies_count) == (1, 1)


def test_a_parent_that_comes_late_finds_its_replies(dora: Person) -> None:
    parent = dora.note()
    reply = dora.posts(inReplyTo=parent["id"])
    assert stored(reply).in_reply_to is None
    dora.does("Create", parent)
    assert stored(reply).in_reply_to == stored(parent)
    assert stored(parent).replies_count == 1


def test_a_pasted_address_becomes_a_status_or_an_account(anna: Account, dora: Person) -> None:
    note = dora.serve(dora.note())
    assert resolve_url(note["id"]) == stored(note)
    assert resolve_url(dora.uri) == dora.account()
    assert resolve_url(anna.uri) == resolve_url(anna.url) == anna
    create = dora.serve({"id": f"{note['id']}/activity", "type": "Create", "actor": dora.uri, "object": note})
    assert resolve_url(create["id"]) == stored(note)


@pytest.mark.parametrize(
    "url", ["https://social.example/users/nobody", "https://social.example/@anna/1", "ftp://x.example/y", "x"]
)
def test_an_address_that_is_nothing_is_an_error(url: str) -> None:
    with pytest.raises(AppError):
        resolve_url(url)


def test_a_fetched_post_by_an_author_elsewhere_is_refused(dora: Person, emil: Person) -> None:
    note = dora.serve(dora.note(attributedTo=emil.uri))
    with pytest.raises(AppError):
        status_from_uri(note["id"])
    assert not Status.objects.exists() and emil.peer.server.received == []


def test_a_pending_follow_is_enough_for_public_posts(anna: Account, emil: Person) -> None:
    Follow.objects.create(account=anna, target=emil.account(), created_at=timezone.now())
    assert stored(emil.posts()).visibility == "public"
