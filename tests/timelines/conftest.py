"""The people of these tests: Anna writes, Bertha follows her, Cem is a stranger; Dora lives elsewhere.

Nothing of Django can be imported up here: this is read before the settings are.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from accounts.models import Account
    from tests.cast import ApiClient
    from tests.timelines.listening import Listener
    from tests.timelines.people import Person


@pytest.fixture
def anna(db: None) -> "Person":
    from tests.timelines.people import person

    return person("anna")


@pytest.fixture
def bertha(anna: "Person") -> "Person":
    from tests.timelines.people import let_follow, person

    bertha = person("bertha")
    let_follow(bertha.account, anna.account)
    return bertha


@pytest.fixture
def cem(db: None) -> "Person":
    from tests.timelines.people import person

    return person("cem")


@pytest.fixture
def dora(db: None) -> "Account":
    from tests.cast import make_remote_account

    return make_remote_account("dora")


@pytest.fixture
def anybody(db: None) -> "ApiClient":
    """An app without a token."""
    from tests.cast import api_client

    return api_client()


@pytest.fixture
def listen() -> "Iterator[Callable[..., Listener]]":
    """Give a function that starts to listen to channels."""
    from tests.timelines.listening import Listener

    listeners: list[Listener] = []

    def start(*channels: str, readers: "tuple[Account, ...]" = ()) -> Listener:
        listeners.append(Listener(*channels, readers=readers))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()
