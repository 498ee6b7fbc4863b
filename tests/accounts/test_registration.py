"""How a person and an account come into being, and how the address is proved."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts.models import Account, Membership, User
from accounts.registration import (
    confirm_email,
    confirmation_token,
    create_local_account,
    get_user_to_confirm,
    send_confirmation,
)
from core.errors import NotFound, Unprocessable
from federation.models import SigningKey
from tests.cast import PASSWORD, api_client, make_account

pytestmark = pytest.mark.django_db


def sign_up(username: str = "Anna", email: str = "Anna@Mail.Example", **more: object) -> tuple[User, Account]:
    return create_local_account(username=username, email=email, **{"password": PASSWORD, **more})


def test_a_person_gets_an_account_a_key_and_a_login():
    user, account = sign_up(display_name="Anna\nB.")
    assert user.email == "anna@mail.example"
    assert user.check_password(PASSWORD)
    assert account.uri == "https://social.example/users/Anna"
    assert account.url == "https://social.example/@Anna"
    assert account.display_name == "Anna B."
    assert Membership.objects.get(user=user, account=account).role == "owner"
    assert SigningKey.objects.get().key_id == "https://social.example/users/Anna#main-key"


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"username": ""}, "username", "ERR_BLANK"),
        ({"username": "a" * 31}, "username", "ERR_TOO_LONG"),
        ({"username": "änna"}, "username", "ERR_INVALID"),
        ({"username": "anna-b"}, "username", "ERR_INVALID"),
        ({"username": "Admin"}, "username", "ERR_RESERVED"),
        ({"username": "BERTHA"}, "username", "ERR_TAKEN"),
        ({"email": ""}, "email", "ERR_BLANK"),
        ({"email": "nonsense"}, "email", "ERR_INVALID"),
        ({"email": "a@" + "b" * 320 + ".example"}, "email", "ERR_TOO_LONG"),
        ({"email": "BERTHA@mail.example"}, "email", "ERR_TAKEN"),
        ({"password": ""}, "password", "ERR_BLANK"),
        ({"password": "short"}, "password", "ERR_TOO_SHORT"),
        ({"password": "password123"}, "password", "ERR_INVALID"),
        ({"password": "x" * 1001}, "password", "ERR_TOO_LONG"),
    ],
)
def test_what_is_wrong_is_named_by_field_and_code(values, field, code):
    make_account("bertha")
    given = {"username": "anna", "email": "anna@mail.example", "password": PASSWORD}
    with pytest.raises(Unprocessable) as refused:
        create_local_account(**given | values)
    assert [fault["error"] for fault in refused.value.details[field]][:1] == [code]
    assert User.objects.count() == 1


def test_all_faults_are_told_at_once():
    with pytest.raises(Unprocessable) as refused:
        create_local_account(username="", email="", password="")
    assert set(refused.value.details) == {"username", "email", "password"}


def test_staff_may_have_a_reserved_name():
    assert sign_up("admin", role="admin")[1].username == "admin"


def test_an_unconfirmed_person_is_not_shown_and_may_not_act():
    user, account = sign_up(confirmed=False)
    path = f"/api/v1/accounts/{account.pk}"
    assert api_client().get(path).status_code == 404
    assert api_client(account).get("/api/v1/accounts/verify_credentials").status_code == 403
    confirm_email(user)
    assert api_client().get(path).status_code == 200
    assert api_client(account).get("/api/v1/accounts/verify_credentials").status_code == 200


def test_the_mail_leads_to_the_confirmation(run_jobs):
    user, _account = sign_up(confirmed=False, locale="en")
    send_confirmation(user)
    run_jobs()
    assert [message.to for message in mail.outbox] == [["anna@mail.example"]]
    assert confirmation_token(user).partition(":")[0] in mail.outbox[0].body
    confirm_email(get_user_to_confirm(confirmation_token(user)))
    user.refresh_from_db()
    first = user.confirmed_at
    confirm_email(user)
    user.refresh_from_db()
    assert user.confirmed_at == first
    send_confirmation(user)
    run_jobs()
    assert len(mail.outbox) == 1


def test_a_link_that_is_wrong_old_or_for_a_former_address_confirms_nothing():
    user, _account = sign_up(confirmed=False)
    token = confirmation_token(user)
    with pytest.raises(NotFound):
        get_user_to_confirm(token + "x")
    with time_machine.travel(timezone.now() + timedelta(days=8)), pytest.raises(NotFound):
        get_user_to_confirm(token)
    User.objects.update(email="other@mail.example")
    with pytest.raises(NotFound):
        get_user_to_confirm(token)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_one_name_at_once_one_gets_it():
    gate, results = threading.Barrier(3), []

    def run(number: int) -> None:
        gate.wait()
        try:
            sign_up("anna", f"anna{number}@mail.example")
            results.append("made")
        except Unprocessable as refused:
            results.append(refused.details["username"][0]["error"])
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["ERR_TAKEN", "ERR_TAKEN", "made"]
    assert User.objects.count() == 1
