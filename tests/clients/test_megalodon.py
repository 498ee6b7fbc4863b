"""megalodon, the library of Whalebird and Fedistar, walks over what a member does."""

from typing import Any

import pytest

from tests.javascript import walk, walks_of


@pytest.mark.parametrize("name", walks_of("megalodon"))
def test_walk(name: str, world: dict[str, Any], consenting: Any) -> None:
    walk("megalodon", name, world, consenting)
