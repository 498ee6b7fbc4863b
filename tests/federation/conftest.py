"""The peers that the tests of federation meet: Dora's and Emil's servers."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.federation.fake_peer import FakePeer, running_peer


@pytest.fixture(autouse=True)
def _only_the_protocol(settings: Any) -> None:
    """This floor's own doors: what stands above must not be needed to test it."""
    settings.ROOT_URLCONF = "federation.urls"


@pytest.fixture
def dora(settings: Any) -> Iterator[FakePeer]:
    """Dora's server, with Dora on it."""
    with running_peer(settings, "dora") as peer:
        peer.add_actor("dora")
        yield peer


@pytest.fixture
def emil(settings: Any) -> Iterator[FakePeer]:
    """Emil's server, with Emil on it."""
    with running_peer(settings, "emil") as peer:
        peer.add_actor("emil")
        yield peer
