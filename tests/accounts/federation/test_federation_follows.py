"""Follows and blocks between servers: what comes in, what goes out, and what is refused."""

from typing import Any

import orjson
import pytest
from django.utils import timezone

from accounts import relationships
from accounts.models import Account, Block, Follow
from federation.models import Delivery, DomainPolicy, OutboundActivity
from tests.cast import make_account
from tests.peer import PUBLIC, Person, verdicts

pytestmark = pytest.mark.django_db


def owed() -> list[tuple[str, str]]:
    """Return (type, inbox) of every delivery that was ever owed."""
    rows = Delivery.objects.order_by("id").values_list("activity__activity_type", "inbox_url")
    return list(rows)


# They follow us


def test_a_follow_is_accepted_at_once_and_answered_with_their_own_words(anna: Account, dora: Person) -> None:
    follow = dora.does("Follow", anna.uri)

    row = Follow.objects.get(account__uri=dora.uri, target=anna)
    assert row.accepted_at is not None
    anna.refresh_from_db()
    assert anna.followers_count == 1
    [accept] = dora.inbox("Accept")
    assert accept["actor"] == anna.uri
    assert accept["to"] == [dora.uri]
    assert accept["object"] == {"id": follow["id"], "type": "Follow", "actor": dora.uri, "object": anna.uri}


def test_a_locked_account_is_asked_first_and_may_say_either(dora: Person) -> None:
    anna = make_account("anna", locked=True)
    dora.does("Follow", anna.uri)
    row = Follow.objects.get(account__uri=dora.uri)
    assert row.accepted_at is None
    assert dora.inbox() == []

    relationships.accept_follow(row)
    dora.run_jobs()
    assert [document["type"] for document in dora.inbox()] == ["Accept"]

    relationships.reject_follow(row)
    dora.run_jobs()
    [reject] = dora.inbox("Reject")
    assert reject["object"]["actor"] == dora.uri
    assert not Follow.objects.exists()


def test_who_comes_from_a_limited_server_asks_first(anna: Account, dora: Person) -> None:
    DomainPolicy.objects.create(domain=dora.peer.host, severity=DomainPolicy.Severity.SILENCE)
    dora.does("Follow", anna.uri)
    assert Follow.objects.get().accepted_at is None and dora.account().silenced_at is not None


def test_a_follow_that_holds_is_answered_again(anna: Account, dora: Person) -> None:
    dora.does("Follow", anna.uri)
    again = dora.does("Follow", anna.uri)

    assert [accept["object"]["id"] for accept in dora.inbox("Accept")][-1] == again["id"]
    anna.refresh_from_db()
    assert anna.followers_count == 1


def test_a_blocked_follower_gets_a_reject_and_no_row(anna: Account, dora: Person) -> None:
    Block.objects.create(account=anna, target=dora.account(), created_at=timezone.now())
    follow = dora.does("Follow", anna.uri)

    assert not Follow.objects.exists()
    [reject] = dora.inbox("Reject")
    assert reject["object"]["id"] == follow["id"]


@pytest.mark.parametrize(
    "target", [PUBLIC, "https://social.example/users/nobody", "https://x.example/y", None]
)
def test_a_follow_of_what_is_not_ours_is_ignored(anna: Account, dora: Person, target: Any) -> None:
    dora.does("Follow", target)
    assert not Follow.objects.exists()
    assert verdicts()[-1] == ("done", "")


@pytest.mark.parametrize("by_id", [True, False])
def test_an_undo_ends_the_follow(anna: Account, dora: Person, by_id: bool) -> None:
    follow = dora.does("Follow", anna.uri)
    dora.does("Undo", follow["id"] if by_id else {"type": "Follow", "actor": dora.uri, "object": anna.uri})

    assert not Follow.objects.exists()
    anna.refresh_from_db()
    assert anna.followers_count == 0


def test_nobody_can_undo_what_somebody_else_did(anna: Account, dora: Person, emil: Person) -> None:
    follow = dora.does("Follow", anna.uri)
    emil.does("Undo", follow["id"])
    emil.does("Undo", {"id": follow["id"], "type": "Follow", "actor": dora.uri, "object": anna.uri})
    assert verdicts()[-1][1].startswith("refused")
    assert Follow.objects.filter(account__uri=dora.uri, accepted_at__isnull=False).exists()


def test_a_follow_that_comes_after_its_undo_is_dropped(anna: Account, dora: Person) -> None:
    follow = dora.activity("Follow", anna.uri)
    dora.does("Undo", follow)
    dora.say(follow)
    assert not Follow.objects.exists()


def test_a_block_cuts_both_follows_and_can_be_lifted(anna: Account, dora: Person) -> None:
    dora.does("Follow", anna.uri)
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    block = dora.does("Block", anna.uri)

    assert not Follow.objects.exists()
    assert Block.objects.filter(account__uri=dora.uri, target=anna).exists()
    dora.does("Undo", block)
    assert not Block.objects.exists()


def test_a_ban_from_a_group_is_no_block(anna: Account, dora: Person) -> None:
    dora.does("Block", anna.uri, target=f"{dora.peer.base}/c/group")
    assert not Block.objects.exists()


# We follow them


def test_our_follow_is_asked_answered_and_undone(anna: Account, dora: Person) -> None:
    row = relationships.follow(anna, dora.account())
    dora.run_jobs()
    [follow] = dora.inbox("Follow")
    assert follow == {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{anna.uri}#follows/{row.pk}",
        "type": "Follow",
        "actor": anna.uri,
        "object": dora.uri,
    }
    assert Follow.objects.get().accepted_at is None

    dora.does("Accept", {key: follow[key] for key in ("id", "type", "actor", "object")})
    assert Follow.objects.get().accepted_at is not None
    anna.refresh_from_db()
    assert anna.following_count == 1

    relationships.unfollow(anna, dora.account())
    dora.run_jobs()
    [undo] = dora.inbox("Undo")
    assert undo["id"] == f"{anna.uri}#follows/{row.pk}/undo"
    assert undo["object"]["id"] == follow["id"]


@pytest.mark.parametrize("answer", ["bare id", "embedded without id", "embedded with a foreign id"])
def test_an_accept_is_understood_in_every_form(anna: Account, dora: Person, answer: str) -> None:
    row = relationships.follow(anna, dora.account())
    inner: Any = {"type": "Follow", "actor": anna.uri, "object": dora.uri}
    if answer == "bare id":
        inner = row.uri
    elif answer == "embedded with a foreign id":
        inner["id"] = f"{dora.uri}/copy-of-the-follow"
    dora.does("Accept", inner)
    assert Follow.objects.get().accepted_at is not None


def test_only_the_one_who_was_asked_can_accept(anna: Account, dora: Person, emil: Person) -> None:
    row = relationships.follow(anna, dora.account())
    emil.does("Accept", row.uri)
    emil.does("Accept", {"id": row.uri, "type": "Follow", "actor": anna.uri, "object": dora.uri})
    assert Follow.objects.get().accepted_at is None


def test_a_reject_refuses_and_also_ends(anna: Account, dora: Person) -> None:
    row = relationships.follow(anna, dora.account())
    dora.does("Accept", row.uri)
    dora.does("Reject", row.uri)
    assert not Follow.objects.exists()
    anna.refresh_from_db()
    assert anna.following_count == 0


@pytest.mark.parametrize(("by_origin", "ends"), [(True, True), (False, False)])
def test_who_is_suspended_begins_nothing_and_ends_only_what_its_own_server_lets(
    anna: Account, dora: Person, by_origin: bool, ends: bool
) -> None:
    row = relationships.follow(anna, dora.account())
    suspended = {"suspended_at": timezone.now(), "suspended_by_origin": by_origin}
    Account.objects.filter(uri=dora.uri).update(**suspended)
    dora.does("Accept", row.uri)
    assert Follow.objects.get().accepted_at is None
    dora.does("Reject", row.uri)
    assert Follow.objects.exists() is not ends


def test_an_accept_taken_back_makes_it_a_request_again(anna: Account, dora: Person) -> None:
    row = relationships.follow(anna, dora.account())
    accept = dora.does("Accept", row.uri)
    dora.does("Undo", {**accept, "object": row.uri})
    assert Follow.objects.get().accepted_at is None


def test_our_block_is_told_and_taken_back(anna: Account, dora: Person) -> None:
    row = relationships.block(anna, dora.account())
    relationships.unblock(anna, dora.account())
    sent = [orjson.loads(bytes(activity.body)) for activity in OutboundActivity.objects.order_by("id")]
    assert [document["type"] for document in sent] == ["Block", "Undo"]
    assert sent[0]["id"] == sent[1]["object"]["id"] == f"{anna.uri}#blocks/{row.pk}"


def test_what_two_people_here_do_is_no_business_of_others(anna: Account, dora: Person) -> None:
    dora.does("Follow", anna.uri)
    OutboundActivity.objects.all().delete()
    bertha = make_account("bertha")
    relationships.follow(bertha, anna)
    relationships.block(anna, bertha)
    assert owed() == []
