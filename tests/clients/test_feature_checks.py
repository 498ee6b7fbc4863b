"""What apps look at before they use a server, and how they then speak to it; read from their sources.

What is tested where it belongs is not tested twice: the consent page and PKCE in
tests/accounts/test_oauth_consent.py, CORS and slashes in tests/core/test_api.py, streams in
tests/live/test_streaming.py and by the walks of this folder, signing up in tests/invites/test_signup_api.py,
required fields and their types in tests/contract/test_required_fields.py.
"""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import resolve

from tests.cast import ApiClient, api_client, make_account, user_of
from tests.contract.contract import endpoints

pytestmark = pytest.mark.django_db

INSTANCE = "/api/v2/instance"


def read(path: str, **params: Any) -> Any:
    """GET as a stranger and return the body."""
    answer = ApiClient().get(path, params)
    assert answer.status_code == 200, answer.content
    return answer.json()


# Which server is this?


def test_the_first_node_document_is_the_one_that_all_apps_read() -> None:
    links = read("/.well-known/nodeinfo")["links"]
    assert links[0]["rel"].endswith("/2.0")
    assert links[1]["rel"].endswith("/2.1")
    assert urlsplit(links[0]["href"]).path == "/nodeinfo/2.0"


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_apps_that_do_not_know_the_name_learn_whose_api_it_is(version: str) -> None:
    document = read(f"/nodeinfo/{version}")
    assert document["metadata"]["upstream"]["name"].lower() == "mastodon"
    assert document["software"]["name"]
    assert re.search(r"\d+\.\d+\.\d+", document["software"]["version"])


@pytest.mark.parametrize("path", [INSTANCE, "/api/v1/instance"])
def test_the_version_is_read_by_every_parser(path: str) -> None:
    version = read(path)["version"]
    found = re.match(r"(\d+)\.(\d+)\.(\d+)(?=$|[ +-])", version)
    assert found
    assert int(found[1]) >= 4  # Mastodon for iOS
    assert float(version[:3]) >= 4.3  # Ice Cubes; it would read 4.10 as 4.1
    assert int(found[2]) < 10
    assert "+glitch" not in version  # Elk


@pytest.mark.parametrize(
    ("number", "paths"),
    [
        (2, ["/api/v2/notifications", "/api/v2/notifications/unread_count"]),
        (4, ["/api/v1/push/subscription"]),
        (6, ["/api/v1/accounts/1/endorsements", "/api/v1/accounts/1/featured_tags"]),
        (7, ["/api/v1/statuses/1/quotes", "/api/v1/statuses/1/interaction_policy"]),
        (8, ["/api/v1/profile", "/api/v1/profile/avatar"]),
        (10, ["/api/v1/collections", "/api/v1/accounts/1/collections"]),
    ],
)
def test_the_number_of_the_api_promises_only_what_is_there(number: int, paths: list[str]) -> None:
    if read(INSTANCE)["api_versions"]["mastodon"] >= number:
        for path in paths:
            assert resolve(path).route


def test_apps_that_see_the_number_may_prove_their_codes() -> None:
    assert read(INSTANCE)["api_versions"]["mastodon"] >= 3
    assert "S256" in read("/.well-known/oauth-authorization-server")["code_challenge_methods_supported"]


@pytest.mark.parametrize(
    "way",
    [
        "domain",
        "title",
        "version",
        "description",
        "registrations enabled",
        "registrations approval_required",
        "registrations message",
        "contact email",
        "contact account",
        "thumbnail url",
        "usage users active_month",
        "languages",
        "rules",
        "configuration urls streaming",
        "configuration vapid public_key",
        "configuration accounts max_featured_tags",
        "configuration statuses max_characters",
        "configuration statuses max_media_attachments",
        "configuration statuses characters_reserved_per_url",
        "configuration media_attachments supported_mime_types",
        "configuration media_attachments description_limit",
        "configuration polls max_options",
        "configuration translation enabled",
        "configuration timelines_access",
        "api_versions mastodon",
    ],
)
def test_apps_find_in_the_instance_document(way: str) -> None:
    make_account("anna", role="admin")
    value = read(INSTANCE)
    for key in way.split(" "):
        value = value[key]
    assert value is not None and value not in ("", [], {})


def test_old_apps_find_the_streams_and_the_rules(settings: Any) -> None:
    document = read("/api/v1/instance")
    assert document["urls"]["streaming_api"] == settings.STREAMING_URL
    assert {"id", "text", "hint"} <= document["rules"][0].keys()


# Signing in


@pytest.mark.parametrize("encoding", ["json", "form"])
def test_registered_apps_get_what_they_keep(encoding: str) -> None:
    wanted = {"client_name": "Elk", "redirect_uris": "https://elk.example/\nelk://", "scopes": "read write"}
    made = ApiClient().post("/api/v1/apps", wanted, encoding=encoding).json()
    assert isinstance(made["id"], str)
    assert isinstance(made["redirect_uri"], str)
    assert made["redirect_uris"] == ["https://elk.example/", "elk://"]
    assert made["vapid_key"] == read(INSTANCE)["configuration"]["vapid"]["public_key"]


@pytest.mark.parametrize(
    "address",
    [
        "org.joinmastodon.android-auth://callback",
        "mastodon://joinmastodon.org/oauth",
        "oauth2redirect://com.keylesspalace.tusky/",
        "icecubesapp://",
        "fedilab://backtofedilab",
        "http://localhost:8765/",
        "https://elk.zone/api/social.example/oauth/https%3A%2F%2Felk.zone",
        "urn:ietf:wg:oauth:2.0:oob",
    ],
)
@pytest.mark.parametrize(
    "scopes", ["read write follow push", "read write", "read write follow push admin:read"]
)
def test_people_come_back_to_their_app(address: str, scopes: str) -> None:
    anna = make_account("anna")
    wanted = {"client_name": "App", "redirect_uris": address, "scopes": scopes}
    made = ApiClient().post("/api/v1/apps", wanted).json()
    browser = Client(SERVER_NAME=settings.WEB_DOMAIN)
    browser.force_login(user_of(anna))
    asked = {
        "response_type": "code",
        "client_id": made["client_id"],
        "redirect_uri": address,
        "scope": scopes,
        "lang": "de",
    }
    # toot asks with a slash.
    page = browser.get("/oauth/authorize/", asked, secure=True, follow=True)
    assert page.status_code == 200
    agreed = {**asked, "decision": "approve", "account_id": str(anna.pk)}
    back = browser.post("/oauth/authorize", agreed, secure=True)
    assert back.status_code in (302, 303)
    if not address.startswith("urn:"):
        assert back["Location"].startswith(f"{address}?code=")
    exchanged = {
        "grant_type": "authorization_code",
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
        "redirect_uri": address,
        "code": parse_qs(urlsplit(back["Location"]).query)["code"][0],
    }
    token = ApiClient().post("/oauth/token", exchanged).json()
    assert (token["token_type"], token["scope"]) == ("Bearer", scopes)
    assert isinstance(token["created_at"], int)


# How apps write their requests


@pytest.mark.parametrize("encoding", ["json", "form", "multipart", "query"])
def test_a_post_may_say_it_in_any_way(encoding: str) -> None:
    anna = api_client(make_account("anna"))
    if encoding == "query":
        answer = anna.post("/api/v1/lists?title=B%C3%A4ckerei&exclusive=true")
    else:
        answer = anna.post("/api/v1/lists", {"title": "Bäckerei", "exclusive": "true"}, encoding=encoding)
    assert (answer.json()["title"], answer.json()["exclusive"]) == ("Bäckerei", True)


def test_a_mute_may_stand_in_the_query() -> None:
    anna, bertha = make_account("anna"), make_account("bertha")
    answer = (
        api_client(anna).post(f"/api/v1/accounts/{bertha.pk}/mute?duration=60&notifications=false").json()
    )
    assert (answer["muting"], answer["muting_notifications"]) == (True, False)


@pytest.mark.parametrize("encoding", ["json", "form"])
def test_a_delete_may_have_a_body(encoding: str) -> None:
    anna = api_client(make_account("anna"))
    anna.post("/api/v1/domain_blocks", {"domain": "unwanted.example"})
    assert (
        anna.delete("/api/v1/domain_blocks", {"domain": "unwanted.example"}, encoding=encoding).status_code
        == 200
    )
    assert anna.get("/api/v1/domain_blocks").json() == []


@pytest.mark.parametrize(
    "body",
    [
        "fields_attributes[0][name]=Web&fields_attributes[0][value]=x",
        "fields_attributes[][name]=Web&fields_attributes[][value]=x",
        {"fields_attributes": [{"name": "Web", "value": "x"}]},
        {"fields_attributes": {"0": {"name": "Web", "value": "x"}}},
    ],
)
def test_names_may_have_brackets_as_in_rails(body: Any) -> None:
    encoding = "form" if isinstance(body, str) else "json"
    anna = api_client(make_account("anna"))
    answer = anna.patch("/api/v1/accounts/update_credentials", body, encoding=encoding).json()
    assert [(field["name"], field["value"]) for field in answer["source"]["fields"]] == [("Web", "x")]


def test_lists_and_nested_values_of_a_form() -> None:
    anna = api_client(make_account("anna"))
    body = "status=Was?&poll[options][]=Brot&poll[options][]=Kuchen&poll[expires_in]=3600&poll[multiple]=true"
    poll = anna.post("/api/v1/statuses", body, encoding="form").json()["poll"]
    assert ([option["title"] for option in poll["options"]], poll["multiple"]) == (["Brot", "Kuchen"], True)


def test_truth_may_be_a_string() -> None:
    anna = api_client(make_account("anna"))
    assert anna.patch("/api/v1/accounts/update_credentials", {"locked": "true"}).json()["locked"] is True
    assert anna.patch("/api/v1/accounts/update_credentials", {"locked": "false"}).json()["locked"] is False


@pytest.mark.parametrize("path", ["/api/v1/instance/", "/api/v2/instance/", "/api/v1/custom_emojis/"])
def test_a_slash_at_the_end_is_no_other_address(path: str) -> None:
    assert ApiClient().get(path).status_code == 200


def test_apps_that_show_an_invitation_find_its_door() -> None:
    assert "POST /api/v1/emails/confirmations" in endpoints()
    assert resolve("/api/v1/emails/confirmations").route
