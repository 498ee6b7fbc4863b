"""Accounts by the API: who may ask, what is found, relations, lists and their pages."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.utils import timezone

from accounts import relationships
from accounts.models import Account, AccountNote, Follow
from core.pubsub import connection
from tests.cast import ApiClient, api_client, app_token, make_account, make_remote_account

pytestmark = pytest.mark.django_db

READ_ACCOUNTS = ("read", "read:accounts")
WRITE_FOLLOWS = ("write", "write:follows", "follow")
WRITE_BLOCKS = ("write", "write:blocks", "follow")
WRITE_MUTES = ("write", "write:mutes", "follow")
USER_DOORS = [
    ("post", "/api/v1/accounts/{id}/follow", WRITE_FOLLOWS),
    ("post", "/api/v1/accounts/{id}/unfollow", WRITE_FOLLOWS),
    ("post", "/api/v1/accounts/{id}/remove_from_followers", WRITE_FOLLOWS),
    ("post", "/api/v1/accounts/{id}/block", WRITE_BLOCKS),
    ("post", "/api/v1/accounts/{id}/unblock", WRITE_BLOCKS),
    ("post", "/api/v1/accounts/{id}/mute", WRITE_MUTES),
    ("post", "/api/v1/accounts/{id}/unmute", WRITE_MUTES),
    ("post", "/api/v1/accounts/{id}/note", ("write", "write:accounts")),
    ("post", "/api/v1/follow_requests/{id}/authorize", WRITE_FOLLOWS),
    ("post", "/api/v1/follow_requests/{id}/reject", WRITE_FOLLOWS),
]
USER_LISTS = [
    ("get", "/api/v1/accounts/relationships", ("read", "read:follows")),
    ("get", "/api/v1/accounts/search?q=a", READ_ACCOUNTS),
    ("get", "/api/v1/blocks", ("read", "read:blocks", "follow")),
    ("get", "/api/v1/mutes", ("read", "read:mutes", "follow")),
    ("get", "/api/v1/follow_requests", ("read", "read:follows", "follow")),
    ("get", "/api/v1/domain_blocks", ("read", "read:blocks", "follow")),
    ("post", "/api/v1/domain_blocks?domain=a.example", WRITE_BLOCKS),
    ("delete", "/api/v1/domain_blocks?domain=a.example", WRITE_BLOCKS),
    ("get", "/api/v1/domain_blocks/preview?domain=a.example", WRITE_BLOCKS),
]
ANONYMOUS_DOORS = [
    "/api/v1/accounts?id[]={id}",
    "/api/v1/accounts/{id}",
    "/api/v1/accounts/lookup?acct=bertha",
    "/api/v1/accounts/{id}/followers",
    "/api/v1/accounts/{id}/following",
]


def call(client: ApiClient, method: str, path: str, target: Account | None = None) -> Any:
    return getattr(client, method)(path.format(id=target.pk if target else 1))


@pytest.mark.parametrize(("method", "path", "scopes"), USER_DOORS + USER_LISTS)
def test_who_may_use_the_doors_of_users(method, path, scopes):
    anna, bertha = make_account("anna", locked=True), make_account("bertha")
    relationships.follow(bertha, anna)
    assert call(ApiClient(), method, path, bertha).status_code == 401
    assert call(ApiClient("wrong"), method, path, bertha).status_code == 401
    assert call(api_client(anna, "profile push write:media"), method, path, bertha).status_code == 403
    assert call(ApiClient(app_token()), method, path, bertha).status_code == 422
    for scope in scopes:
        Follow.objects.all().delete()
        relationships.unblock(anna, bertha)
        relationships.follow(bertha, anna)
        assert call(api_client(anna, scope), method, path, bertha).status_code == 200


@pytest.mark.parametrize(("method", "path", "scopes"), USER_DOORS)
def test_an_account_that_is_not_there_is_not_found(method, path, scopes):
    gone = make_account("gone", deleted_at=timezone.now())
    client = api_client(make_account("anna"))
    assert call(client, method, path, gone).status_code == 404
    assert call(client, method, path).status_code == 404


@pytest.mark.parametrize("path", ANONYMOUS_DOORS)
def test_who_may_use_the_doors_for_everybody(path):
    anna, bertha = make_account("anna"), make_account("bertha")
    assert call(ApiClient(), "get", path, bertha).status_code == 200
    assert call(ApiClient(app_token("read")), "get", path, bertha).status_code == 200
    assert call(api_client(anna, "read:accounts"), "get", path, bertha).status_code == 200
    assert call(api_client(anna, "read:statuses"), "get", path, bertha).status_code == 403
    assert call(ApiClient("wrong"), "get", path, bertha).status_code == 401


def test_accounts_by_ids_and_by_handle():
    anna, dora = make_account("Anna"), make_remote_account("dora")
    client = ApiClient()
    shown = client.get("/api/v1/accounts", {"id[]": [dora.pk, 1, anna.pk, "x"]}).json()
    assert [account["username"] for account in shown] == ["dora", "Anna"]
    for acct in ("anna", "@ANNA", "anna@social.example", "acct:anna"):
        assert client.get("/api/v1/accounts/lookup", {"acct": acct}).json()["id"] == str(anna.pk)
    assert client.get("/api/v1/accounts/lookup", {"acct": "Dora@Elsewhere.Example"}).json()["id"] == str(
        dora.pk
    )
    for acct in ("cem", "dora", "dora@unknown.example", "", "@", "a@b@c", "x@exa mple"):
        assert client.get("/api/v1/accounts/lookup", {"acct": acct}).status_code == 404


def test_search_finds_names_and_handles_best_first():
    anna = make_account("anna", display_name="Wald")
    waldi = make_account("waldi", display_name="x", followers_count=5)
    wald = make_remote_account("wald", display_name="y")
    make_account("gone", display_name="Wald", suspended_at=timezone.now())
    client = api_client(anna)

    def found(**params: Any) -> list[str]:
        response = client.get("/api/v1/accounts/search", params)
        assert response.status_code == 200
        return [account["acct"] for account in response.json()]

    assert found(q="wald") == ["waldi", "wald@elsewhere.example", "anna"]
    assert found(q="@wald@elsewhere") == ["wald@elsewhere.example"]
    assert found(q="wald", limit=1, offset=1) == ["wald@elsewhere.example"]
    assert found(q="") == []
    assert found(q="100%_") == []
    assert found(q="nobody@unknown.invalid", resolve="true") == []
    relationships.accept_follow(relationships.follow(anna, wald))
    assert found(q="wald", following="true") == ["wald@elsewhere.example"]
    assert client.get("/api/v1/accounts/search").status_code == 400
    assert waldi.followers_count == 5


def test_relationships_of_several():
    anna, bertha = make_account("anna"), make_account("bertha")
    gone = make_account("gone", suspended_at=timezone.now())
    relationships.follow(anna, bertha, notify=True)
    client = api_client(anna)
    path = "/api/v1/accounts/relationships"
    shown = client.get(path, {"id[]": [bertha.pk, anna.pk, gone.pk, 1]}).json()
    assert [relation["id"] for relation in shown] == [str(bertha.pk), str(anna.pk)]
    assert shown[0]["notifying"] is True
    assert len(client.get(path, {"id": bertha.pk}).json()) == 1
    assert len(client.get(path, {"id[]": [gone.pk], "with_suspended": "true"}).json()) == 1
    assert client.get(path).json() == []


def test_follow_with_options_and_again():
    anna, bertha = make_account("anna"), make_account("bertha")
    client, path = api_client(anna, "follow"), f"/api/v1/accounts/{bertha.pk}/follow"
    first = client.post(path, {"reblogs": "false", "languages": ["de", "en"]}).json()
    assert (first["following"], first["showing_reblogs"], first["languages"]) == (True, False, ["de", "en"])
    again = client.post(path, {"notify": True}, encoding="form").json()
    assert (again["showing_reblogs"], again["notifying"]) == (False, True)
    assert client.post(path, {"languages": []}).json()["languages"] is None
    assert client.post(f"/api/v1/accounts/{bertha.pk}/unfollow").json()["following"] is False
    assert client.post(f"/api/v1/accounts/{anna.pk}/follow").status_code == 403
    relationships.block(bertha, anna)
    assert client.post(path).status_code == 403
    for verb in ("block", "mute"):
        assert api_client(anna).post(f"/api/v1/accounts/{anna.pk}/{verb}").status_code == 403


def test_follows_are_limited_and_their_limit_is_told():
    anna, bertha = make_account("anna"), make_account("bertha")
    client, path = api_client(anna), f"/api/v1/accounts/{bertha.pk}/follow"
    response = client.post(path)
    assert (response["X-RateLimit-Limit"], response["X-RateLimit-Remaining"]) == ("400", "399")
    key = next(key for key in connection().scan_iter("ratelimit:follows:*"))
    connection().set(key, 400)
    assert client.post(path).status_code == 429


def test_block_mute_and_note():
    anna, cem = make_account("anna"), make_account("cem")
    client, path = api_client(anna), f"/api/v1/accounts/{cem.pk}"
    assert client.post(f"{path}/block").json()["blocking"] is True
    assert client.post(f"{path}/unblock").json()["blocking"] is False
    muted = client.post(f"{path}/mute", {"notifications": False, "duration": 60}).json()
    assert (muted["muting"], muted["muting_notifications"]) == (True, False)
    assert muted["muting_expires_at"].endswith("Z")
    assert client.get("/api/v1/mutes").json()[0]["mute_expires_at"] == muted["muting_expires_at"]
    forever = client.post(f"{path}/mute").json()
    assert (forever["muting_notifications"], forever["muting_expires_at"]) == (True, None)
    assert client.post(f"{path}/unmute").json()["muting"] is False
    assert client.post(f"{path}/note", {"comment": "met in Köln"}).json()["note"] == "met in Köln"
    assert client.post(f"{path}/note", {"comment": "x" * 2001}).status_code == 422
    assert client.post(f"{path}/note").json()["note"] == ""
    assert not AccountNote.objects.exists()


def test_a_locked_account_answers_requests():
    anna, bertha, cem = make_account("anna", locked=True), make_account("bertha"), make_account("cem")
    client = api_client(anna)
    for account in (bertha, cem):
        relationships.follow(account, anna)
    waiting = client.get("/api/v1/follow_requests").json()
    assert [account["username"] for account in waiting] == ["cem", "bertha"]
    accepted = client.post(f"/api/v1/follow_requests/{bertha.pk}/authorize").json()
    assert (accepted["followed_by"], accepted["requested_by"]) == (True, False)
    rejected = client.post(f"/api/v1/follow_requests/{cem.pk}/reject").json()
    assert (rejected["followed_by"], rejected["requested_by"]) == (False, False)
    assert client.get("/api/v1/follow_requests").json() == []
    assert client.post(f"/api/v1/follow_requests/{cem.pk}/authorize").status_code == 404
    removed = client.post(f"/api/v1/accounts/{bertha.pk}/remove_from_followers").json()
    assert removed["followed_by"] is False


def links(response: Any) -> dict[str, dict[str, str]]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers.get("Link", ""))
    return {rel: dict(parse_qsl(urlsplit(url).query)) for url, rel in found}


def test_followers_are_paged_by_the_links():
    anna = make_account("anna")
    followers = [make_account(f"f{number}") for number in range(5)]
    for follower in followers:
        relationships.follow(follower, anna)
    client, path = ApiClient(), f"/api/v1/accounts/{anna.pk}/followers"
    first = client.get(path, {"limit": 2})
    assert [account["username"] for account in first.json()] == ["f4", "f3"]
    assert links(first)["next"]["limit"] == "2"
    second = client.get(path, links(first)["next"])
    assert [account["username"] for account in second.json()] == ["f2", "f1"]
    third = client.get(path, links(second)["next"])
    assert [account["username"] for account in third.json()] == ["f0"]
    assert set(links(third)) == {"prev"} and "since_id" in links(third)["prev"]
    newer = client.get(path, links(second)["prev"])
    assert [account["username"] for account in newer.json()] == ["f4", "f3"]
    assert "Link" not in client.get(path, {"since_id": Follow.objects.order_by("-id")[0].pk}).headers
    following = client.get(f"/api/v1/accounts/{followers[0].pk}/following").json()
    assert [account["username"] for account in following] == ["anna"]


def test_who_may_see_followers():
    anna, bertha, cem = make_account("anna"), make_account("bertha"), make_account("cem")
    path = f"/api/v1/accounts/{anna.pk}/followers"
    relationships.follow(bertha, anna)
    relationships.follow(cem, anna)

    def seen(client: ApiClient) -> list[str]:
        return [account["username"] for account in client.get(path).json()]

    relationships.block(bertha, cem)
    assert seen(api_client(bertha)) == ["bertha"]
    assert seen(api_client(cem)) == ["cem"]
    Account.objects.filter(pk=cem.pk).update(suspended_at=timezone.now())
    assert seen(ApiClient()) == ["bertha"]
    dora = make_account("dora")
    relationships.block(anna, dora)
    assert seen(api_client(dora)) == []
    Account.objects.filter(pk=anna.pk).update(hide_collections=True)
    assert seen(ApiClient()) == []
    assert seen(api_client(anna)) == ["bertha"]


def test_lists_cost_the_same_for_one_and_for_forty(django_assert_max_num_queries):
    anna = make_account("anna", locked=True)
    targets = [make_remote_account(f"r{number}") for number in range(40)]
    for target in targets:
        relationships.block(anna, target)
        relationships.mute(anna, target)
        relationships.follow(make_account(f"f{target.username}"), anna)
    client = api_client(anna)
    for path in ("/api/v1/blocks", "/api/v1/mutes", "/api/v1/follow_requests"):
        for limit in (1, 40):
            with django_assert_max_num_queries(3):
                assert len(client.get(path, {"limit": limit}).json()) == limit


def test_hidden_domains():
    anna, dora = make_account("anna"), make_remote_account("dora")
    relationships.follow(dora, anna, uri="https://elsewhere.example/1")
    client, path = api_client(anna), "/api/v1/domain_blocks"
    preview = client.get(f"{path}/preview", {"domain": "elsewhere.example"})
    assert preview.json() == {"following_count": 0, "followers_count": 1}
    for domain in ("elsewhere.example", "OTHER.example", "elsewhere.example"):
        response = client.post(path, {"domain": domain}, encoding="form")
        assert (response.status_code, response.json()) == (200, {})
    first = client.get(path, {"limit": 1})
    assert first.json() == ["other.example"]
    assert client.get(path, links(first)["next"]).json() == ["elsewhere.example"]
    assert not Follow.objects.exists()
    assert client.delete(path, {"domain": "other.example"}).json() == {}
    assert client.get(path).json() == ["elsewhere.example"]
    for wrong in ({}, {"domain": "no domain"}, {"domain": "https://x.example/"}):
        assert client.post(path, wrong).status_code == 422


def test_a_token_may_stand_in_a_parameter_and_its_scheme_in_any_case():
    anna = make_account("anna")
    token = api_client(anna).token
    path = "/api/v1/accounts/verify_credentials"
    for name in ("access_token", "bearer_token"):
        assert ApiClient().get(path, {name: token}).status_code == 200
        assert ApiClient().get(path, {name: "wrong"}).status_code == 401
    assert ApiClient().get(path, Authorization=f"BEARER {token}").status_code == 200
    assert ApiClient().get(path, Authorization=f"Basic {token}").status_code == 401
    muted = f"/api/v1/accounts/{make_account('cem').pk}/mute"
    for encoding in ("json", "form"):
        assert ApiClient().post(muted, {"access_token": token}, encoding=encoding).status_code == 200


def test_a_suspended_account_shows_no_followers_and_cannot_be_followed():
    anna, gone = make_account("anna"), make_account("gone")
    relationships.follow(anna, gone)
    Account.objects.filter(pk=gone.pk).update(suspended_at=timezone.now())
    assert ApiClient().get(f"/api/v1/accounts/{gone.pk}/followers").json() == []
    assert api_client(anna).post(f"/api/v1/accounts/{gone.pk}/follow").status_code == 404
