"""What every door under /api does alike: errors, CORS, rate limits, caching, tokens."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from core import ratelimit
from core.api import views
from core.ratelimit import Limit
from tests.cast import ApiClient, api_client, app_token, make_account, token_for, user_of

pytestmark = pytest.mark.django_db

ORIGIN = "https://app.example"
CLOSED = "/api/v1/lists"  # a door for people with read:lists
OPEN = "/api/v1/trends/tags"  # a door for anybody
ERROR_TYPE = "application/json"


def expect_error(answer: Any, status: int) -> dict[str, Any]:
    """Check the shape that apps read errors by, and return the body."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].startswith(ERROR_TYPE)
    body: dict[str, Any] = answer.json()
    assert isinstance(body["error"], str)
    assert body["error"]
    return body


# Errors


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
def test_an_unknown_address_is_json_for_every_method(method: str) -> None:
    client = Client(enforce_csrf_checks=True, SERVER_NAME=settings.WEB_DOMAIN)
    answer = getattr(client, method)("/api/v9/nothing", secure=True, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith(ERROR_TYPE)


def test_a_method_that_a_door_does_not_know_is_like_an_unknown_address() -> None:
    expect_error(api_client(make_account("anna")).delete(OPEN), 404)


def test_without_token_a_closed_door_says_how_to_knock() -> None:
    answer = ApiClient().get(CLOSED)
    expect_error(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("path", [CLOSED, OPEN])
def test_a_wrong_token_is_refused_even_where_none_is_needed(path: str) -> None:
    answer = ApiClient("wrong").get(path)
    expect_error(answer, 401)
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]


def test_a_token_without_the_scope_is_403() -> None:
    expect_error(api_client(make_account("anna"), "write read:statuses").get(CLOSED), 403)


@pytest.mark.parametrize("scopes", ["read", "read:lists", "write read:lists"])
def test_the_scope_or_its_parent_opens_the_door(scopes: str) -> None:
    assert api_client(make_account("anna"), scopes).get(CLOSED).status_code == 200


def test_a_token_of_an_app_is_no_person() -> None:
    expect_error(ApiClient(app_token()).get(CLOSED), 422)


@pytest.mark.parametrize("column", ["confirmed_at", "disabled_at"])
def test_a_person_who_may_not_act_is_403(column: str) -> None:
    anna = make_account("anna")
    user = user_of(anna)
    token = token_for(anna)
    setattr(user, column, None if column == "confirmed_at" else user.created_at)
    user.save(update_fields=[column])
    expect_error(ApiClient(token).get(CLOSED), 403)


def test_the_scope_is_looked_at_before_the_person() -> None:
    expect_error(ApiClient(app_token("write")).get(CLOSED), 403)


def test_errors_come_in_the_readers_language() -> None:
    german, english = (
        expect_error(ApiClient().get(CLOSED, Accept_Language=language), 401)["error"]
        for language in ("de", "en")
    )
    assert english == "The access token is invalid"
    assert german != english


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"a=1&a[]=2", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_cannot_be_read_is_400(body: bytes, content_type: str) -> None:
    client = Client(SERVER_NAME=settings.WEB_DOMAIN)
    answer = client.generic("POST", "/api/v1/apps", body, content_type=content_type, secure=True)
    expect_error(answer, 400)


def test_a_body_that_is_too_long_is_413() -> None:
    body = b"client_name=" + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    client = Client(SERVER_NAME=settings.WEB_DOMAIN)
    kind = "application/x-www-form-urlencoded"
    expect_error(client.generic("POST", "/api/v1/apps", body, content_type=kind, secure=True), 413)


# CORS and headers


@pytest.mark.parametrize("path", [CLOSED, OPEN, "/api/v9/nothing"])
def test_any_page_may_read_answers_and_their_headers(path: str) -> None:
    answer = api_client(make_account("anna")).get(path, Origin=ORIGIN)
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer
    exposed = {name.strip() for name in answer["Access-Control-Expose-Headers"].split(",")}
    assert exposed >= {
        "Link",
        "X-RateLimit-Reset",
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-Request-Id",
    }


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_preflight_needs_no_token_and_allows_all_headers(method: str) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,idempotency-key,x-own",
    }
    answer = Client(SERVER_NAME=settings.WEB_DOMAIN).options(CLOSED, secure=True, headers=asked)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert method in answer["Access-Control-Allow-Methods"]
    allowed = answer["Access-Control-Allow-Headers"].lower()
    # The wildcard does not cover Authorization (Fetch standard, "CORS-preflight fetch").
    assert "authorization" in allowed
    assert all(name in allowed or "*" in allowed for name in ("idempotency-key", "x-own"))


@pytest.mark.parametrize(
    ("path", "readable"),
    [
        ("/oauth/token", True),
        ("/oauth/revoke", True),
        ("/.well-known/oauth-authorization-server", True),
        ("/.well-known/nodeinfo", True),
        ("/nodeinfo/2.0", True),
        ("/oauth/authorize", False),
        ("/login", False),
    ],
)
def test_pages_of_other_servers_read_only_what_apps_need(path: str, readable: bool) -> None:
    answer = ApiClient().get(path, Origin=ORIGIN)
    assert answer.has_header("Access-Control-Allow-Origin") == readable


def test_a_session_cookie_opens_no_door() -> None:
    anna = make_account("anna")
    client = Client(SERVER_NAME=settings.WEB_DOMAIN)
    client.force_login(user_of(anna))
    assert client.get(CLOSED, secure=True).status_code == 401


def test_answers_cannot_be_taken_for_pages() -> None:
    answer = ApiClient().get(OPEN)
    assert (
        answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; form-action 'none'"
    )
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_only_what_everybody_gets_may_be_kept_by_others() -> None:
    signed_in = api_client(make_account("anna"))
    assert ApiClient().get(OPEN)["Cache-Control"] == "public, max-age=15"
    assert signed_in.get(OPEN)["Cache-Control"] == "private, no-store"
    assert signed_in.get(CLOSED)["Cache-Control"] == "private, no-store"
    assert ApiClient().get(CLOSED)["Cache-Control"] == "private, no-store"
    assert {"Authorization", "Origin"} <= set(ApiClient().get(OPEN)["Vary"].split(", "))


def test_a_slash_at_the_end_is_forgiven() -> None:
    assert ApiClient().get("/api/v1/instance/").json() == ApiClient().get("/api/v1/instance").json()


# Tokens


@pytest.mark.parametrize("where", ["access_token", "bearer_token"])
def test_a_token_may_stand_in_the_query(where: str) -> None:
    token = token_for(make_account("anna"))
    assert ApiClient().get(CLOSED, {where: token}).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_written_as_one_likes(scheme: str) -> None:
    token = token_for(make_account("anna"))
    assert ApiClient().get(CLOSED, Authorization=f"{scheme} {token}").status_code == 200


# Rate limits


def test_every_answer_says_how_often_one_may_ask() -> None:
    app = api_client(make_account("anna"))
    first, second = app.get(CLOSED), app.get(CLOSED)
    assert first["X-RateLimit-Limit"] == "300"
    assert int(first["X-RateLimit-Remaining"]) - int(second["X-RateLimit-Remaining"]) == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first["X-RateLimit-Reset"])


def test_whoever_asks_too_often_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "ANONYMOUS", Limit("ip", 2, 10**9))
    for remaining in ("1", "0"):
        assert ApiClient().get(OPEN)["X-RateLimit-Remaining"] == remaining
    answer = ApiClient().get(OPEN)
    expect_error(answer, 429)
    assert answer["X-RateLimit-Remaining"] == "0"
    assert api_client(make_account("anna")).get(OPEN).status_code == 200


def test_paging_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PAGING", Limit("paging", 1, 10**9))
    app = api_client(make_account("anna"))
    assert app.get(CLOSED, {"max_id": "1"}).status_code == 200
    expect_error(app.get(CLOSED, {"max_id": "1"}), 429)
    assert app.get(CLOSED).status_code == 200


def test_all_tokens_of_a_person_share_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PER_USER", Limit("user", 1, 10**9))
    anna = make_account("anna")
    assert api_client(anna, "read").get(CLOSED).status_code == 200
    expect_error(api_client(anna, "read write").get(CLOSED), 429)
    assert api_client(make_account("bertha")).get(CLOSED).status_code == 200


def test_headers_tell_of_the_limit_that_ends_first() -> None:
    wide, narrow = Limit("wide", 100, 3600), Limit("narrow", 4, 3600)
    usage = ratelimit.consume([(wide, "x"), (narrow, "x")])
    assert (usage.limit, usage.remaining, usage.exceeded) == (4, 3, False)
