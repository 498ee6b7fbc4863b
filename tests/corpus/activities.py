"""What must come of a delivered activity: sets the scene, delivers, and looks."""

import re
from collections.abc import Callable
from typing import Any

import orjson

from accounts.models import Account, Block, Follow
from core.hosts import same_host
from moderation.models import Report
from tests.corpus.accounts import check_account
from tests.corpus.entries import Entry
from tests.corpus.statuses import check_status
from tests.corpus.world import LONG_AGO, World, id_in, ids_in, objects_in
from timelines.models import Favourite, PollVote, Quote, Status, StatusPin, Tombstone

Deliver = Callable[..., int]
Check = Callable[[World, Deliver], None]


def run_activity(world: World, entry: Entry, deliver: Deliver) -> None:
    """Deliver the activity of an entry in its scene and compare what came of it."""
    if world.actor_uri.startswith("http"):
        world.remote(world.actor_uri, is_followed=True)
    _CHECKS[entry.handling](world, deliver)


def _taken_in(deliver: Deliver) -> None:
    assert deliver() == 202


# Posts


def _status(world: World, deliver: Deliver) -> None:
    _named_people(world)
    _taken_in(deliver)
    check_status(world, Status.objects.kept().get(uri=world.object_uri))


def _status_update(world: World, deliver: Deliver) -> None:
    _named_people(world)
    if world.entry.expect.get("edited_at"):
        world.status(world.object_uri, world.remote(world.actor_uri), **_unchanged(world))
    else:
        # Without a new date it may not change the words, so they are there before.
        create = world.entry.document | {"id": f"{world.object_uri}#create", "type": "Create"}
        assert deliver(orjson.dumps(create)) == 202
    _taken_in(deliver)
    check_status(world, Status.objects.kept().get(uri=world.object_uri))


def _unchanged(world: World) -> dict[str, Any]:
    """What an edit never changes is as expected from the start. Source: contract 3.8."""
    expect = world.entry.expect
    names = {"published": "created_at", "visibility": "visibility", "url": "url"}
    return {column: expect[name] for name, column in names.items() if name in expect} | {
        "in_reply_to_uri": expect.get("in_reply_to") or ""
    }


def _named_people(world: World) -> None:
    """Whoever the post names can be found; whoever a direct one is for lives here."""
    if world.entry.expect.get("visibility") == "direct":
        for uri in ids_in(world.embedded.get("to") or world.entry.document.get("to")):
            if uri.startswith("http") and not uri.endswith(("/followers", "#Public")):
                world.local(uri)
    for uri in world.entry.expect.get("mentions", ()):
        world.remote(uri)


def _fetch_object(world: World, deliver: Deliver) -> None:
    author = world.remote(id_in(world.embedded.get("attributedTo")), is_followed=True)
    world.serve_note(world.object_uri, author)
    _taken_in(deliver)
    status = Status.objects.get(uri=world.object_uri)
    assert status.account == author
    assert "as its own server has it" in status.content


def _status_delete(world: World, deliver: Deliver) -> None:
    world.status(world.object_uri, world.remote(world.actor_uri))
    _taken_in(deliver)
    assert not Status.objects.kept().filter(uri=world.object_uri).exists()
    assert Tombstone.objects.filter(uri=world.object_uri).exists()


def _poll_vote(world: World, deliver: Deliver) -> None:
    expect = world.entry.expect
    choices = expect.get("choices") or [expect["choice"]]
    world.poll(expect["in_reply_to"], ["something else", *choices], multiple=len(choices) > 1)
    _taken_in(deliver)
    votes = PollVote.objects.filter(account__uri=world.actor_uri)
    assert sorted(votes.values_list("choice", flat=True)) == list(range(1, len(choices) + 1))
    assert not Status.objects.filter(account__uri=world.actor_uri).exists()


# Reblogs and favourites


def _boost(world: World, deliver: Deliver) -> None:
    expect, uri = world.entry.expect, world.entry.expect["object"]
    is_own = world.actor_uri in ids_in(world.embedded.get("attributedTo"))
    if not is_own:
        own_visibility = expect.get("visibility") == "private" and same_host(uri, world.actor_uri)
        author = world.remote(world.actor_uri if own_visibility else f"{uri.rpartition('/')[0]}/its-author")
        world.serve_note(uri, author)
    _taken_in(deliver)
    reblog = Status.objects.get(account__uri=world.actor_uri, reblog_of__uri=uri)
    assert reblog.visibility == expect.get("visibility", reblog.visibility)
    assert is_own or "as its own server has it" in reblog.reblog_of.content


def _undo_announce(world: World, deliver: Deliver) -> None:
    actor = world.remote(world.actor_uri)
    original = world.ours(world.entry.expect["target"])
    reblog = world.status(world.object_uri, actor, reblog_of=original)
    _taken_in(deliver)
    assert not Status.objects.kept().filter(pk=reblog.pk).exists()


def _favourite(world: World, deliver: Deliver) -> None:
    status = world.ours(world.entry.expect["object"])
    _taken_in(deliver)
    assert Favourite.objects.filter(account__uri=world.actor_uri, status=status).count() == 1


def _undo_like(world: World, deliver: Deliver) -> None:
    expect = world.entry.expect
    status = world.ours(expect.get("target") or "https://local.example/users/zoe/statuses/1")
    world.favourite(world.remote(world.actor_uri), status, expect["object"])
    _taken_in(deliver)
    assert not Favourite.objects.exists()


# Relations


def _follow_request(world: World, deliver: Deliver) -> None:
    expect = world.entry.expect
    target = world.local(expect["object"])
    _taken_in(deliver)
    assert Follow.objects.get(account__uri=world.actor_uri, target=target).uri == expect["follow_id"]


def _undo_follow(world: World, deliver: Deliver) -> None:
    target = world.entry.expect["target"]
    is_person = target.startswith("http") and not target.endswith("#Public")
    account = world.local(target) if is_person else world.zoe
    actor = world.remote(world.actor_uri)
    follow = world.follow(actor, account, uri=world.entry.expect["object"])
    _taken_in(deliver)
    assert not Follow.objects.filter(pk=follow.pk).exists()


def _answered_follow(world: World) -> Follow:
    """The follow by one of ours that an answer is about."""
    follow = Follow.objects.get(account=world.zoe, target__uri=world.actor_uri)
    Follow.objects.filter(pk=follow.pk).update(uri=world.entry.expect["object"], accepted_at=None)
    asker = id_in(world.embedded.get("actor"))
    if asker.startswith("http"):
        Account.objects.filter(pk=world.zoe.pk).update(uri=asker)
    return follow


def _accept_follow(world: World, deliver: Deliver) -> None:
    follow = _answered_follow(world)
    _taken_in(deliver)
    follow.refresh_from_db()
    assert follow.accepted_at is not None


def _reject_follow(world: World, deliver: Deliver) -> None:
    follow = _answered_follow(world)
    _taken_in(deliver)
    assert not Follow.objects.filter(pk=follow.pk).exists()


def _block(world: World, deliver: Deliver) -> None:
    target = world.local(world.entry.expect["object"])
    _taken_in(deliver)
    assert Block.objects.filter(account__uri=world.actor_uri, target=target).exists()


def _undo_block(world: World, deliver: Deliver) -> None:
    expect = world.entry.expect
    target = world.local(expect.get("target") or id_in(world.embedded.get("object")))
    actor = world.remote(world.actor_uri)
    Block.objects.create(account=actor, target=target, uri=expect["object"], created_at=LONG_AGO)
    _taken_in(deliver)
    assert not Block.objects.exists()


def _undo_accept(world: World, deliver: Deliver) -> None:
    follow = Follow.objects.get(account=world.zoe, target__uri=world.actor_uri)
    Follow.objects.filter(pk=follow.pk).update(uri=id_in(world.embedded.get("object")))
    _taken_in(deliver)
    follow.refresh_from_db()
    assert follow.accepted_at is None


def _account_update(world: World, deliver: Deliver) -> None:
    account = world.remote(world.actor_uri)
    username, _, host = world.entry.expect.get("acct", "").partition("@")
    if username:
        Account.objects.filter(pk=account.pk).update(username=username, domain=host or account.domain)
    _taken_in(deliver)
    account.refresh_from_db()
    check_account(account, world.entry.expect)


def _account_delete(world: World, deliver: Deliver) -> None:
    _taken_in(deliver)
    assert not Account.objects.filter(uri=world.actor_uri).exists()


def _move(world: World, deliver: Deliver) -> None:
    uri = world.entry.expect["target"]
    old = Account.objects.get(uri=world.actor_uri)
    name = f"moved{old.pk}"
    host = uri.split("/")[2]
    world.serve(
        uri,
        {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": uri,
            "type": "Person",
            "preferredUsername": name,
            "inbox": f"{uri}/inbox",
            "alsoKnownAs": [old.uri],
        },
    )
    world.network.serve_handle(f"{name}@{host}", uri)
    _taken_in(deliver)
    old.refresh_from_db()
    assert old.moved_to is not None and old.moved_to.uri == uri
    assert Follow.objects.filter(account=world.zoe, target=old.moved_to).exists()


def _report(world: World, deliver: Deliver) -> None:
    expect = world.entry.expect
    reported = world.zoe
    for uri in expect.get("objects") or [expect["target"]]:
        # People are named first, their statuses after them.
        if "/statuses/" in uri or "/scrubbed/" in uri:
            world.status(uri, reported)
        else:
            reported = world.local(uri)
    _taken_in(deliver)
    report = Report.objects.get()
    assert report.account.uri == world.actor_uri and report.target_account.is_local
    if "comment" in expect:
        assert report.comment == expect["comment"]
    if "comment_length" in expect:
        assert len(report.comment) == expect["comment_length"]


def _pin(world: World, deliver: Deliver) -> None:
    """Only what goes to the actor's own featured posts is pinned; other collections are none of ours."""
    is_own = _has_own_featured(world)
    _taken_in(deliver)
    assert StatusPin.objects.filter(status__uri=world.object_uri).exists() == is_own


def _unpin(world: World, deliver: Deliver) -> None:
    is_own = _has_own_featured(world)
    actor = world.remote(world.actor_uri)
    status = world.status(world.object_uri, actor)
    StatusPin.objects.create(account=actor, status=status, created_at=LONG_AGO)
    _taken_in(deliver)
    assert StatusPin.objects.filter(status=status).exists() != is_own


def _has_own_featured(world: World) -> bool:
    target = str(world.entry.expect["target"])
    if not re.search("featured|pinned", target):
        return False
    actor = world.remote(world.actor_uri)
    Account.objects.filter(pk=actor.pk).update(featured_url=target)
    world.status(world.object_uri, actor)
    return True


# Quotes


def _quote_request(world: World, deliver: Deliver) -> None:
    expect = world.entry.expect
    quoted = world.ours(expect["object"], quote_automatic=["public"])
    if not objects_in(world.entry.document.get("instrument")):
        world.serve_note(expect["instrument"], world.remote(world.actor_uri), quote=quoted.uri)
    _taken_in(deliver)
    quote = Quote.objects.get(status__uri=expect["instrument"])
    assert (quote.quoted, quote.state) == (quoted, Quote.State.ACCEPTED)


def _asked_quote(world: World) -> Quote:
    quoted = world.status(id_in(world.embedded.get("object")), world.remote(world.actor_uri))
    uri = id_in(world.embedded.get("instrument"))
    return world.quote(world.ours(uri), quoted, request_uri=world.object_uri)


def _accept_quote(world: World, deliver: Deliver) -> None:
    quote = _asked_quote(world)
    _taken_in(deliver)
    quote.refresh_from_db()
    assert (quote.state, quote.approval_uri) == (Quote.State.ACCEPTED, world.entry.expect["result"])


def _reject_quote(world: World, deliver: Deliver) -> None:
    quote = _asked_quote(world)
    _taken_in(deliver)
    quote.refresh_from_db()
    assert quote.state == Quote.State.REJECTED


# Nothing


def _nothing(world: World, deliver: Deliver) -> None:
    """It is refused or ignored: whatever it names is there, belongs to others, and stays as it is."""
    _bystanders(world)
    before = _everything()
    status = deliver()
    assert status < 500
    assert _everything() == before


def _bystanders(world: World) -> None:
    uri = world.object_uri
    if not uri.startswith("http") or uri == world.actor_uri:
        return
    kind, reason = world.entry.document.get("type"), world.entry.expect.get("reason")
    others = world.remote(f"{uri.partition('#')[0].rpartition('/')[0]}/bystander")
    if kind == "Undo":
        world.follow(others, world.zoe, uri=uri)
        world.favourite(others, world.ours("https://local.example/users/zoe/statuses/1"), f"{uri}/like")
    elif reason == "not_announceable":
        world.status(uri, others, visibility="private")
    elif kind in ("Update", "Delete", "Add", "Remove") or reason == "known_status_has_other_author":
        world.status(uri, others)
    elif kind in ("QuoteRequest", "EmojiReact", "Dislike", "Lock", "Bite"):
        world.ours(uri, quote_automatic=["public"])


def _everything() -> list[Any]:
    """All rows that an activity could have made, changed or removed."""
    return [
        list(Account.objects.order_by("pk").values_list("uri", "display_name", "moved_to")),
        list(Status.objects.order_by("pk").values_list("uri", "content", "deleted_at", "edited_at")),
        list(Follow.objects.order_by("pk").values_list("account", "target", "uri", "accepted_at")),
        list(Favourite.objects.order_by("pk").values_list("account", "status")),
        list(Block.objects.order_by("pk").values_list("account", "target")),
        list(Report.objects.order_by("pk").values_list("account", "target_account")),
        list(Quote.objects.order_by("pk").values_list("status", "quoted_uri", "state")),
        list(StatusPin.objects.order_by("pk").values_list("account", "status")),
    ]


_CHECKS: dict[str, Check] = {
    "status": _status,
    "status_update": _status_update,
    "status_delete": _status_delete,
    "fetch_object": _fetch_object,
    "poll_vote": _poll_vote,
    "boost": _boost,
    "boost_after_fetch": _boost,
    "undo_announce": _undo_announce,
    "favourite": _favourite,
    "undo_like": _undo_like,
    "undo_by_id": _undo_like,
    "follow_request": _follow_request,
    "undo_follow": _undo_follow,
    "undo_block": _undo_block,
    "undo_accept": _undo_accept,
    "accept_follow": _accept_follow,
    "accept_by_id": _accept_follow,
    "reject_follow": _reject_follow,
    "reject_by_id": _reject_follow,
    "block": _block,
    "account_update": _account_update,
    "account_delete": _account_delete,
    "move": _move,
    "report": _report,
    "pin_if_target_is_own_featured": _pin,
    "unpin_if_target_is_own_featured": _unpin,
    "quote_request": _quote_request,
    "accept_quote": _accept_quote,
    "reject_quote": _reject_quote,
    "reject": _nothing,
    "ignore": _nothing,
    "fragment": _nothing,
}
