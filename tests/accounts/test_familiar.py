"""Familiar followers: who of those you follow also follows somebody."""

import pytest

from accounts.models import Account
from accounts.relationships import follow
from tests.cast import api_client, make_account

pytestmark = pytest.mark.django_db


def familiar(viewer: Account, *accounts: Account) -> list[tuple[str, list[str]]]:
    """Return ids and usernames as the app gets them."""
    ids = {"id[]": [account.pk for account in accounts]}
    answer = api_client(viewer).get("/api/v1/accounts/familiar_followers", ids)
    assert answer.status_code == 200
    return [(row["id"], [account["username"] for account in row["accounts"]]) for row in answer.json()]


@pytest.fixture
def cast() -> tuple[Account, Account, Account]:
    """Anna follows Bertha; Bertha and Emil follow Cem."""
    anna, bertha, cem, emil = (make_account(name) for name in ("anna", "bertha", "cem", "emil"))
    follow(anna, bertha)
    follow(bertha, cem)
    follow(emil, cem)
    return anna, bertha, cem


def test_only_followers_whom_you_follow_are_named(cast: tuple[Account, Account, Account]) -> None:
    anna, bertha, cem = cast
    assert familiar(anna, cem, bertha) == [(str(cem.pk), ["bertha"]), (str(bertha.pk), [])]


@pytest.mark.parametrize("hiding", ["bertha", "cem"])
def test_who_hides_it_is_not_named(cast: tuple[Account, Account, Account], hiding: str) -> None:
    anna, _, cem = cast
    Account.objects.filter(username=hiding).update(hide_collections=True)
    assert familiar(anna, cem) == [(str(cem.pk), [])]


def test_unknown_accounts_have_no_entry(cast: tuple[Account, Account, Account]) -> None:
    anna, _, cem = cast
    Account.objects.filter(pk=cem.pk).update(suspended_at=cem.created_at)
    assert familiar(anna, cem) == []
