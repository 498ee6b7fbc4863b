"""A server in threads, and two people who signed in to real apps as people do: login page, consent, code."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.in_process import WebServer, committed_rows, serve_streaming, serve_web


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Rows are really committed, as ever by this name, but emptied only after the last test of a module."""
    with committed_rows(django_db_blocker):
        yield


@pytest.fixture(scope="module")
def server(transactional_db: None) -> Iterator[WebServer]:
    """Web and streaming, each at a port of its own, as after `bin/up`."""
    with serve_streaming(heartbeat_seconds=0.2) as streaming, serve_web(streaming) as web:
        yield web


@pytest.fixture(scope="module")
def join(server: WebServer) -> Callable[..., Any]:
    """Give a function that makes a person and signs them in to an app."""
    from tests.cast import make_account
    from tests.people import PASSWORD, Person, sign_in_to_app
    from tests.visitor import Visitor

    def make_person(name: str, **account: Any) -> Person:
        email = f"{name}@mail.example"
        make_account(name, password=PASSWORD, **account)
        with Visitor(server.base_url) as visitor:
            visitor.sign_in(email, PASSWORD)
            return Person(name, server, email, sign_in_to_app(server, visitor))

    return make_person


@pytest.fixture(scope="module")
def anna(join: Callable[..., Any]) -> Any:
    """Anna, an administrator."""
    return join("anna", role="admin")


@pytest.fixture(scope="module")
def bertha(join: Callable[..., Any]) -> Any:
    """Bertha, a member."""
    return join("bertha")
