"""`manage.py invite`: links from a terminal or a script."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

pytestmark = pytest.mark.django_db


def invite(*arguments: str) -> Any:
    out = StringIO()
    call_command("invite", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_issue_list_revoke() -> None:
    issued = invite("issue", "--uses", "3", "--days", "2", "--comment", "Hofladen eG")
    path = issued["url"].removeprefix("https://social.example")
    assert Client().get(path).status_code == 200
    (listed,) = invite("list")
    assert (listed["id"], listed["state"], listed["max_uses"], listed["comment"]) == (
        issued["id"],
        "open",
        3,
        "Hofladen eG",
    )
    assert issued["url"].rpartition("/")[2] not in str(listed)
    assert invite("revoke", issued["id"])["state"] == "revoked"
    assert invite("list")[0]["state"] == "revoked"
    assert Client().get(path).status_code == 410


def test_without_json_a_person_reads_the_link(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("invite", "issue")
    assert "url=https://social.example/invite/" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("issue", "--uses", "0"), ("issue", "--days", "900"), ("revoke", "1")])
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        invite(*arguments)
