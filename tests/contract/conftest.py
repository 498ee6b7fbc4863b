"""The world of the contract's cases, made once: each case works in a savepoint of it."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """One of everything that apps see, in a transaction around those of the tests."""
    from django.db import transaction

    from tests.contract.world import World

    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)
