"""One's own account by the API: who am I, the profile in every encoding, what is refused, preferences."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts import relationships
from accounts.models import Account, Follow
from federation.models import OutboundActivity
from tests.cast import ApiClient, api_client, app_token, make_account, make_remote_account
from tests.contract.contract import entity_faults

pytestmark = pytest.mark.django_db

UPDATE = "/api/v1/accounts/update_credentials"


@pytest.fixture(autouse=True)
def _media_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def picture(size: tuple[int, int] = (500, 300)) -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, "PNG")
    return SimpleUploadedFile("x.png", file.getvalue(), "image/png")


def change(account: Account, encoding: str = "json", **values: Any) -> Any:
    return api_client(account, "write:accounts").patch(UPDATE, values, encoding=encoding)


def test_who_am_i():
    anna = make_account("anna", note="raw #x", locked=True)
    relationships.follow(make_account("bertha"), anna)
    for scope in ("read", "profile", "read:accounts"):
        shown = api_client(anna, scope).get("/api/v1/accounts/verify_credentials").json()
    assert shown["username"] == "anna"
    source = shown["source"]
    assert (source["note"], source["privacy"], source["language"]) == ("raw #x", "private", None)
    assert (source["sensitive"], source["follow_requests_count"]) == (False, 1)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("get", "/api/v1/accounts/verify_credentials", "read:statuses"),
        ("patch", UPDATE, "read write:statuses"),
        ("get", "/api/v1/preferences", "write"),
        ("get", "/api/v1/profile", "write"),
        ("patch", "/api/v1/profile", "read"),
        ("delete", "/api/v1/profile/avatar", "read"),
    ],
)
def test_wrong_scope_no_token_and_an_apps_own_token(method, path, scope):
    anna = make_account("anna")
    assert getattr(api_client(anna, scope), method)(path).status_code == 403
    assert getattr(ApiClient(), method)(path).status_code == 401
    assert getattr(ApiClient("wrong"), method)(path).status_code == 401
    assert getattr(ApiClient(app_token()), method)(path).status_code == 422


def test_a_disabled_or_suspended_one_may_do_nothing():
    anna = make_account("anna")
    client = api_client(anna)
    Account.objects.update(suspended_at="2026-01-01T00:00:00Z")
    assert client.get("/api/v1/accounts/verify_credentials").status_code == 403


@pytest.mark.parametrize("encoding", ["json", "form", "multipart"])
def test_texts_and_switches_in_any_encoding(encoding):
    anna = make_account("anna")
    response = change(
        anna,
        encoding,
        display_name="Anna B.",
        note="Hello\nworld",
        locked="true",
        bot="1",
        discoverable="true",
        hide_collections="true",
        indexable="true",
    )
    assert response.status_code == 200
    shown = response.json()
    assert (shown["display_name"], shown["source"]["note"]) == ("Anna B.", "Hello\nworld")
    for switch in ("locked", "bot", "discoverable", "hide_collections", "indexable"):
        assert shown[switch] is True
    assert change(anna, encoding, bot="false").json()["bot"] is False
    assert change(anna, encoding, display_name="").json()["display_name"] == ""


ROWS = [("Web", "https://anna.example"), ("Ort", "Köln")]


@pytest.mark.parametrize(
    ("encoding", "values"),
    [
        ("json", {"fields_attributes": [{"name": name, "value": value} for name, value in ROWS]}),
        (
            "json",
            {"fields_attributes": {str(n): {"name": row[0], "value": row[1]} for n, row in enumerate(ROWS)}},
        ),
        (
            "form",
            {
                "fields_attributes[0][name]": "Web",
                "fields_attributes[0][value]": "https://anna.example",
                "fields_attributes[1][name]": "Ort",
                "fields_attributes[1][value]": "Köln",
            },
        ),
        (
            "form",
            [
                ("fields_attributes[][name]", "Web"),
                ("fields_attributes[][value]", "https://anna.example"),
                ("fields_attributes[][name]", "Ort"),
                ("fields_attributes[][value]", "Köln"),
            ],
        ),
        (
            "multipart",
            {
                "fields_attributes[0][name]": "Web",
                "fields_attributes[0][value]": "https://anna.example",
                "fields_attributes[1][name]": "Ort",
                "fields_attributes[1][value]": "Köln",
                "fields_attributes[2][name]": "",
                "fields_attributes[2][value]": "",
            },
        ),
    ],
)
def test_fields_in_every_shape_and_kept_proof(encoding, values):
    anna = make_account(
        "anna", fields=[{"name": "Ort", "value": "Köln", "verified_at": "2026-01-01T00:00:00.000Z"}]
    )
    client = api_client(anna)
    shown = client.patch(UPDATE, values, encoding=encoding).json()
    assert [(f["name"], f["value"]) for f in shown["source"]["fields"]] == ROWS
    assert [f["verified_at"] for f in shown["fields"]] == [None, "2026-01-01T00:00:00.000Z"]
    assert "<a " in shown["fields"][0]["value"]
    assert client.patch(UPDATE, {"note": "x"}).json()["fields"] == shown["fields"]
    assert client.patch(UPDATE, {"fields_attributes": []}).json()["fields"] == []


def test_pictures_are_stored_replaced_and_removed(tmp_path, run_jobs):
    anna = make_account("anna")
    client = api_client(anna)
    values = {"avatar": picture(), "header": picture(), "avatar_description": "Anna in red"}
    shown = client.patch(UPDATE, values, encoding="multipart").json()
    assert shown["avatar"].startswith("https://social.example/media_files/avatars/")
    assert shown["header"].startswith("https://social.example/media_files/headers/")
    assert shown["avatar_description"] == "Anna in red"
    profile = client.get("/api/v1/profile").json()
    assert (profile["avatar"], profile["header"]) == (shown["avatar"], shown["header"])
    anna.refresh_from_db()
    former = tmp_path / anna.avatar
    assert former.exists()
    client.patch(UPDATE, {"avatar": picture()}, encoding="multipart")
    run_jobs()
    assert not former.exists()
    removed = client.delete("/api/v1/profile/avatar").json()
    assert removed["avatar"].endswith("/missing.png") and removed["avatar_description"] == ""
    assert client.delete("/api/v1/profile/header").json()["header"].endswith("/missing.png")
    assert client.get("/api/v1/profile").json()["avatar"] is None
    run_jobs()
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"display_name": "x" * 41}, "display_name", "ERR_TOO_LONG"),
        ({"note": "x" * 501}, "note", "ERR_TOO_LONG"),
        ({"avatar_description": "x" * 151}, "avatar_description", "ERR_TOO_LONG"),
        ({"fields_attributes": [{"name": "a", "value": "b"}] * 5}, "fields", "ERR_TOO_MANY"),
        ({"fields_attributes": [{"name": "", "value": "b"}]}, "fields", "ERR_BLANK"),
        ({"fields_attributes": [{"name": "a", "value": "b" * 256}]}, "fields", "ERR_TOO_LONG"),
        ({"source": {"privacy": "direct"}}, "source.privacy", "ERR_INCLUSION"),
        ({"source": {"privacy": "nonsense"}}, "source.privacy", "ERR_INCLUSION"),
        ({"source": {"language": "<script>"}}, "source.language", "ERR_INCLUSION"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(values, field, code):
    anna = make_account("anna")
    response = change(anna, **{"display_name": "New", **values})
    assert response.status_code == 422
    assert response.json()["details"][field][0]["error"] == code
    assert response.json()["error"].startswith("Validation failed")
    anna.refresh_from_db()
    assert anna.display_name == "Anna"


def test_a_picture_that_is_none_is_refused():
    anna = make_account("anna")
    for upload in (SimpleUploadedFile("x.png", b"nonsense", "image/png"), "a text"):
        response = change(anna, "multipart", avatar=upload, note="New")
        assert response.status_code == 422
    anna.refresh_from_db()
    assert anna.note == ""


def test_preferences_of_posting():
    anna = make_account("anna")
    change(
        anna, "form", **{"source[privacy]": "unlisted", "source[sensitive]": "true", "source[language]": "de"}
    )
    preferences = api_client(anna, "read").get("/api/v1/preferences").json()
    assert preferences["posting:default:visibility"] == "unlisted"
    assert preferences["posting:default:sensitive"] is True
    assert preferences["posting:default:language"] == "de"
    assert change(anna, source={"language": ""}).json()["source"]["language"] is None


def test_followers_elsewhere_learn_of_a_change_but_not_of_preferences():
    anna = make_account("anna")
    relationships.follow(make_remote_account("dora"), anna, uri="https://elsewhere.example/1")
    OutboundActivity.objects.all().delete()
    change(anna, source={"privacy": "unlisted"})
    change(anna, display_name="Anna")
    assert not OutboundActivity.objects.exists()
    change(anna, display_name="Anna B.")
    assert OutboundActivity.objects.get().activity_type == "Update"


def test_unlocking_accepts_who_waits():
    anna, bertha = make_account("anna", locked=True), make_account("bertha")
    relationships.follow(bertha, anna)
    change(anna, locked="false")
    assert Follow.objects.get().accepted_at is not None
    bertha.refresh_from_db()
    assert bertha.following_count == 1


def test_the_profile_door_has_raw_and_rendered_texts():
    anna = make_account("anna")
    client = api_client(anna)
    for method in (client.patch, client.put):
        shown = method("/api/v1/profile", {"note": "#Wald", "display_name": "A"}).json()
    assert shown["note"] == "#Wald"
    assert "<a " in shown["formatted_note"]
    assert shown["display_name"] == "A"


def test_the_profile_door_names_the_hashtags_on_the_profile():
    client = api_client(make_account("anna"))
    assert client.get("/api/v1/profile").json()["featured_tags"] == []
    featured = client.post("/api/v1/featured_tags", {"name": "Wald"}).json()
    shown = client.patch("/api/v1/profile", {"show_featured": False}).json()
    assert shown["featured_tags"] == [featured]
    assert entity_faults("Profile", shown) == []


def test_names_with_brackets_in_json_set_the_fields():
    anna = make_account("anna")
    names = {"fields_attributes[0][name]": "Ort", "fields_attributes[0][value]": "Bremen"}
    shown = change(anna, **names).json()
    assert [(field["name"], field["value"]) for field in shown["source"]["fields"]] == [("Ort", "Bremen")]
