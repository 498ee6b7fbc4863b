"""Two servers of this code and two people, signed up and signed in as people do it."""

from collections.abc import Iterator

import pytest

from tests.people import Person, join
from tests.running_server import RunningServer, two_servers


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two running servers that may reach each other."""
    with two_servers() as both:
        yield both


@pytest.fixture(scope="session")
def anna(servers: tuple[RunningServer, RunningServer]) -> Person:
    """Anna, on the first server."""
    return join(servers[0], "anna", language="de")


@pytest.fixture(scope="session")
def dora(servers: tuple[RunningServer, RunningServer]) -> Person:
    """Dora, who lives on the second server."""
    return join(servers[1], "dora", language="en")
