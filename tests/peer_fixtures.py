"""The people who meet across servers: Anna lives here, Dora and Emil elsewhere.

Imported by the conftest.py of the tests of federation in accounts and timelines.

Imports wait until the fixtures run: pytest reads this file before the settings can be read.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from accounts.models import Account
    from tests.peer import Person


@pytest.fixture
def anna(db: None) -> "Account":
    """Anna, who lives here."""
    from tests.cast import make_account

    return make_account("anna")


@pytest.fixture
def dora(settings: Any, run_jobs: Callable[[], None]) -> "Iterator[Person]":
    """Dora, on a server of her own."""
    from tests.peer import elsewhere

    with elsewhere(settings, "dora", run_jobs) as live_there:
        yield live_there("dora")


@pytest.fixture
def emil(settings: Any, run_jobs: Callable[[], None]) -> "Iterator[Person]":
    """Emil, on another one."""
    from tests.peer import elsewhere

    with elsewhere(settings, "emil", run_jobs) as live_there:
        yield live_there("emil")
