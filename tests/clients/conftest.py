"""A server in threads, and two people who signed in to real apps as people do: login page, consent, code."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
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


@pytest.fixture(scope="module")
def world(
    join: Callable[..., Any], anna: Any, bertha: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a walk of a library in JavaScript knows from the start; see `tests/javascript.py`."""
    from accounts.models import Account
    from media.models import CustomEmoji
    from tests.javascript import install_libraries
    from tests.media.pictures import picture
    from timelines.announcements import publish_announcement

    install_libraries()
    CustomEmoji.objects.create(shortcode="blobcat", file="emojis/blobcat.png", updated_at=datetime.now(UTC))
    people = (anna, bertha, join("cem", locked=True), join("helga", discoverable=True))
    file = tmp_path_factory.mktemp("javascript") / "bild.png"
    file.write_bytes(picture())
    now = datetime.now(UTC)
    publish_announcement(Account.objects.get(username="anna"), "Fest am Samstag", now=now)
    _let_trend(anna, bertha, now)
    return {
        "url": anna.server.base_url,
        "domain": anna.server.domain,
        "picture": str(file),
        "people": {who.name: {"id": str(who.app.me().id), "token": who.app.access_token} for who in people},
    }


def _let_trend(anna: Any, bertha: Any, now: datetime) -> None:
    """Let two people say the same, and each other like it."""
    from accounts.models import Account
    from timelines.trends import renew

    Account.objects.filter(username__in=("anna", "bertha")).update(discoverable=True)
    for person, other in ((anna, bertha), (bertha, anna)):
        said = person.app.status_post("Das ist #Trend")
        for reader in (person, other):
            reader.app.status_favourite(said.id)
    renew(now)


@pytest.fixture
def consenting(anna: Any) -> Iterator[Callable[[str], str]]:
    """Give a function that opens the address an app shows, as Anna, consents and returns the code."""
    from tests.people import PASSWORD
    from tests.visitor import Visitor

    with Visitor(anna.server.base_url) as visitor:
        visitor.sign_in(anna.email, PASSWORD)
        yield visitor.consent
