"""The staff page of invitations: who sees it, what it shows once, and what ends at once."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from invites.links import issue_link
from invites.models import Invite
from tests.cast import make_account, user_of
from tests.invites.forms import filled_in

pytestmark = pytest.mark.django_db
PAGE = "/staff/invitations"


def staff(role: str = "moderator") -> Client:
    browser = Client(headers={"Accept-Language": "de"})
    browser.force_login(user_of(make_account(f"the_{role}", role=role)))
    return browser


def make_link(browser: Client, **wished: str) -> str:
    page = browser.post(PAGE, {"max_uses": "2", "valid_days": "7", "comment": "", **wished})
    found = re.search(r'id="new-link">https://social\.example(/invite/\w{26})<', page.text)
    assert found, page.text
    return found[1]


def test_strangers_are_sent_to_the_login_and_users_learn_nothing() -> None:
    assert Client().get(PAGE)["Location"] == f"/login?next={PAGE}"
    member = Client()
    member.force_login(user_of(make_account("anna")))
    invite, _ = issue_link(issued_by=None, now=timezone.now())
    for answer in (member.get(PAGE), member.post(PAGE), member.post(f"{PAGE}/{invite.pk}/revoke")):
        assert answer.status_code == 404
    invite.refresh_from_db()
    assert invite.revoked_at is None and Invite.objects.count() == 1
    assert "Einladungen" not in member.get("/").text


@pytest.mark.parametrize("role", ["moderator", "admin"])
def test_a_link_is_shown_once_works_and_is_listed_with_its_state(role: str) -> None:
    browser = staff(role)
    assert "Einladungen" in browser.get("/").text
    path = make_link(browser, comment="Hofladen <eG>")
    assert Client().post(path, filled_in()).status_code == 302
    listed = browser.get(PAGE)
    assert path not in listed.text
    for words in (f"…{path[-4:]}", "offen", "0 von 2", "+ 1 unbestätigt", "Hofladen &lt;eG&gt;"):
        assert words in listed.text
    assert "no-store" in listed["Cache-Control"]
    assert Invite.objects.get().issued_by_id == int(browser.session["_auth_user_id"])


def test_a_withdrawn_link_ends_at_once() -> None:
    browser = staff()
    path = make_link(browser)
    answer = browser.post(f"{PAGE}/{Invite.objects.get().pk}/revoke", follow=True)
    assert "zurückgezogen" in answer.text
    assert Client().get(path).status_code == 410
    assert browser.post(f"{PAGE}/1/revoke").status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("max_uses", "501", "Bitte gib eine Zahl von 1 bis 500 ein."),
        ("valid_days", "0", "Bitte gib eine Zahl von 1 bis 90 ein."),
        ("max_uses", "many", "Bitte eine ganze Zahl eingeben."),
        ("comment", "x" * 421, "Der Kommentar darf höchstens 420 Zeichen haben."),
    ],
)
def test_limits_are_said_and_the_rest_stays_in_the_form(field: str, value: str, words: str) -> None:
    page = staff().post(PAGE, {"max_uses": "3", "valid_days": "7", "comment": "Hofladen", field: value})
    assert page.status_code == 422
    assert words in page.text
    assert f'value="{value}"' in page.text
    assert not Invite.objects.exists()


def test_forged_forms_are_refused() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user_of(make_account("the_admin", role="admin")))
    assert browser.post(PAGE, {"max_uses": "1", "valid_days": "7"}).status_code == 403
    assert not Invite.objects.exists()


def test_the_list_costs_the_same_number_of_queries_for_many_links() -> None:
    browser = staff()
    counts = []
    for wanted in (1, 15):
        while Invite.objects.count() < wanted:
            issue_link(issued_by=None, now=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            browser.get(PAGE)
        counts.append(len(queries))
    assert counts[0] == counts[1]
