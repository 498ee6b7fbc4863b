"""Notifications of the API's second version: one group for each."""

from typing import Any

import pytest

from accounts.models import Account
from tests.cast import api_client, make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Account:
    """Anna, whose post Bertha and Cem favoured."""
    anna = make_account("anna")
    post = api_client(anna).post("/api/v1/statuses", {"status": "Brot"}).json()
    for name in ("bertha", "cem"):
        api_client(make_account(name)).post(f"/api/v1/statuses/{post['id']}/favourite")
    return anna


def groups(account: Account, **params: Any) -> dict[str, Any]:
    """Return a page as the app gets it."""
    answer = api_client(account).get("/api/v2/notifications", params)
    assert answer.status_code == 200
    page: dict[str, Any] = answer.json()
    return page


def test_each_notification_is_a_group_and_the_status_comes_once(anna: Account) -> None:
    page = groups(anna)
    first, second = page["notification_groups"]
    assert [account["username"] for account in page["accounts"]] == ["cem", "bertha"]
    assert len(page["statuses"]) == 1
    assert first["status_id"] == second["status_id"] == page["statuses"][0]["id"]
    assert first["sample_account_ids"] == [page["accounts"][0]["id"]]
    assert first["most_recent_notification_id"] == int(first["group_key"].removeprefix("ungrouped-"))


def test_types_are_honoured(anna: Account) -> None:
    assert groups(anna, **{"types[]": ["mention"]})["notification_groups"] == []
    assert groups(anna, **{"exclude_types[]": ["favourite"]})["notification_groups"] == []


def test_pages_follow_each_other(anna: Account) -> None:
    newest, oldest = groups(anna)["notification_groups"]
    assert groups(anna, limit=1)["notification_groups"] == [newest]
    assert groups(anna, max_id=newest["page_min_id"])["notification_groups"] == [oldest]


def test_a_group_is_shown_and_dismissed(anna: Account) -> None:
    app = api_client(anna)
    group = groups(anna)["notification_groups"][0]
    address = f"/api/v2/notifications/{group['group_key']}"
    assert app.get(address).json()["notification_groups"] == [group]
    assert [account["username"] for account in app.get(f"{address}/accounts").json()] == ["cem"]
    assert app.post(f"{address}/dismiss").json() == {}
    assert app.get(address).status_code == 404
    assert len(groups(anna)["notification_groups"]) == 1


@pytest.mark.parametrize("key", ["ungrouped-1", "ungrouped-x", "favourite-1-2"])
def test_an_unknown_group_is_404(anna: Account, key: str) -> None:
    assert api_client(anna).get(f"/api/v2/notifications/{key}").status_code == 404


def test_a_group_of_somebody_else_is_404(anna: Account) -> None:
    key = groups(anna)["notification_groups"][0]["group_key"]
    assert api_client(make_account("emil")).get(f"/api/v2/notifications/{key}").status_code == 404


def test_an_unknown_expansion_is_400(anna: Account) -> None:
    answer = api_client(anna).get("/api/v2/notifications", {"expand_accounts": "some"})
    assert answer.status_code == 400
