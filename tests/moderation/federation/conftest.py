"""Anna lives here, Dora and Emil elsewhere."""

from tests.peer_fixtures import anna, dora, emil

__all__ = ["anna", "dora", "emil"]
