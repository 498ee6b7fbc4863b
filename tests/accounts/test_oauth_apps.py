"""An app registers: what is accepted, what is refused, and how it proves who it is later."""

import base64
from typing import Any

import pytest

from accounts.models import Application
from accounts.oauth.scopes import ALL
from core.pubsub import connection
from tests.cast import ApiClient, api_client, app_token, make_account, the_application

pytestmark = pytest.mark.django_db

OOB = "urn:ietf:wg:oauth:2.0:oob"


def register(encoding: str = "json", **changes: Any) -> Any:
    connection().flushdb()
    values = {"client_name": "Tusky", "redirect_uris": OOB, "scopes": "read write", **changes}
    return ApiClient().post("/api/v1/apps", values, encoding=encoding)


@pytest.mark.parametrize("encoding", ["json", "form", "multipart"])
def test_an_app_registers_in_any_encoding(encoding):
    response = register(encoding, website="https://tusky.app")
    assert response.status_code == 200
    body = response.json()
    assert (body["name"], body["website"], body["scopes"]) == (
        "Tusky",
        "https://tusky.app",
        ["read", "write"],
    )
    assert body["redirect_uri"] == OOB and body["redirect_uris"] == [OOB]
    assert isinstance(body["id"], str) and body["client_secret_expires_at"] == 0
    application = Application.objects.get(client_id=body["client_id"])
    assert body["client_secret"] not in application.client_secret_hash


def test_several_redirect_addresses_come_as_lines_or_as_a_list():
    uris = [
        "icecubesapp://",
        "mastodon://joinmastodon.org/oauth",
        "https://elk.zone/api/x/https%3A%2F%2Felk.zone",
    ]
    for given in ("\n".join(uris), uris):
        body = register(redirect_uris=given).json()
        assert body["redirect_uris"] == uris
        assert body["redirect_uri"] == "\n".join(uris)


def test_scopes_default_to_read_and_every_known_one_is_accepted():
    assert register(scopes="").json()["scopes"] == ["read"]
    assert register(scopes=" ".join(ALL)).json()["scopes"] == list(ALL)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_name": ""},
        {"client_name": "x" * 61},
        {"redirect_uris": ""},
        {"redirect_uris": "/relative"},
        {"redirect_uris": "https://app.example/#fragment"},
        {"redirect_uris": "javascript:alert(1)"},
        {"redirect_uris": "data:text/html,x"},
        {"redirect_uris": "VBScript:x"},
        {"redirect_uris": "https://äpp.example/"},
        {"redirect_uris": [f"https://app.example/{'x' * 1000}", f"https://app.example/{'y' * 1000}"]},
        {"scopes": "read read:reports"},
        {"scopes": "admin"},
        {"website": "not a website"},
        {"website": "javascript:alert(1)"},
        {"website": "https://app.example/" + "x" * 2000},
    ],
)
def test_what_is_wrong_is_refused(wrong):
    response = register(**wrong)
    assert response.status_code == 422
    assert response.json()["error"].startswith("Validation failed")
    assert not Application.objects.exists()


def test_five_registrations_in_ten_minutes_are_enough():
    values = {"client_name": "Tusky", "redirect_uris": OOB}
    codes = [ApiClient().post("/api/v1/apps", values).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]


def test_any_token_learns_which_app_it_belongs_to():
    for client in (ApiClient(app_token("push")), api_client(make_account("anna"), "push")):
        body = client.get("/api/v1/apps/verify_credentials").json()
        assert body["name"] == the_application().name
        assert "client_secret" not in body
    assert ApiClient().get("/api/v1/apps/verify_credentials").status_code == 401
    wrong = ApiClient("nonsense").get("/api/v1/apps/verify_credentials")
    assert wrong.status_code == 401
    assert "invalid_token" in wrong["WWW-Authenticate"]


def test_an_apps_own_token_by_basic_body_or_query():
    app = register().json()
    names = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    grant = {"grant_type": "client_credentials", "scope": "read"}
    basic = base64.b64encode(f"{app['client_id']}:{app['client_secret']}".encode()).decode()
    tokens = [
        ApiClient().post("/oauth/token", grant | names).json(),
        ApiClient().post("/oauth/token", grant | names, encoding="form").json(),
        ApiClient().http.post("/oauth/token", query_params=grant | names, secure=True).json(),
        ApiClient().post("/oauth/token", grant, Authorization=f"Basic {basic}").json(),
    ]
    assert len({token["access_token"] for token in tokens}) == 1
    assert (tokens[0]["token_type"], tokens[0]["scope"]) == ("Bearer", "read")
    assert isinstance(tokens[0]["created_at"], int)
    assert set(tokens[0]) == {"access_token", "token_type", "scope", "created_at"}
    own = ApiClient(tokens[0]["access_token"])
    assert own.get("/api/v1/apps/verify_credentials").status_code == 200
    assert own.get("/oauth/userinfo").status_code == 403


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "unknown"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_id": "\x00"}, 401, "invalid_client"),
        ({"scope": "push"}, 400, "invalid_scope"),
        ({"scope": "write:statuses"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"client_id": {"a": "b"}}, 400, "invalid_request"),
    ],
)
def test_an_apps_own_token_is_refused_as_the_rfc_says(changes, status, error):
    app = register().json()
    values = {
        "grant_type": "client_credentials",
        "scope": "read",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
    }
    response = ApiClient().post("/oauth/token", values | changes)
    assert response.status_code == status
    assert response.json()["error"] == error
    assert response.json()["error_description"]


def test_credentials_that_cannot_be_read_are_wrong_ones():
    grant = {"grant_type": "client_credentials"}
    for header in ("Basic ???", "Basic " + base64.b64encode(b"\xff\x00:x").decode(), "Basic AAA6eA=="):
        assert ApiClient().post("/oauth/token", grant, Authorization=header).status_code == 401


def test_the_metadata_document_names_what_works():
    response = ApiClient().get("/.well-known/oauth-authorization-server")
    body = response.json()
    assert body["issuer"] == "https://social.example/"
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert "write:statuses" in body["scopes_supported"]
    assert body["authorization_endpoint"] == "https://social.example/oauth/authorize"


def test_browsers_of_other_origins_may_call_the_token_door():
    for path in ("/oauth/token", "/oauth/revoke", "/.well-known/oauth-authorization-server", "/api/v1/apps"):
        preflight = ApiClient().http.options(
            path,
            secure=True,
            headers={
                "Origin": "https://phanpy.social",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type",
            },
        )
        assert preflight["Access-Control-Allow-Origin"] == "*"
