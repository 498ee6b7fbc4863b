"""Activities that arrive at the same moment in two workers: whatever comes first, the end is the same."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection

from accounts import relationships
from accounts.models import Account
from accounts.remote import account_from_uri
from core.errors import AppError
from federation.vocab import Activity, read_activity
from tests.peer import Document, Person, elsewhere
from timelines.inbox import receive_create, receive_delete
from timelines.models import Status

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dora(settings: Any) -> Iterator[Person]:
    """Dora, whose jobs run at once: these tests really commit."""
    with elsewhere(settings, "dora", lambda: None) as live_there:
        yield live_there("dora")


def at_once(*works: Callable[[], object]) -> None:
    """Run functions in threads that start together."""
    start = threading.Barrier(len(works))
    faults: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            start.wait(10)
            work()
        except AppError:
            pass  # refused is a fine end
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not faults, faults


def read(document: Document) -> Activity:
    activity = read_activity(document, recipient_uri="", received_at=datetime.now(UTC))
    assert activity is not None
    return activity


def test_a_post_and_its_deletion_at_once_leave_no_post(anna: Account, dora: Person) -> None:
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    for _round in range(5):
        note = dora.note()
        create, delete = dora.activity("Create", note), dora.activity("Delete", note["id"])
        at_once(partial(receive_create, read(create)), partial(receive_delete, read(delete)))
        assert not Status.objects.kept().filter(uri=note["id"]).exists()


def test_the_same_post_twice_at_once_is_one_post(anna: Account, dora: Person) -> None:
    relationships.accept_follow(relationships.follow(anna, dora.account()))
    note = dora.note(tag=[{"type": "Hashtag", "name": "#b"}, {"type": "Hashtag", "name": "#a"}])
    create = dora.activity("Create", note)
    at_once(*[partial(receive_create, read(create))] * 3)
    assert Status.objects.filter(uri=note["id"]).count() == 1


def test_a_stranger_seen_by_three_workers_at_once_is_one_account(anna: Account, dora: Person) -> None:
    at_once(*[partial(account_from_uri, dora.uri)] * 3)
    assert Account.objects.filter(uri=dora.uri).count() == 1
