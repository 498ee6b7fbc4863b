"""What accounts are to each other: the rules, the counters, who is told; with real threads for the races."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import relationships
from accounts.entities import render_relationship
from accounts.models import Account, Block, Follow, Mute
from core.errors import Forbidden, NotFound, Unprocessable
from federation.models import OutboundActivity
from tests.cast import make_account, make_remote_account

pytestmark = pytest.mark.django_db


def counters(*accounts: Account) -> list[tuple[int, int]]:
    for account in accounts:
        account.refresh_from_db()
    return [(account.following_count, account.followers_count) for account in accounts]


def sent() -> list[str]:
    return list(OutboundActivity.objects.order_by("id").values_list("activity_type", flat=True))


def test_an_open_account_is_followed_at_once():
    anna, bertha = make_account("anna"), make_account("bertha")
    relationships.follow(bertha, anna)
    relation = render_relationship(bertha, anna)
    assert (relation["following"], relation["requested"], relation["showing_reblogs"]) == (True, False, True)
    assert render_relationship(anna, bertha)["followed_by"] is True
    assert counters(anna, bertha) == [(0, 1), (1, 0)]


def test_a_locked_account_is_asked_and_answers():
    anna, bertha, cem = make_account("anna", locked=True), make_account("bertha"), make_account("cem")
    asked = relationships.follow(bertha, anna)
    assert render_relationship(bertha, anna)["requested"] is True
    assert render_relationship(anna, bertha)["requested_by"] is True
    assert counters(anna, bertha) == [(0, 0), (0, 0)]
    relationships.accept_follow(asked)
    relationships.accept_follow(asked)
    assert render_relationship(bertha, anna)["following"] is True
    assert counters(anna, bertha) == [(0, 1), (1, 0)]
    relationships.reject_follow(relationships.follow(cem, anna))
    assert render_relationship(cem, anna)["requested"] is False
    assert counters(anna, cem) == [(0, 1), (0, 0)]


def test_a_remote_account_is_asked_over_the_network():
    anna, dora = make_account("anna"), make_remote_account("dora")
    relationships.follow(anna, dora)
    assert render_relationship(anna, dora)["requested"] is True
    assert sent() == ["Follow"]
    relationships.unfollow(anna, dora)
    assert sent()[-1] == "Undo"
    assert render_relationship(anna, dora)["requested"] is False


def test_a_remote_follower_is_accepted_and_told_again_when_it_asks_again():
    anna, dora = make_account("anna"), make_remote_account("dora")
    relationships.follow(dora, anna, uri="https://elsewhere.example/follows/1")
    relationships.follow(dora, anna, uri="https://elsewhere.example/follows/2")
    assert sent() == ["Accept", "Accept"]
    assert Follow.objects.get().uri == "https://elsewhere.example/follows/2"
    assert counters(anna) == [(0, 1)]
    relationships.remove_follower(anna, dora)
    assert sent()[-1] == "Reject"
    assert counters(anna) == [(0, 0)]


def test_a_silenced_account_has_to_ask():
    anna, dora = make_account("anna"), make_remote_account("dora", silenced_at=timezone.now())
    relationships.follow(dora, anna, uri="https://elsewhere.example/follows/1")
    assert render_relationship(anna, dora)["requested_by"] is True
    assert sent() == []


def test_following_again_changes_only_what_is_given():
    anna, bertha = make_account("anna"), make_account("bertha")
    relationships.follow(bertha, anna, show_reblogs=False, languages=["de"])
    relationships.follow(bertha, anna, notify=True)
    relation = render_relationship(bertha, anna)
    assert (relation["showing_reblogs"], relation["notifying"], relation["languages"]) == (
        False,
        True,
        ["de"],
    )
    assert counters(anna) == [(0, 1)]


def test_nobody_follows_oneself_a_blocker_a_blocked_or_someone_who_moved_or_is_suspended():
    anna, bertha, cem = make_account("anna"), make_account("bertha"), make_account("cem")
    relationships.block(anna, bertha)
    gone = make_account("gone", suspended_at=timezone.now())
    moved = make_account("moved", moved_to=cem)
    for account, target in [(anna, anna), (anna, bertha), (bertha, anna), (cem, moved)]:
        with pytest.raises(Forbidden):
            relationships.follow(account, target)
    with pytest.raises(NotFound):
        relationships.follow(cem, gone)
    assert not Follow.objects.exists()


def test_a_block_ends_follows_both_ways_and_is_told():
    anna, dora = make_account("anna"), make_remote_account("dora")
    relationships.follow(dora, anna, uri="https://elsewhere.example/follows/1")
    relationships.accept_follow(relationships.follow(anna, dora))
    relationships.block(anna, dora)
    relationships.block(anna, dora)
    assert not Follow.objects.exists()
    assert counters(anna, dora) == [(0, 0), (0, 0)]
    assert set(sent()) >= {"Block", "Reject", "Undo"}
    assert render_relationship(anna, dora)["blocking"] is True
    assert render_relationship(dora, anna)["blocked_by"] is True
    relationships.unblock(anna, dora)
    assert not Block.objects.exists()
    assert sent()[-1] == "Undo"


def test_a_remote_block_is_not_answered():
    anna, dora = make_account("anna"), make_remote_account("dora")
    relationships.accept_follow(relationships.follow(anna, dora))
    OutboundActivity.objects.all().delete()
    relationships.block(dora, anna, uri="https://elsewhere.example/blocks/1")
    assert not Follow.objects.exists()
    assert sent() == []
    with pytest.raises(Forbidden):
        relationships.follow(anna, dora)


def test_a_mute_ends_by_itself_or_by_hand():
    anna, cem = make_account("anna"), make_account("cem")
    relationships.mute(anna, cem, duration_seconds=60)
    relationships.mute(anna, cem, hide_notifications=False, duration_seconds=120)
    relation = render_relationship(anna, cem)
    assert (relation["muting"], relation["muting_notifications"]) == (True, False)
    ends_in = Mute.objects.get().expires_at - timezone.now()
    assert timedelta(seconds=100) < ends_in <= timedelta(seconds=120)
    # The database's clock decides, which no test can turn.
    Mute.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert render_relationship(anna, cem)["muting"] is False
    relationships.unmute(anna, cem)
    assert not Mute.objects.exists()
    assert render_relationship(cem, anna)["muting"] is False


def test_hiding_a_domain_ends_follows_to_and_from_there():
    anna, bertha = make_account("anna"), make_account("bertha")
    dora, emil = make_remote_account("dora"), make_remote_account("emil", "other.example")
    relationships.follow(dora, anna, uri="https://elsewhere.example/follows/1")
    relationships.accept_follow(relationships.follow(anna, dora))
    relationships.accept_follow(relationships.follow(anna, emil))
    relationships.follow(bertha, anna)
    relationships.block_domain(anna, "Elsewhere.Example")
    assert render_relationship(anna, dora)["domain_blocking"] is True
    assert counters(anna, dora, emil) == [(1, 1), (0, 0), (0, 1)]
    with pytest.raises(Forbidden):
        relationships.follow(anna, dora)
    relationships.unblock_domain(anna, "elsewhere.example")
    assert render_relationship(anna, dora)["domain_blocking"] is False
    with pytest.raises(Unprocessable):
        relationships.block_domain(anna, "no domain/at all")


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Run these in threads that start together; return what they raised."""
    gate, raised = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        gate.wait()
        try:
            work()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_following_twice_at_once_is_one_follow():
    anna, bertha = make_account("anna"), make_account("bertha")
    assert at_once(*[lambda: relationships.follow(bertha, anna)] * 8) == []
    assert Follow.objects.count() == 1
    assert counters(anna, bertha) == [(0, 1), (1, 0)]


@pytest.mark.django_db(transaction=True)
def test_following_each_other_and_leaving_at_once_keeps_the_counters_right():
    anna, bertha = make_account("anna"), make_account("bertha")
    follows = [lambda: relationships.follow(anna, bertha), lambda: relationships.follow(bertha, anna)] * 4
    assert at_once(*follows) == []
    assert counters(anna, bertha) == [(1, 1), (1, 1)]
    assert at_once(*[lambda: relationships.unfollow(anna, bertha)] * 6) == []
    assert counters(anna, bertha) == [(0, 1), (1, 0)]
