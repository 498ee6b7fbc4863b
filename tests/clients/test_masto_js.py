"""masto.js, the library of Elk and Phanpy, walks over what a member does."""

from typing import Any

import pytest

from tests.javascript import walk, walks_of


@pytest.mark.parametrize("name", walks_of("masto"))
def test_walk(name: str, world: dict[str, Any], consenting: Any) -> None:
    walk("masto", name, world, consenting)
