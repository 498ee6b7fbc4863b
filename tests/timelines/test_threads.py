"""Threads: the way to a status and its replies, in order, within bounds, only what the reader may see."""

import pytest

from accounts.relationships import mute
from tests.cast import ApiClient
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, text_of
from timelines import threads
from timelines.models import Status
from timelines.threads import Bounds

pytestmark = pytest.mark.django_db


def context(app: ApiClient, status: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return the texts before and after a status."""
    answer = app.get(f"/api/v1/statuses/{status['id']}/context").json()
    assert entity_faults("Context", answer) == []
    return [text_of(row) for row in answer["ancestors"]], [text_of(row) for row in answer["descendants"]]


def test_a_thread_is_a_tree(anna: Person, cem: Person, anybody: ApiClient) -> None:
    root = anna.post("A")
    first = cem.post("B", in_reply_to_id=root["id"])
    second = cem.post("C", in_reply_to_id=root["id"])
    below = anna.post("B1", in_reply_to_id=first["id"])
    own = anna.post("D", in_reply_to_id=root["id"])

    assert context(anybody, root) == ([], ["D", "B", "B1", "C"])
    assert context(anybody, below) == (["A", "B"], [])
    assert context(anybody, second) == (["A"], [])
    assert context(anybody, own) == (["A"], [])


def test_the_reader_gets_only_what_is_for_them(anna: Person, cem: Person, bertha: Person) -> None:
    root = anna.post("A")
    hidden = anna.post("privat", in_reply_to_id=root["id"], visibility="private")
    bertha.post("dazu", in_reply_to_id=hidden["id"])

    assert context(bertha.app, root) == ([], ["privat", "dazu"])
    assert context(cem.app, root) == ([], ["dazu"])
    mute(cem.account, bertha.account)
    assert context(cem.app, root) == ([], [])


def test_deleted_links_do_not_break_the_chain(anna: Person, anybody: ApiClient) -> None:
    chain = [anna.post("0")]
    for number in range(1, 4):
        chain.append(anna.post(str(number), in_reply_to_id=chain[-1]["id"]))
    anna.app.delete(f"/api/v1/statuses/{chain[1]['id']}")

    assert context(anybody, chain[3]) == (["0", "2"], [])


def test_the_size_is_bounded(anna: Person, anybody: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "ANONYMOUS", Bounds(ancestors=2, descendants=3, depth=2))
    chain = [anna.post("0")]
    for number in range(1, 5):
        chain.append(anna.post(str(number), in_reply_to_id=chain[-1]["id"]))

    assert context(anybody, chain[0]) == ([], ["1", "2"])
    assert context(anybody, chain[4]) == (["2", "3"], [])
    for number in range(5):
        anna.post(f"x{number}", in_reply_to_id=chain[4]["id"])
    assert len(context(anybody, chain[4])[1]) == 3
    assert len(context(anna.app, chain[0])[1]) == 9


def test_a_loop_from_elsewhere_ends(anna: Person, anybody: ApiClient) -> None:
    first = anna.post("1")
    second = anna.post("2", in_reply_to_id=first["id"])
    Status.objects.filter(pk=first["id"]).update(in_reply_to=second["id"])

    assert context(anybody, first) == (["2"], ["2"])
