"""Moves between servers: whom they are believed, and what goes along."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import relationships
from accounts.models import Account, AccountNote, Block, Follow, Move, Mute
from accounts.moves import COOLDOWN, SWEEP_AFTER, add_alias, move_account, remove_alias, sweep_moves
from accounts.notes import write_note
from core.errors import Unprocessable
from tests.cast import make_account
from tests.peer import Person, verdicts
from timelines.lists import ListChanges, add_members, create_list
from timelines.models import ListAccount

pytestmark = pytest.mark.django_db


def follow_accepted(account: Account, person: Person, **options: Any) -> Follow:
    row = relationships.follow(account, person.account(), **options)
    relationships.accept_follow(row)
    return row


def test_a_move_takes_everybody_along(anna: Account, dora: Person, emil: Person) -> None:
    bertha, cem = make_account("bertha"), make_account("cem")
    follow_accepted(anna, dora, show_reblogs=False, notify=True, languages=["de"])
    friends = create_list(anna, ListChanges(title="Friends"))
    add_members(friends, [dora.account().pk])
    write_note(anna, dora.account(), "met in Rome")
    relationships.block(bertha, dora.account())
    relationships.mute(cem, dora.account(), hide_notifications=False, duration_seconds=3600)
    emil.account()
    emil.change(alsoKnownAs=[dora.uri])
    dora.does("Move", dora.uri, target=emil.uri)

    new = emil.account()
    assert dora.account().moved_to == new
    follow = Follow.objects.get()
    assert (follow.account, follow.target, follow.notify, follow.show_reblogs) == (anna, new, True, False)
    assert follow.languages == ["de"]
    assert [document["object"] for document in emil.inbox("Follow")] == [emil.uri]
    assert [document["object"]["object"] for document in dora.inbox("Undo")] == [dora.uri]
    assert ListAccount.objects.get(list=friends).account == new
    assert AccountNote.objects.get(account=anna, target=new).comment == "met in Rome"
    assert Block.objects.filter(account=bertha, target=new).exists()
    assert f"dora@{dora.peer.host}" in AccountNote.objects.get(account=bertha, target=new).comment
    muted = Mute.objects.get(account=cem, target=new)
    assert not muted.hide_notifications and muted.expires_at is not None


def test_a_move_whose_job_was_lost_is_carried_over_later(anna: Account, dora: Person, emil: Person) -> None:
    follow_accepted(anna, dora)
    emil.account()
    now = timezone.now()
    move = Move.objects.create(account=dora.account(), target=emil.account(), created_at=now)
    sweep_moves(now)
    assert Follow.objects.get().target == dora.account()
    sweep_moves(now + SWEEP_AFTER + timedelta(seconds=1))
    assert Follow.objects.get().target == emil.account()
    move.refresh_from_db()
    assert move.carried_at is not None


def test_who_follows_the_new_account_already_does_not_block_it(
    anna: Account, dora: Person, emil: Person
) -> None:
    relationships.block(anna, dora.account())
    follow_accepted(anna, emil)
    emil.change(alsoKnownAs=[dora.uri])
    dora.does("Move", dora.uri, target=emil.uri)
    assert not Block.objects.filter(target=emil.account()).exists()


@pytest.mark.parametrize("fault", ["no alias", "somebody else", "no actor", "gone"])
def test_a_move_is_not_believed(anna: Account, dora: Person, emil: Person, fault: str) -> None:
    follow_accepted(anna, dora)
    target: Any = emil.uri
    if fault != "no alias":
        emil.change(alsoKnownAs=[dora.uri])
    if fault == "somebody else":
        frieda = Person(dora.peer, "frieda", dora.run_jobs)
        frieda.account()
        frieda.does("Move", dora.uri, target=target)
    else:
        target = {"no actor": None, "gone": f"{emil.peer.base}/nobody"}.get(fault, target)
        dora.does("Move", dora.uri, target=target)
    assert dora.account().moved_to is None
    assert Follow.objects.get().target == dora.account()
    assert verdicts()[-1][1] != ""


def test_nobody_moves_twice_within_a_week(anna: Account, dora: Person, emil: Person) -> None:
    follow_accepted(anna, dora)
    frieda = Person(emil.peer, "frieda", emil.run_jobs)
    for person in (emil, frieda):
        person.change(alsoKnownAs=[dora.uri])
    dora.does("Move", dora.uri, target=emil.uri)
    dora.does("Move", dora.uri, target=frieda.uri)
    assert dora.account().moved_to == emil.account()

    Move.objects.update(created_at=timezone.now() - COOLDOWN - timedelta(minutes=1))
    dora.does("Move", dora.uri, target=frieda.uri)
    assert dora.account().moved_to == frieda.account()


def test_nobody_can_follow_who_moved(anna: Account, dora: Person) -> None:
    Account.objects.filter(pk=anna.pk).update(moved_to=make_account("bertha"))
    follow = dora.does("Follow", anna.uri)
    assert [document["object"]["id"] for document in dora.inbox("Reject")] == [follow["id"]]


def test_one_of_ours_moves_away(
    anna: Account, dora: Person, emil: Person, run_jobs: Callable[[], None]
) -> None:
    bertha = make_account("bertha")
    relationships.follow(bertha, anna)
    dora.does("Follow", anna.uri)
    handle = f"emil@{emil.peer.host}"
    with pytest.raises(Unprocessable):
        move_account(anna, handle, timezone.now())

    emil.account()
    Account.objects.filter(uri=emil.uri).update(also_known_as=[anna.uri])
    move_account(anna, handle, timezone.now())
    run_jobs()
    [move] = dora.inbox("Move")
    assert (move["actor"], move["object"], move["target"]) == (anna.uri, anna.uri, emil.uri)
    assert move["to"] == [f"{anna.uri}/followers"] and move["id"].startswith(f"{anna.uri}#moves/")
    assert Follow.objects.filter(account=bertha, target=emil.account()).exists()
    assert not Follow.objects.filter(account=bertha, target=anna).exists()
    with pytest.raises(Unprocessable):
        move_account(anna, handle, timezone.now())


def test_one_from_elsewhere_may_move_here_by_an_alias(anna: Account, dora: Person) -> None:
    bertha = make_account("bertha")
    follow_accepted(bertha, dora)
    add_alias(anna, f"dora@{dora.peer.host}")
    anna.refresh_from_db()
    assert anna.also_known_as == [dora.uri]
    dora.does("Move", dora.uri, target=anna.uri)
    assert Follow.objects.accepted().filter(account=bertha, target=anna).exists()

    remove_alias(anna, f"dora@{dora.peer.host}")
    anna.refresh_from_db()
    assert anna.also_known_as == []
