"""Every payload of the corpus, through the real inbox or the real fetch path, comes to what it must come to.

The rest of the world is in memory, PostgreSQL and Valkey are real, and every entry is rolled back.
"""

from typing import Any

import pytest
from time_machine import travel

from core import http
from tests.corpus.activities import run_activity
from tests.corpus.documents import run_document
from tests.corpus.entries import Entry, load_entries
from tests.corpus.network import FakeNetwork
from tests.corpus.world import World

pytestmark = pytest.mark.django_db

# The day on which the corpus was closed.
TODAY = "2026-12-01T12:00:00Z"


@pytest.mark.parametrize("entry", load_entries(), ids=lambda entry: entry.file.removesuffix(".json"))
def test_payload(entry: Entry, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network = FakeNetwork()
    monkeypatch.setattr(http.current_wire(), "transport", network)
    with travel(TODAY):
        world = World(entry, network, settings)
        if entry.kind == "activity":
            run_activity(world, entry, lambda body=entry.body: world.deliver(body, monkeypatch))
        else:
            run_document(world, entry)
