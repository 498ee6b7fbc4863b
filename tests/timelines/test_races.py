"""Many requests at the same moment, with real threads and real commits."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from tests.timelines.people import Person, person
from timelines.models import Notification, Status

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


@pytest.fixture
def people() -> Iterator[tuple[Person, Person]]:
    """Anna, who writes, and Cem; made here, since these tests commit."""
    yield person("anna"), person("cem")


def at_once(call: Callable[[int], Any]) -> list[Any]:
    """Make calls at the same moment, each in a thread of its own, and return what they give."""
    barrier = Barrier(AT_ONCE)

    def run(number: int) -> Any:
        try:
            barrier.wait(timeout=20)
            return call(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


def test_one_key_makes_one_status(people: tuple[Person, Person]) -> None:
    anna, _ = people

    answers = at_once(
        lambda _: anna.app.post("/api/v1/statuses", {"status": "einmal"}, Idempotency_Key="derselbe")
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Status.objects.count() == 1
    anna.account.refresh_from_db()
    assert anna.account.statuses_count == 1


def test_one_person_favours_and_reblogs_once(people: tuple[Person, Person]) -> None:
    anna, cem = people
    status = anna.post()

    verbs = ["favourite", "reblog"]
    answers = at_once(lambda number: cem.app.post(f"/api/v1/statuses/{status['id']}/{verbs[number % 2]}"))

    assert {answer.status_code for answer in answers} == {200}
    row = Status.objects.get(pk=status["id"])
    assert (row.favourites_count, row.reblogs_count) == (1, 1)
    assert Status.objects.filter(reblog_of=row).count() == 1
    assert Notification.objects.count() == 2


def test_taking_back_at_once_counts_once(people: tuple[Person, Person]) -> None:
    anna, cem = people
    status = anna.post()
    for verb in ("favourite", "reblog"):
        cem.do(verb, status)
        anna.do(verb, status)

    verbs = ["unfavourite", "unreblog"]
    answers = at_once(lambda number: cem.app.post(f"/api/v1/statuses/{status['id']}/{verbs[number % 2]}"))

    assert {answer.status_code for answer in answers} == {200}
    row = Status.objects.get(pk=status["id"])
    assert (row.favourites_count, row.reblogs_count) == (1, 1)


def test_at_most_five_pins(people: tuple[Person, Person]) -> None:
    anna, _ = people
    statuses = [anna.post(str(number)) for number in range(AT_ONCE)]

    answers = at_once(lambda number: anna.app.post(f"/api/v1/statuses/{statuses[number]['id']}/pin"))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [422]


def test_replies_and_the_deletion_of_their_parent(people: tuple[Person, Person]) -> None:
    anna, cem = people
    root = anna.post("Frage")

    def reply_or_delete(number: int) -> Any:
        if number == 0:
            return anna.app.delete(f"/api/v1/statuses/{root['id']}")
        return cem.app.post("/api/v1/statuses", {"status": f"@anna {number}", "in_reply_to_id": root["id"]})

    answers = at_once(reply_or_delete)

    assert {answer.status_code for answer in answers} <= {200, 404}
    assert answers[0].status_code == 200
    replies = [answer for answer in answers[1:] if answer.status_code == 200]
    cem.account.refresh_from_db()
    assert cem.account.statuses_count == len(replies)
