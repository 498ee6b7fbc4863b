"""Search: people by name, hashtags by beginning, anything by its address, and servers that do not answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import Value
from django.db.models.lookups import Contains

from accounts.models import Account
from core.folded import Folded
from tests.cast import ApiClient
from tests.contract.contract import entity_faults
from tests.timelines.people import Person
from timelines.models import Status

pytestmark = pytest.mark.django_db
SEARCH = "/api/v2/search"


def found(app: ApiClient, text: str, **params: Any) -> dict[str, list[str]]:
    """Return what is found: handles, ids of statuses, names of hashtags."""
    answer = app.get(SEARCH, {"q": text, **params})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert entity_faults("Search", body) == []
    return {
        "accounts": [account["acct"] for account in body["accounts"]],
        "statuses": [status["id"] for status in body["statuses"]],
        "hashtags": [tag["name"] for tag in body["hashtags"]],
    }


def test_names_and_hashtags_are_found_by_their_beginning(
    anna: Person, dora: Account, run_jobs: Callable[[], None]
) -> None:
    anna.post("#Dorffest")
    anna.post("#DorfGeheimnis", visibility="private")
    run_jobs()

    assert found(anna.app, "dor") == {
        "accounts": ["dora@elsewhere.example"],
        "statuses": [],
        "hashtags": ["Dorffest"],
    }
    assert found(anna.app, "@dora@elsewhere.example")["accounts"] == ["dora@elsewhere.example"]
    assert found(anna.app, "#dorf", type="hashtags")["hashtags"] == ["Dorffest"]
    assert found(anna.app, "dor", type="hashtags")["accounts"] == []
    assert found(anna.app, "dor", type="accounts", offset=1)["accounts"] == []
    assert found(anna.app, "dor", following="true")["accounts"] == []


def test_what_is_known_is_found_by_its_address(anna: Person, cem: Person, dora: Account) -> None:
    status = anna.post()
    secret = anna.post(visibility="private")
    distant = Status.objects.create(
        uri="https://elsewhere.example/objects/1",
        url="https://elsewhere.example/@dora/1",
        account=dora,
        is_local=False,
        visibility="public",
        created_at=datetime.now(UTC),
    )

    assert found(cem.app, status["url"])["statuses"] == [status["id"]]
    assert found(cem.app, status["uri"], resolve="true")["statuses"] == [status["id"]]
    assert found(cem.app, secret["url"], resolve="true")["statuses"] == []
    assert found(cem.app, "https://elsewhere.example/@dora/1")["statuses"] == [str(distant.pk)]
    assert found(cem.app, dora.url)["accounts"] == ["dora@elsewhere.example"]
    assert found(cem.app, dora.url, type="statuses")["accounts"] == []


def test_a_server_that_does_not_answer_is_named_as_the_reason(anna: Person) -> None:
    for text in ("https://nirgends.example/@wer", "@wer@nirgends.example"):
        answer = anna.app.get(SEARCH, {"q": text, "resolve": "true"})
        assert answer.status_code == 503
        assert "could not be reached" in answer.json()["error"]
        assert set(map(tuple, found(anna.app, text).values())) == {()}


def test_unknown_addresses_of_our_own_are_not_found(anna: Person) -> None:
    from django.conf import settings

    text = f"{settings.BASE_URL}/@niemand/123"
    assert set(map(tuple, found(anna.app, text, resolve="true").values())) == {()}


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 400),
        ({"q": ""}, 400),
        ({"q": "a", "limit": "-1"}, 400),
        ({"q": "a", "offset": "-1"}, 400),
    ],
)
def test_bad_questions(anna: Person, params: dict[str, str], status: int) -> None:
    assert anna.app.get(SEARCH, params).status_code == status


def test_anonymous_callers_neither_resolve_nor_skip(anna: Person, anybody: ApiClient) -> None:
    assert found(anybody, "ann")["accounts"] == ["anna"]
    for params in ({"resolve": "true"}, {"offset": "1", "type": "accounts"}):
        assert anybody.get(SEARCH, {"q": "ann", **params}).status_code == 401


@pytest.mark.parametrize("text", ["müller", "muller", "MÜLLER", "Öko-Mü", "oko", "llerin"])
def test_names_are_found_without_their_accents(anna: Person, text: str) -> None:
    Account.objects.filter(pk=anna.account.pk).update(display_name="Öko-Müllerin José")
    assert found(anna.app, text, type="accounts")["accounts"] == ["anna"]


@pytest.mark.parametrize("text", ["mueller", "jose%", "o_o", "\\", "ö%"])
def test_no_sign_stands_for_another(anna: Person, text: str) -> None:
    Account.objects.filter(pk=anna.account.pk).update(display_name="Öko-Müllerin José")
    assert found(anna.app, text, type="accounts")["accounts"] == []


def test_parts_of_names_are_found_by_their_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Account.objects.filter(Contains(Folded("display_name"), Folded(Value("müll")))).explain()
    assert "account_display_name_parts" in plan
