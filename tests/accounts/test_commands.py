"""The commands for scripts and administrators."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import translation

from accounts.models import AccessToken, Account, User
from tests.cast import ApiClient, make_account

pytestmark = pytest.mark.django_db

CREATE = ("account", "create", "anna", "--email", "Anna@mail.example", "--password", "correct horse battery")


def run(capsys: Any, *arguments: str) -> str:
    with translation.override("en"):
        call_command(*arguments)
    return capsys.readouterr().out


def test_an_account_is_created_with_a_login_that_works(capsys, client):
    made = json.loads(run(capsys, *CREATE, "--role", "moderator", "--json"))
    assert made["url"] == "https://social.example/@anna"
    assert (made["email"], made["role"]) == ("anna@mail.example", "moderator")
    assert Account.objects.get(pk=made["id"]).uri == "https://social.example/users/anna"
    user = User.objects.get()
    assert user.check_password("correct horse battery") and user.is_staff and user.confirmed_at


def test_an_account_moves_to_one_that_names_it(capsys):
    anna, bertha = make_account("anna"), make_account("bertha")
    with pytest.raises(CommandError, match="alias"):
        run(capsys, "account", "move", "anna", "bertha")
    assert anna.uri in run(capsys, "account", "alias", "bertha", "anna")
    assert "moved" in run(capsys, "account", "move", "anna", "bertha")
    assert "nothing" in run(capsys, "account", "alias", "bertha", "anna", "--remove")
    anna.refresh_from_db()
    assert anna.moved_to == bertha
    with pytest.raises(CommandError, match="no account"):
        run(capsys, "account", "move", "nobody", "bertha")


def test_what_is_wrong_is_said_and_nothing_is_made(capsys):
    make_account("anna")
    with pytest.raises(CommandError, match="taken"):
        run(capsys, *CREATE)
    with pytest.raises(CommandError, match="short"):
        run(capsys, "account", "create", "cem", "--email", "cem@mail.example", "--password", "x")
    assert User.objects.count() == 1


def test_a_token_for_development(capsys):
    make_account("anna")
    made = json.loads(run(capsys, "token", "create", "Anna", "--scopes", "read write:media", "--json"))
    assert made["scope"] == "read write:media"
    client = ApiClient(made["access_token"])
    assert client.get("/api/v1/accounts/verify_credentials").json()["username"] == "anna"
    assert (
        run(capsys, "token", "create", "anna", "--scopes", "read write:media").strip() == made["access_token"]
    )


def test_no_token_outside_development_for_nobody_and_with_unknown_scopes(capsys):
    make_account("anna")
    with override_settings(DEVELOPMENT=False), pytest.raises(CommandError, match="development"):
        run(capsys, "token", "create", "anna")
    with pytest.raises(CommandError, match="no account"):
        run(capsys, "token", "create", "bertha")
    with pytest.raises(CommandError, match="nonsense"):
        run(capsys, "token", "create", "anna", "--scopes", "nonsense")
    assert not AccessToken.objects.exists()
