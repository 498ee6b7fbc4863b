"""Signing up in an app: what is asked, what the token is worth before and after the confirmation."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AccessToken, User
from core.pubsub import connection
from invites.links import issue_link, revoke_link
from invites.models import Redemption
from tests.cast import ApiClient, api_client, app_token, make_account

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def wish(code: str, **changes: Any) -> dict[str, Any]:
    wished = {"username": "anna", "email": "anna@mail.example", "password": PASSWORD, "agreement": True}
    return {**wished, "locale": "de-DE", "time_zone": "Europe/Berlin", "invite_code": code, **changes}


def sign_up(code: str, encoding: str = "json", **changes: Any) -> Any:
    return ApiClient(app_token()).post("/api/v1/accounts", wish(code, **changes), encoding=encoding)


def faults(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.content
    assert ": " in answer.json()["error"]
    return {name: found[0]["error"] for name, found in answer.json()["details"].items()}


def confirm(mail: Any) -> None:
    page = re.search(r"https://social\.example(/\S+)", str(mail.body))
    assert page
    assert Client().post(page[1]).status_code == 302


@pytest.mark.parametrize("encoding", ["json", "form", "multipart"])
def test_the_token_opens_everything_once_the_address_is_confirmed(token, run_jobs, mailoutbox, encoding):
    answer = sign_up(token, encoding)
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "Bearer" and "write" in body["scope"].split()
    anna = ApiClient(body["access_token"])
    assert anna.get("/api/v1/accounts/verify_credentials").status_code == 403
    assert anna.post("/api/v1/statuses", {"status": "Hallo"}).status_code == 403
    assert anna.get("/api/v1/emails/check_confirmation").json() is False
    assert Redemption.objects.get().state == Redemption.State.RESERVED
    run_jobs()
    assert User.objects.get().locale == "de" and "bestätige" in str(mailoutbox[0].body).lower()
    confirm(mailoutbox[0])
    assert anna.get("/api/v1/emails/check_confirmation").json() is True
    assert anna.get("/api/v1/accounts/verify_credentials").json()["username"] == "anna"
    assert Redemption.objects.get().state == Redemption.State.COMPLETED
    assert anna.post("/api/v1/emails/confirmations").status_code == 403


def test_all_faults_are_told_at_once_and_nothing_is_kept(token):
    wrong = {"username": "a b", "email": "nowhere", "password": "short", "agreement": "false"}
    assert faults(sign_up("", **wrong)) == {
        "username": "ERR_INVALID",
        "email": "ERR_INVALID",
        "password": "ERR_TOO_SHORT",
        "agreement": "ERR_ACCEPTED",
        "invite_code": "ERR_BLANK",
    }
    missing = ApiClient(app_token()).post("/api/v1/accounts")
    assert set(faults(missing)) == {"username", "email", "password", "agreement", "invite_code"}
    assert faults(sign_up(token, username="x" * 31)) == {"username": "ERR_TOO_LONG"}
    assert not User.objects.exists() and not Redemption.objects.exists()


def test_an_invitation_that_does_not_hold_is_named():
    now = timezone.now()
    revoked, code = issue_link(issued_by=None, now=now)
    revoke_link(revoked.pk, now=now)
    _expired, late = issue_link(issued_by=None, now=now - timedelta(days=15))
    reasons = set()
    for wrong in ("0" * 26, "nonsense", code, late):
        connection().flushdb()
        answer = sign_up(wrong)
        assert faults(answer) == {"invite_code": "ERR_INVALID"}
        reasons.add(answer.json()["details"]["invite_code"][0]["description"])
    assert len(reasons) == 3
    assert not User.objects.exists()


def test_the_last_place_is_given_once(token):
    assert sign_up(token).status_code == 200
    assert faults(sign_up(token, username="bertha", email="b@mail.example")) == {"invite_code": "ERR_INVALID"}


def test_names_that_are_taken_are_told_only_with_a_good_invitation(token):
    make_account("anna")
    assert faults(sign_up(token)) == {"username": "ERR_TAKEN", "email": "ERR_TAKEN"}
    assert faults(sign_up("nonsense")) == {"username": "ERR_TAKEN", "invite_code": "ERR_INVALID"}


def test_sending_again_is_one_sign_up_for_whoever_knows_the_password():
    _invite, token = issue_link(issued_by=None, max_uses=5, now=timezone.now())
    first = sign_up(token).json()
    assert sign_up(token).json() == first
    assert set(faults(sign_up(token, password="another long password"))) == {"username", "email"}
    assert (Redemption.objects.count(), AccessToken.objects.filter(user__isnull=False).count()) == (1, 1)


def test_only_an_app_itself_may_and_not_too_often(token):
    assert api_client(make_account("bertha")).post("/api/v1/accounts", wish(token)).status_code == 403
    assert ApiClient(app_token("read")).post("/api/v1/accounts", wish(token)).status_code == 403
    assert ApiClient().post("/api/v1/accounts", wish(token)).status_code == 401
    assert [sign_up("nonsense").status_code for _ in range(6)] == [422] * 5 + [429]
    assert ApiClient().get("/api/v1/accounts").status_code == 200


def test_a_mistyped_address_can_be_changed(token, run_jobs, mailoutbox):
    make_account("bertha")
    anna = ApiClient(sign_up(token).json()["access_token"])
    run_jobs()
    assert anna.post("/api/v1/emails/confirmations", {"email": " Other@mail.example"}).json() == {}
    run_jobs()
    first, second = mailoutbox
    assert (first.to, second.to) == (["anna@mail.example"], ["other@mail.example"])
    former = re.search(r"https://social\.example(/\S+)", str(first.body))
    assert former and Client().post(former[1]).status_code == 404
    for wrong in ("bertha@mail.example", "nonsense"):
        answer = anna.post("/api/v1/emails/confirmations", {"email": wrong})
        assert set(faults(answer)) == {"email"}
    confirm(second)
    assert User.objects.get(email="other@mail.example").confirmed_at


def test_mails_are_sent_again_at_most_five_times(token, run_jobs, mailoutbox):
    anna = ApiClient(sign_up(token).json()["access_token"])
    answers = [anna.post("/api/v1/emails/confirmations").status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]
    run_jobs()
    assert len(mailoutbox) == 6
    assert api_client(make_account("bertha"), "read").post("/api/v1/emails/confirmations").status_code == 403


def test_a_confirmation_does_not_prove_an_address_that_came_after_it(token):
    from accounts.registration import change_unconfirmed_email, confirm_email

    sign_up(token)
    looked_up = User.objects.get()
    change_unconfirmed_email(User.objects.get(), "victim@mail.example")
    confirm_email(looked_up)
    assert User.objects.get().confirmed_at is None
