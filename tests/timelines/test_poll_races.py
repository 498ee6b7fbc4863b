"""Many votes at the same moment, with real threads and real commits."""

from collections.abc import Iterator

import pytest

from tests.timelines.people import Person, person
from tests.timelines.test_polls import ask, end, vote
from tests.timelines.test_races import AT_ONCE, at_once
from timelines.models import Notification, Poll, PollVote
from timelines.polls import close_poll

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people() -> Iterator[tuple[Person, Person]]:
    """Anna, who asks, and Cem; made here, since these tests commit."""
    yield person("anna"), person("cem")


def test_a_single_choice_counts_exactly_once(people: tuple[Person, Person]) -> None:
    anna, cem = people
    status = ask(anna)

    answers = at_once(lambda number: vote(cem, status, number % 2))

    assert sorted(answer.status_code for answer in answers) == [200] + [422] * (AT_ONCE - 1)
    poll = Poll.objects.get()
    assert (sum(poll.tallies), poll.voters_count, PollVote.objects.count()) == (1, 1, 1)


def test_several_choices_count_once_each(people: tuple[Person, Person]) -> None:
    anna, cem = people
    status = ask(anna, "a", "b", "c", poll_multiple=True)

    at_once(lambda number: vote(cem, status, number % 3))

    poll = Poll.objects.get()
    assert (poll.tallies, poll.voters_count, PollVote.objects.count()) == ([1, 1, 1], 1, 3)


def test_the_votes_of_many_are_all_counted(people: tuple[Person, Person]) -> None:
    status = ask(people[0])
    voters = [person(f"voter{number}") for number in range(AT_ONCE)]

    answers = at_once(lambda number: vote(voters[number], status, 0))

    assert {answer.status_code for answer in answers} == {200}
    poll = Poll.objects.get()
    assert (poll.tallies, poll.voters_count) == ([AT_ONCE, 0], AT_ONCE)


def test_the_end_is_told_once_by_jobs_that_run_at_once(people: tuple[Person, Person]) -> None:
    anna, cem = people
    status = ask(anna)
    vote(cem, status, 0)
    end(status)

    at_once(lambda _: close_poll(poll_id=int(status["poll"]["id"])))

    assert Notification.objects.filter(type="poll").count() == 2
