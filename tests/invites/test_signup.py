"""Signing up by a link, as a browser does it: what is asked, kept, mailed, and what changes nothing."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from time_machine import travel

from accounts.models import Account, User
from federation.models import SigningKey
from invites.links import issue_link, revoke_link
from invites.models import Invite, InviteToken, Redemption
from invites.signup import release_unconfirmed, sweep_owed_mails
from tests.cast import PASSWORD, make_account, user_of
from tests.invites.forms import filled_in

pytestmark = pytest.mark.django_db
RunJobs = Callable[[], None]


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"https://social\.example(/\S+)", str(mail.body))
    assert found, mail.body
    return found[1]


def test_from_the_link_to_signed_in(
    token: str, browser: Client, run_jobs: RunJobs, mailoutbox: list[EmailMessage]
) -> None:
    answer = browser.post(f"/invite/{token}", filled_in())
    assert (answer.status_code, answer["Location"]) == (302, "/sign-up/sent")
    run_jobs()
    confirm_page = link_in(mailoutbox[0])
    assert browser.get(confirm_page).status_code == 200
    assert browser.post(confirm_page).status_code == 302

    user = User.objects.get(email="anna@mail.example")
    assert user.confirmed_at
    assert user.redemption.state == Redemption.State.COMPLETED
    plain = Client()
    signed_in = plain.post("/login", {"username": "Anna@mail.example", "password": "correct horse battery"})
    assert signed_in["Location"] == "/"
    assert "@anna@social.example" in plain.get("/").text


def test_opening_the_pages_changes_nothing(
    token: str, browser: Client, run_jobs: RunJobs, mailoutbox: list[EmailMessage]
) -> None:
    for _ in range(3):
        assert browser.get(f"/invite/{token}").status_code == 200
        assert browser.head(f"/invite/{token}").status_code == 200
    assert not User.objects.exists()
    assert not Redemption.objects.exists()
    browser.post(f"/invite/{token}", filled_in())
    run_jobs()
    browser.get(link_in(mailoutbox[0]))
    assert User.objects.get().confirmed_at is None
    assert Redemption.objects.get().state == Redemption.State.RESERVED


def test_nobody_meets_an_account_before_its_address_is_confirmed(
    token: str, browser: Client, run_jobs: RunJobs, mailoutbox: list[EmailMessage]
) -> None:
    browser.post(f"/invite/{token}", filled_in())
    run_jobs()
    for address in ("/api/v1/accounts/lookup?acct=anna", "/users/anna"):
        assert browser.get(address).status_code == 404
    browser.post(link_in(mailoutbox[0]))
    for address in ("/api/v1/accounts/lookup?acct=anna", "/users/anna"):
        assert browser.get(address).status_code in (200, 302)


def test_the_page_keeps_its_address_to_itself(token: str, browser: Client) -> None:
    page = browser.get(f"/invite/{token}")
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]
    assert page["X-Robots-Tag"] == "noindex"
    assert len(page.content) < 20_000


def test_a_browser_that_tells_no_origin_can_send_the_form(token: str, browser: Client) -> None:
    answer = browser.post(f"/invite/{token}", filled_in(), headers={"Origin": "null"})
    assert answer.status_code == 302


def test_a_token_is_stored_as_a_hash_only(token: str) -> None:
    stored = InviteToken.objects.get()
    assert token not in str(stored.__dict__)
    assert stored.tail == token[-4:]


def test_a_token_copied_badly_leads_to_its_clean_address(token: str, browser: Client) -> None:
    answer = browser.get(f"/invite/{token.lower()}.")
    assert (answer.status_code, answer["Location"]) == (302, f"/invite/{token}")
    assert answer["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("spelling", ["7H3K9QWEABCDFGHJKMNPRSTVXY", "nonsense", "x" * 10_000])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_link_says_so_and_what_to_do(browser: Client, spelling: str, method: str) -> None:
    page = getattr(browser, method)(f"/invite/{spelling}", filled_in() if method == "post" else None)
    assert page.status_code == 404
    assert "Diese Einladung kennen wir nicht" in page.text
    assert "vollständig kopiert" in page.text
    assert not User.objects.exists()


def close(token: str, how: str) -> None:
    invite = Invite.objects.get(tokens__tail=token[-4:])
    if how == "expired":
        Invite.objects.filter(pk=invite.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    elif how == "revoked":
        revoke_link(invite.pk, now=timezone.now())
    else:
        Redemption.objects.create(invite=invite, reserved_at=timezone.now())


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("expired", "Die Zeit dieser Einladung ist abgelaufen."),
        ("revoked", "Diese Einladung wurde zurückgezogen."),
        ("exhausted", "Alle Plätze dieser Einladung sind vergeben."),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_over_says_so_and_creates_nothing(
    token: str, browser: Client, how: str, words: str, method: str
) -> None:
    close(token, how)
    page = getattr(browser, method)(f"/invite/{token}", filled_in() if method == "post" else None)
    assert page.status_code == 410
    assert words in page.text
    assert not User.objects.exists()
    assert page["Referrer-Policy"] == "no-referrer"


def test_a_form_opened_in_time_may_be_sent_a_little_late(token: str, browser: Client) -> None:
    with travel(Invite.objects.get().expires_at - timedelta(minutes=5), tick=False) as clock:
        opened = browser.get(f"/invite/{token}").context["form"]["opened"].value()
        clock.shift(timedelta(minutes=36))
        assert browser.post(f"/invite/{token}", filled_in(opened=opened)).status_code == 410
        clock.shift(timedelta(minutes=-10))
        assert browser.post(f"/invite/{token}", filled_in(opened="forged")).status_code == 410
        assert browser.post(f"/invite/{token}", filled_in(opened=opened)).status_code == 302


def test_a_form_opened_before_the_link_was_withdrawn_is_too_late(token: str, browser: Client) -> None:
    opened = browser.get(f"/invite/{token}").context["form"]["opened"].value()
    close(token, "revoked")
    assert browser.post(f"/invite/{token}", filled_in(opened=opened)).status_code == 410
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("username", "", "Benutzername darf nicht leer sein."),
        (
            "username",
            "an na",
            "Benutzername darf nur Buchstaben ohne Umlaute und Akzente, Ziffern und Unterstriche enthalten.",
        ),
        ("username", "x" * 31, "Benutzername darf höchstens 30 Zeichen haben."),
        ("username", "Admin", "Benutzername ist reserviert."),
        ("email", "anna", "E-Mail-Adresse ist keine gültige Adresse."),
        ("password", "short", "Dieses Passwort ist zu kurz."),
        ("username", "an\0na", "Nullzeichen sind nicht erlaubt."),
        ("agreement", "", "Bitte stimme den Regeln zu."),
    ],
)
def test_what_is_wrong_is_said_in_the_readers_language_and_nothing_typed_is_lost(
    token: str, browser: Client, field: str, value: str, words: str
) -> None:
    page = browser.post(f"/invite/{token}", filled_in(**{field: value}))
    assert page.status_code == 422
    summary = re.search(r'<div class="notice error".*?</div>', page.text, re.DOTALL)
    assert summary and words in summary[0]
    assert f'href="#id_{field}"' in summary[0]
    assert "autofocus" in summary[0]
    for name in {"username", "email"} - {field}:
        assert f'value="{filled_in()[name]}"' in page.text
    assert "correct horse battery" not in page.text
    assert not User.objects.exists()
    assert not Redemption.objects.exists()


def test_all_faults_are_said_at_once(token: str, browser: Client) -> None:
    make_account("bertha")
    page = browser.post(
        f"/invite/{token}",
        filled_in(username="an na", password="short", agreement="", email="bertha@mail.example"),
    )
    assert list(page.context["form"].errors) == ["agreement", "username", "password"]


def test_the_same_fault_in_english(token: str, browser: Client) -> None:
    page = browser.post(f"/invite/{token}?lang=en", filled_in(username=""))
    assert "Username can&#x27;t be blank." in page.text


def test_a_taken_username_costs_no_place(token: str, browser: Client) -> None:
    make_account("anna")
    page = browser.post(f"/invite/{token}", filled_in(username="Anna", email="other@mail.example"))
    assert page.status_code == 422
    assert "Benutzername ist schon vergeben." in page.text
    assert (
        browser.post(f"/invite/{token}", filled_in(username="anna2", email="other@mail.example")).status_code
        == 302
    )


def test_that_an_address_has_a_login_is_told_to_its_owner_only(
    token: str, browser: Client, run_jobs: RunJobs, mailoutbox: list[EmailMessage]
) -> None:
    make_account("bertha")
    answer = browser.post(f"/invite/{token}", filled_in(email="Bertha@mail.example"))
    assert answer["Location"] == "/sign-up/sent"
    run_jobs()
    assert [mail.to for mail in mailoutbox] == [["bertha@mail.example"]]
    assert "You have a login" in mailoutbox[0].subject
    assert User.objects.count() == 1
    assert not Redemption.objects.exists()


def test_a_double_click_is_one_sign_up(
    token: str, browser: Client, run_jobs: RunJobs, mailoutbox: list[EmailMessage]
) -> None:
    for _ in range(2):
        assert browser.post(f"/invite/{token}", filled_in())["Location"] == "/sign-up/sent"
    run_jobs()
    assert User.objects.count() == len(mailoutbox) == 1


def test_somebody_signed_in_creates_no_second_account_by_accident(token: str, browser: Client) -> None:
    anna = make_account("anna")
    browser.force_login(user_of(anna))
    assert "Du bist schon angemeldet" in browser.get(f"/invite/{token}").text
    assert browser.post(f"/invite/{token}", filled_in(username="other")).status_code == 409
    assert Account.objects.count() == 1


def test_guessing_is_slowed_down(browser: Client, db: None) -> None:
    codes = [browser.get("/invite/nonsense").status_code for _ in range(21)]
    assert codes == [404] * 20 + [429]


# The mail


def test_the_mail_is_text_and_html_in_the_readers_language_and_marked_as_automatic(
    token: str, browser: Client, run_jobs: RunJobs, mailoutbox: list[Any]
) -> None:
    browser.post(f"/invite/{token}?lang=en", filled_in())
    run_jobs()
    mail = mailoutbox[0]
    assert mail.subject == "Confirm your e-mail address for social.example"
    html, kind = mail.alternatives[0]
    assert kind == "text/html" and '<html lang="en">' in html and link_in(mail) in html
    message = mail.message()
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@social.example>")


def test_a_mail_whose_job_was_lost_is_sent_by_the_sweep_and_only_once(
    token: str, browser: Client, mailoutbox: list[EmailMessage]
) -> None:
    browser.post(f"/invite/{token}", filled_in())  # what waits for the commit never runs here
    sweep_owed_mails()
    assert mailoutbox == []  # its job may still be on its way
    with travel(timezone.now() + timedelta(minutes=3)):
        sweep_owed_mails()
        sweep_owed_mails()
    assert [mail.to for mail in mailoutbox] == [["anna@mail.example"]]


def test_login_before_the_confirmation_explains_and_sends_the_mail_again(
    token: str, browser: Client, run_jobs: RunJobs, mailoutbox: list[EmailMessage]
) -> None:
    browser.post(f"/invite/{token}", filled_in())
    run_jobs()
    plain = Client(headers={"Accept-Language": "de"})
    page = plain.post("/login", {"username": "anna@mail.example", "password": "correct horse battery"})
    assert page.status_code == 422
    assert "noch nicht bestätigt" in page.text
    assert 'value="anna@mail.example"' in page.text
    plain.post("/confirm/again", {"email": "anna@mail.example"})
    run_jobs()
    assert len(mailoutbox) == 2
    assert plain.post(link_in(mailoutbox[1])).status_code == 302


def test_a_confirmation_link_that_is_wrong_or_too_old_explains_itself(
    token: str, browser: Client, run_jobs: RunJobs, mailoutbox: list[EmailMessage]
) -> None:
    browser.post(f"/invite/{token}", filled_in())
    run_jobs()
    link = link_in(mailoutbox[0])
    for address, when in (
        (link[:-1], timedelta()),
        ("/confirm/x", timedelta()),
        (link, timedelta(days=2, hours=1)),
    ):
        with travel(timezone.now() + when):
            page = browser.post(address)
        assert page.status_code == 404
        assert "Dieser Link funktioniert nicht mehr" in page.text
    assert User.objects.get().confirmed_at is None


# The clock


def test_a_sign_up_that_nobody_confirms_is_undone_and_its_place_is_free_again(
    token: str, browser: Client, run_jobs: RunJobs
) -> None:
    browser.post(f"/invite/{token}", filled_in())
    run_jobs()
    with travel(timezone.now() + timedelta(hours=71)):
        release_unconfirmed()
    assert User.objects.exists()
    with travel(timezone.now() + timedelta(hours=73)):
        release_unconfirmed()
    assert not User.objects.exists() and not Account.objects.exists() and not SigningKey.objects.exists()
    assert Redemption.objects.get().state == Redemption.State.RELEASED
    assert browser.post(f"/invite/{token}", filled_in()).status_code == 302


def test_a_confirmed_sign_up_stays(
    token: str, browser: Client, run_jobs: RunJobs, mailoutbox: list[EmailMessage]
) -> None:
    browser.post(f"/invite/{token}", filled_in())
    run_jobs()
    browser.post(link_in(mailoutbox[0]))
    with travel(timezone.now() + timedelta(days=30)):
        release_unconfirmed()
    assert Redemption.objects.get().state == Redemption.State.COMPLETED
    assert User.objects.exists()


# For apps


def test_apps_read_a_link_as_json(token: str, browser: Client) -> None:
    answer = browser.get(f"/invite/{token}", headers={"Accept": "application/json"})
    assert answer.json() == {
        "invite_code": token,
        "instance_api_url": "https://social.example/api/v2/instance",
    }
    assert browser.get("/invite/nonsense", headers={"Accept": "application/json"}).status_code == 404
    close(token, "expired")
    refused = browser.get(f"/invite/{token}", headers={"Accept": "application/json"})
    assert refused.status_code == 401
    assert refused.json() == {"error": "Die Zeit dieser Einladung ist abgelaufen."}


def test_no_secret_of_a_link_reaches_the_log(
    token: str, browser: Client, capfd: pytest.CaptureFixture[str], run_jobs: RunJobs
) -> None:
    from core import logs

    logs.configure(json=True)
    browser.get(f"/invite/{'7' * 26}")
    browser.post(f"/invite/{token}", filled_in(username=""))
    browser.post(f"/invite/{token}", filled_in())
    run_jobs()
    written = capfd.readouterr().err
    assert "sign_up_reserved" in written and "/invite/…" in written.encode().decode(
        "unicode_escape", "ignore"
    )
    for secret in (token, "7" * 26, "anna@mail.example", PASSWORD):
        assert secret not in written


def test_limits_of_a_new_link() -> None:
    from core.errors import Unprocessable

    for wrong in (
        {"max_uses": 0},
        {"max_uses": 501},
        {"valid_days": 0},
        {"valid_days": 91},
        {"comment": "x" * 421},
    ):
        with pytest.raises(Unprocessable) as refused:
            issue_link(issued_by=None, now=timezone.now(), **wrong)
        assert list(refused.value.details or {}) == list(wrong)
    assert not Invite.objects.exists()
