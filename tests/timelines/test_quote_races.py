"""Quotes, deletions and changes of mind at the same moment, with real threads and real commits."""

from collections.abc import Iterator

import pytest

from tests.timelines.people import Person, person
from tests.timelines.test_quotes import quote, revoke, try_to_quote
from tests.timelines.test_races import AT_ONCE, at_once
from timelines.models import Notification, Quote, Status

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people() -> Iterator[tuple[Person, Person]]:
    """Anna, who is quoted, and Cem; made here, since these tests commit."""
    yield person("anna"), person("cem")


def test_all_quotes_are_counted(people: tuple[Person, Person]) -> None:
    anna, cem = people
    said = anna.post()

    answers = at_once(lambda _: try_to_quote(cem, said))

    assert set(answers) == {200}
    assert Status.objects.get(pk=said["id"]).quotes_count == AT_ONCE
    assert Notification.objects.filter(type="quote").count() == AT_ONCE


def test_consent_is_withdrawn_once(people: tuple[Person, Person]) -> None:
    anna, cem = people
    said = anna.post()
    made = [quote(cem, said) for _ in range(2)]

    answers = at_once(lambda _: revoke(anna, said, made[0]).status_code)

    assert set(answers) == {200}
    assert Status.objects.get(pk=said["id"]).quotes_count == 1


def test_a_deletion_while_others_quote_and_withdraw(people: tuple[Person, Person]) -> None:
    anna, cem = people
    said = anna.post()
    made = [quote(cem, said) for _ in range(AT_ONCE)]

    def act(number: int) -> int:
        if number == 0:
            return int(anna.app.delete(f"/api/v1/statuses/{said['id']}").status_code)
        if number % 3 == 0:
            return try_to_quote(cem, said)
        if number % 3 == 1:
            return int(revoke(anna, said, made[number]).status_code)
        return int(cem.app.delete(f"/api/v1/statuses/{made[number]['id']}").status_code)

    answers = at_once(act)

    assert answers[0] == 200 and set(answers) <= {200, 404}
    assert not Quote.objects.filter(state="accepted").exists()
