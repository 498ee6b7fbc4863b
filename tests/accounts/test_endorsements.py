"""Recommendations on a profile: whom one may recommend, who sees it, and when it ends."""

import pytest

from accounts import relationships
from accounts.models import Account, Endorsement
from tests.cast import ApiClient, api_client, make_account, make_remote_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Account:
    return make_account("anna")


def endorse(account: Account, target: Account, verb: str = "endorse"):
    return api_client(account, "write:accounts").post(f"/api/v1/accounts/{target.pk}/{verb}")


def names(answer) -> list[str]:
    return [account["username"] for account in answer.json()]


@pytest.mark.parametrize(("do", "undo"), [("endorse", "unendorse"), ("pin", "unpin")])
def test_recommending_and_taking_it_back_twice_each(anna, do, undo):
    dora = make_remote_account("dora")
    relationships.accept_follow(relationships.follow(anna, dora))
    for _ in range(2):
        answer = endorse(anna, dora, do)
        assert (answer.status_code, answer.json()["endorsed"]) == (200, True)
    assert names(api_client(anna).get("/api/v1/endorsements")) == ["dora"]
    for _ in range(2):
        answer = endorse(anna, dora, undo)
        assert (answer.status_code, answer.json()["endorsed"]) == (200, False)
    assert names(api_client(anna).get("/api/v1/endorsements")) == []


def test_only_somebody_who_is_followed_can_be_recommended(anna):
    stranger, locked = make_account("cem"), make_account("bertha", locked=True)
    relationships.follow(anna, locked)
    for target in (stranger, locked, anna):
        assert endorse(anna, target).status_code == 422
    assert endorse(anna, Account(pk=1)).status_code == 404
    assert not Endorsement.objects.exists()


@pytest.mark.parametrize(
    "end",
    [
        lambda anna, bertha: relationships.unfollow(anna, bertha),
        lambda anna, bertha: relationships.remove_follower(bertha, anna),
        lambda anna, bertha: relationships.block(bertha, anna),
        lambda anna, bertha: relationships.unaccept_follow(anna.follows_out.get()),
    ],
    ids=["unfollow", "remove_follower", "block", "unaccept"],
)
def test_it_ends_with_the_follow(anna, end):
    bertha = make_account("bertha")
    relationships.follow(anna, bertha)
    endorse(anna, bertha)
    end(anna, bertha)
    assert not Endorsement.objects.exists()


def test_everybody_sees_them_save_the_blocked_and_pages_link_on(anna):
    people = [make_account(name) for name in ("bertha", "cem", "frieda")]
    for person in people:
        relationships.follow(anna, person)
        endorse(anna, person)
    address = f"/api/v1/accounts/{anna.pk}/endorsements"
    assert names(ApiClient().get(address)) == ["frieda", "cem", "bertha"]
    first = ApiClient().get(address, {"limit": 2})
    assert names(first) == ["frieda", "cem"]
    following = first["Link"].partition(">")[0].removeprefix("<")
    assert names(ApiClient().get(following)) == ["bertha"]
    everyone = api_client(anna).get("/api/v1/endorsements", {"limit": 0})
    assert len(everyone.json()) == 3 and "Link" not in everyone

    relationships.mute(people[0], people[1])
    assert names(api_client(people[0]).get(address)) == ["frieda", "bertha"]
    gustav = make_account("gustav")
    relationships.block(anna, gustav)
    assert names(api_client(gustav).get(address)) == []
    Account.objects.filter(pk=people[2].pk).update(suspended_at="2026-01-01T00:00:00Z")
    assert names(ApiClient().get(address)) == ["cem", "bertha"]
    Account.objects.filter(pk=anna.pk).update(suspended_at="2026-01-01T00:00:00Z")
    assert names(ApiClient().get(address)) == []
