"""A person lets an app in: the page, the chooser, PKCE, the ways back, and every refusal."""

import base64
import hashlib
import re
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from accounts.models import AccessToken, Account, Application, AuthorizationCode, Membership, User
from accounts.oauth.tokens import hash_secret
from tests.cast import ApiClient, api_client, make_account, user_of

pytestmark = pytest.mark.django_db

OOB = "urn:ietf:wg:oauth:2.0:oob"
CALLBACK = "https://elk.example/oauth/https%3A%2F%2Felk.example?x=1"
SECRET = "a secret"


def make_app(*redirect_uris: str, scopes: str = "read write push") -> Application:
    return Application.objects.create(
        name="Elk",
        redirect_uris=list(redirect_uris) or [CALLBACK, OOB, "icecubesapp://"],
        scopes=scopes.split(),
        client_id="elk",
        client_secret_hash=hash_secret(SECRET),
        created_at=timezone.now(),
    )


def browser_of(account: Account) -> Client:
    browser = Client(SERVER_NAME="social.example", headers={"Accept-Language": "en"})
    browser.force_login(user_of(account))
    return browser


def asking(**changes: Any) -> dict[str, str]:
    values = {
        "response_type": "code",
        "client_id": "elk",
        "redirect_uri": CALLBACK,
        "scope": "read write",
        "state": "s t&te",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def ask(browser: Client, **changes: Any) -> Any:
    return browser.get("/oauth/authorize", asking(**changes), secure=True)


def answer(browser: Client, account: Account, decision: str = "approve", **changes: Any) -> Any:
    form = asking(**changes) | {"decision": decision, "account_id": str(account.pk)}
    return browser.post("/oauth/authorize", form, secure=True)


def code_of(response: Any) -> str:
    return parse_qs(urlsplit(response["Location"]).query)["code"][0]


def exchange(code: str, encoding: str = "json", **changes: Any) -> Any:
    values = {
        "grant_type": "authorization_code",
        "client_id": "elk",
        "client_secret": SECRET,
        "redirect_uri": CALLBACK,
        "code": code,
        **changes,
    }
    return ApiClient().post("/oauth/token", values, encoding=encoding)


def test_a_person_agrees_and_the_app_gets_a_token_that_works():
    anna = make_account("anna")
    make_app()
    browser = browser_of(anna)
    page = ask(browser)
    assert page.status_code == 200
    assert "Elk" in page.text and "@anna@social.example" in page.text
    back = answer(browser, anna)
    assert back.status_code == 302
    assert back["Location"].startswith(CALLBACK + "&code=")
    assert parse_qs(urlsplit(back["Location"]).query)["state"] == ["s t&te"]
    token = exchange(code_of(back)).json()
    assert (token["scope"], token["token_type"]) == ("read write", "Bearer")
    assert AccessToken.objects.get().account == anna
    again = exchange(code_of(answer(browser, anna)), encoding="form").json()
    assert again["access_token"] == token["access_token"]


def test_the_page_lets_browsers_go_back_to_the_app():
    make_app()
    page = ask(browser_of(make_account("anna")))
    assert "form-action" not in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert "Cross-Origin-Opener-Policy" not in page.headers


def test_a_form_without_its_csrf_token_agrees_to_nothing():
    anna = make_account("anna")
    make_app()
    browser = Client(enforce_csrf_checks=True, SERVER_NAME="social.example")
    browser.force_login(user_of(anna))
    assert answer(browser, anna).status_code == 403
    assert not AuthorizationCode.objects.exists()


def test_a_person_with_two_accounts_chooses():
    anna, coop = make_account("anna"), make_account("coop")
    Membership.objects.create(
        user=user_of(anna), account=coop, role=Membership.Role.EDITOR, created_at=timezone.now()
    )
    make_app()
    browser = browser_of(anna)
    page = ask(browser).text
    assert re.findall(r'name="account_id" value="(\d+)"', page) == [str(anna.pk), str(coop.pk)]
    exchange(code_of(answer(browser, coop)))
    assert AccessToken.objects.get().account == coop
    assert AccessToken.objects.get().user == user_of(anna)


def test_nobody_lets_an_app_act_as_an_account_of_others():
    anna, bertha = make_account("anna"), make_account("bertha")
    Membership.objects.create(
        user=user_of(anna), account=bertha, role=Membership.Role.READER, created_at=timezone.now()
    )
    make_app()
    browser = browser_of(anna)
    assert answer(browser, bertha).status_code == 403
    form = asking() | {"decision": "approve"}
    assert browser.post("/oauth/authorize", form, secure=True).status_code == 403
    assert not AuthorizationCode.objects.exists()


def test_who_is_not_signed_in_goes_to_the_login_page_and_comes_back():
    make_app()
    response = ask(Client(SERVER_NAME="social.example"), lang="de")
    assert response.status_code == 302
    target = urlsplit(response["Location"])
    assert "login" in target.path
    back = parse_qs(target.query)["next"][0]
    assert {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()} == asking(lang="de")


def test_force_login_asks_for_the_password_once_more():
    anna = make_account("anna")
    make_app()
    browser = browser_of(anna)
    response = ask(browser, force_login="true")
    assert response.status_code == 302
    target = urlsplit(response["Location"])
    assert "force_login" not in parse_qs(target.query)["next"][0]
    assert 'name="password"' in browser.get(response["Location"], secure=True).text
    assert browser.get(parse_qs(target.query)["next"][0], secure=True).status_code == 200
    assert ask(browser, force_login="false").status_code == 200


def test_the_page_speaks_the_language_asked_for():
    make_app()
    browser = browser_of(make_account("anna"))
    assert '<html lang="de">' in ask(browser, lang="de-DE").text
    assert '<html lang="en">' in ask(browser, lang="en").text


def test_denying_tells_the_app():
    anna = make_account("anna")
    make_app()
    back = answer(browser_of(anna), anna, decision="deny")
    assert back.status_code == 302
    query = parse_qs(urlsplit(back["Location"]).query)
    assert (query["error"], query["state"]) == (["access_denied"], ["s t&te"])


def test_an_app_without_an_address_gets_the_code_shown():
    anna = make_account("anna")
    make_app()
    browser = browser_of(anna)
    back = answer(browser, anna, redirect_uri=OOB)
    assert back["Location"].startswith("/oauth/authorize/native?code=")
    assert code_of(back) in browser.get(back["Location"], secure=True).text
    assert exchange(code_of(back), redirect_uri=OOB).status_code == 200


def test_a_phone_apps_bare_scheme_is_an_address():
    anna = make_account("anna")
    make_app()
    back = answer(browser_of(anna), anna, redirect_uri="icecubesapp://", state=None)
    assert back["Location"].startswith("icecubesapp://?code=")


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"client_id": "unknown"}, 401),
        ({"client_id": None}, 401),
        ({"client_id": "\x00"}, 401),
        ({"redirect_uri": "https://evil.example/"}, 400),
        ({"redirect_uri": None}, 400),
        ({"redirect_uri": CALLBACK + "&y=2"}, 400),
        ({"redirect_uri": "https://elk.example/oauth/https://elk.example?x=1"}, 400),
    ],
)
def test_a_wrong_app_or_address_is_an_error_page_and_never_a_redirect(wrong, status):
    anna = make_account("anna")
    make_app()
    for response in (ask(browser_of(anna), **wrong), answer(browser_of(anna), anna, **wrong)):
        assert response.status_code == status
        assert "Location" not in response.headers
        assert "<h1>" in response.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "read follow"}, "invalid_scope"),
        ({"scope": "write:statuses"}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"code_challenge": "x" * 43}, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_other_errors_go_to_the_app(wrong, error):
    anna = make_account("anna")
    make_app()
    for response in (ask(browser_of(anna), **wrong), answer(browser_of(anna), anna, **wrong)):
        assert response.status_code == 302
        assert response["Location"].startswith(CALLBACK)
        query = parse_qs(urlsplit(response["Location"]).query)
        assert (query["error"], query["state"]) == ([error], ["s t&te"])
    shown = ask(browser_of(anna), **wrong, redirect_uri=OOB)
    assert (shown.status_code, "Location" in shown.headers) == (400, False)


def test_pkce_proves_that_the_code_comes_back_to_who_asked():
    anna = make_account("anna")
    make_app()
    verifier = "v" * 64
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    browser = browser_of(anna)
    assert challenge in ask(browser, **pkce).text
    code = code_of(answer(browser, anna, **pkce))
    assert exchange(code).json()["error"] == "invalid_grant"
    assert exchange(code, code_verifier="w" * 64).json()["error"] == "invalid_grant"
    assert exchange(code, code_verifier=verifier).status_code == 200


def test_a_code_works_once_for_ten_minutes_for_one_app_and_address():
    anna = make_account("anna")
    make_app()
    other = make_app_of_others()
    browser = browser_of(anna)
    code = code_of(answer(browser, anna))
    assert exchange(code, client_id=other.client_id).json()["error"] == "invalid_grant"
    assert exchange(code, redirect_uri=OOB).json()["error"] == "invalid_grant"
    assert exchange("nonsense").json()["error"] == "invalid_grant"
    assert exchange(code, client_secret="wrong").status_code == 401
    assert exchange(code, redirect_uri="").json()["error"] == "invalid_request"
    assert exchange("").json()["error"] == "invalid_request"
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert exchange(code).json()["error"] == "invalid_grant"
    assert exchange(code).status_code == 200
    replayed = exchange(code)
    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")


def make_app_of_others() -> Application:
    return Application.objects.create(
        name="Other",
        redirect_uris=[CALLBACK],
        scopes=["read", "write"],
        client_id="other",
        client_secret_hash=hash_secret(SECRET),
        created_at=timezone.now(),
    )


def test_a_code_dies_with_the_right_to_act_as_the_account():
    anna = make_account("anna")
    make_app()
    code = code_of(answer(browser_of(anna), anna))
    Membership.objects.all().delete()
    assert exchange(code).json()["error"] == "invalid_grant"


def test_a_person_who_has_not_confirmed_lets_no_app_in():
    anna = make_account("anna")
    make_app()
    User.objects.update(confirmed_at=None)
    browser = browser_of(anna)
    assert ask(browser).status_code == 403
    assert answer(browser, anna).status_code == 403


def test_an_app_ends_its_token(run_jobs):
    anna = make_account("anna")
    make_app()
    make_app_of_others()
    token = exchange(code_of(answer(browser_of(anna), anna))).json()["access_token"]
    revoke = {"client_id": "elk", "client_secret": SECRET, "token": token}
    client = ApiClient(token)
    for wrong in ({"client_id": "other"}, {"client_secret": "wrong"}, {"client_id": "unknown"}):
        refused = ApiClient().post("/oauth/revoke", revoke | wrong)
        assert (refused.status_code, refused.json()["error"]) == (403, "unauthorized_client")
    assert client.get("/api/v1/apps/verify_credentials").status_code == 200
    for encoding in ("json", "form"):
        done = ApiClient().post("/oauth/revoke", revoke, encoding=encoding)
        assert (done.status_code, done.json()) == (200, {})
    assert ApiClient().post("/oauth/revoke", revoke | {"token": "unknown"}).status_code == 200
    run_jobs()
    assert client.get("/api/v1/apps/verify_credentials").status_code == 401


def test_userinfo_says_who_signed_in():
    anna = make_account("anna")
    client = api_client(anna, "profile")
    for response in (client.get("/oauth/userinfo"), client.post("/oauth/userinfo")):
        assert response.json() == {
            "iss": "https://social.example/",
            "sub": "https://social.example/users/anna",
            "name": "Anna",
            "preferred_username": "anna",
            "profile": "https://social.example/@anna",
            "picture": "https://social.example/static/avatars/missing.png",
        }
    assert api_client(anna, "read").get("/oauth/userinfo").status_code == 403
    assert ApiClient().get("/oauth/userinfo").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_two_exchanges_at_once_one_wins():
    anna = make_account("anna")
    make_app()
    code = code_of(answer(browser_of(anna), anna))
    gate, codes = threading.Barrier(4), []

    def run() -> None:
        gate.wait()
        codes.append(exchange(code).status_code)
        database.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, 400, 400, 400]
