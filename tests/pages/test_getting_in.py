"""Home, login, passwords, errors, languages and the development mailbox, as their readers see them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import User
from accounts.oauth.authentication import find_credential
from core.mail import send_mail
from tests.cast import PASSWORD, make_account, token_for, user_of

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "another horse, another battery"


@pytest.fixture
def browser() -> Client:
    return Client(headers={"Accept-Language": "de"})


@pytest.fixture
def anna() -> User:
    return user_of(make_account("anna", password=PASSWORD))


def sign_in(browser: Client, password: str = PASSWORD, **more: str) -> Any:
    return browser.post("/login", {"username": "anna@mail.example", "password": password, **more})


# Home


def test_a_stranger_learns_what_this_is_and_how_to_get_in(browser: Client) -> None:
    page = browser.get("/")
    assert "Netzwerk für Genossenschaften" in page.text
    assert "Nur mit einer Einladung" in page.text
    assert 'href="/login"' in page.text


def test_someone_signed_in_sees_the_handle_and_how_to_connect_an_app(browser: Client, anna: User) -> None:
    sign_in(browser)
    page = browser.get("/")
    assert "@anna@social.example" in page.text
    assert '<strong class="code">social.example</strong>' in page.text
    assert browser.get("/logout").status_code == 405
    assert browser.post("/logout")["Location"] == "/"
    assert "@anna@social.example" not in browser.get("/").text


# Login


def test_login_leads_on_to_where_it_was_asked_for_but_never_to_another_server(
    browser: Client, anna: User
) -> None:
    page = browser.get("/login?next=/oauth/authorize%3Fx%3D1")
    assert 'name="next" value="/oauth/authorize?x=1"' in page.text
    assert sign_in(browser, next="/oauth/authorize?x=1")["Location"] == "/oauth/authorize?x=1"
    assert sign_in(browser, next="https://evil.example/")["Location"] == "/"


@pytest.mark.parametrize("fault", ["password", "address", "disabled"])
def test_a_failed_login_says_what_to_do_and_not_which_half_was_wrong(
    browser: Client, anna: User, fault: str
) -> None:
    if fault == "disabled":
        User.objects.update(disabled_at=anna.created_at)
    page = browser.post(
        "/login",
        {
            "username": "nobody@mail.example" if fault == "address" else "anna@mail.example",
            "password": "wrong" if fault == "password" else PASSWORD,
        },
    )
    assert page.status_code == 422
    assert "passen nicht zusammen" in page.text
    assert "_auth_user_id" not in browser.session


def test_too_many_attempts_are_stopped_even_with_the_right_password(browser: Client, anna: User) -> None:
    for _ in range(25):
        assert browser.post("/login", {"username": "anna@mail.example", "password": ""}).status_code == 422
    page = sign_in(browser)
    assert page.status_code == 429
    assert "Zu viele Versuche" in page.text
    assert "_auth_user_id" not in browser.session


def test_login_speaks_the_persons_language_afterwards(browser: Client, anna: User) -> None:
    sign_in(browser)  # the cast reads English
    assert "How to connect an app" in browser.get("/").text


# Passwords


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"https://social\.example(/password/\S+)", str(mail.body))
    assert found, mail.body
    return found[1]


def test_a_forgotten_password_is_replaced_by_mail_and_apps_have_to_ask_again(
    browser: Client, anna: User, run_jobs: Callable[[], None], mailoutbox: list[EmailMessage]
) -> None:
    token = token_for(anna.accounts.get())
    answer = browser.post("/password/forgotten", {"email": "Anna@mail.example"})
    assert answer["Location"] == "/login"
    run_jobs()
    form = browser.get(link_in(mailoutbox[0]), follow=True)
    where = form.redirect_chain[-1][0]
    assert find_credential(token)
    weak = browser.post(where, {"new_password1": "12345", "new_password2": "12345"})
    assert "Dieses Passwort ist zu kurz" in weak.text
    changed = browser.post(where, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}, follow=True)
    assert "Dein Passwort ist geändert" in changed.text
    assert find_credential(token) is None
    assert sign_in(browser, PASSWORD).status_code == 422
    assert sign_in(browser, NEW_PASSWORD).status_code == 302
    assert "schon benutzt" in Client(headers={"Accept-Language": "de"}).get(link_in(mailoutbox[0])).text


def test_asking_for_an_unknown_address_looks_the_same_and_mails_nobody(
    browser: Client, anna: User, run_jobs: Callable[[], None], mailoutbox: list[EmailMessage]
) -> None:
    answer = browser.post("/password/forgotten", {"email": "nobody@mail.example"}, follow=True)
    assert "Wenn es einen Zugang mit dieser Adresse gibt" in answer.text
    run_jobs()
    assert mailoutbox == []
    assert browser.post("/password/forgotten", {"email": "not an address"}).status_code == 422


def test_a_changed_password_ends_apps_and_other_browsers_but_not_this_one(
    browser: Client, anna: User
) -> None:
    token, other = token_for(anna.accounts.get()), Client()
    sign_in(browser)
    sign_in(other)
    fields = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert browser.post("/password/change", {"old_password": "wrong", **fields}).status_code == 200
    assert find_credential(token)
    assert browser.post("/password/change", {"old_password": PASSWORD, **fields})["Location"] == "/"
    assert find_credential(token) is None
    assert "@anna@" in browser.get("/").text
    assert "@anna@" not in other.get("/").text


def test_changing_the_password_needs_a_login(browser: Client) -> None:
    assert browser.get("/password/change")["Location"] == "/login?next=/password/change"


# Languages


def test_german_comes_first_and_a_link_switches_for_good() -> None:
    browser = Client()
    assert '<html lang="de">' in browser.get("/").text
    assert '<html lang="en">' in browser.get("/?lang=en").text
    assert '<html lang="en">' in browser.get("/login").text
    assert '<html lang="en">' in browser.get("/?lang=xx").text
    assert 'href="?next=/x&amp;lang=de"' in browser.get("/login?next=/x").text.replace("%2F", "/")


def test_the_language_chosen_here_becomes_that_of_mails_but_not_what_apps_and_others_link_to(
    browser: Client, anna: User
) -> None:
    sign_in(browser)  # the cast reads English
    for came_from in ("cross-site", "none"):
        browser.get("/?lang=de", headers={"Sec-Fetch-Site": came_from})
        anna.refresh_from_db()
        assert anna.locale == "en"
    assert '<html lang="de">' in browser.get("/?lang=de", headers={"Sec-Fetch-Site": "same-origin"}).text
    anna.refresh_from_db()
    assert anna.locale == "de"
    Client().get("/?lang=en", headers={"Sec-Fetch-Site": "same-origin"})


# Errors


@pytest.mark.parametrize(("language", "words"), [("de", "Seite nicht gefunden"), ("en", "Page not found")])
def test_an_unknown_address_has_a_page_for_people_and_json_for_programs(language: str, words: str) -> None:
    browser = Client(headers={"Accept-Language": language})
    page = browser.get("/nowhere")
    assert page.status_code == 404 and words in page.text
    assert browser.get("/api/v1/nowhere").json().keys() == {"error"}
    assert browser.get("/nowhere", headers={"Accept": "application/activity+json"}).json().keys() == {"error"}


def test_a_form_without_its_cookie_is_explained() -> None:
    strict = Client(enforce_csrf_checks=True, headers={"Accept-Language": "de"})
    page = strict.post("/login", {"username": "anna@mail.example", "password": PASSWORD})
    assert page.status_code == 403
    assert "Ein Cookie ist hier nötig" in page.text


def test_a_fault_of_ours_is_a_page_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*args: object, **kwargs: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("accounts.pages.home.render", break_down)
    browser = Client(raise_request_exception=False, headers={"Accept-Language": "de"})
    page = browser.get("/")
    assert page.status_code == 500
    assert "Bei uns ist etwas schiefgegangen" in page.text
    assert "broken on purpose" not in page.text


def test_pages_load_nothing_from_elsewhere(browser: Client) -> None:
    page = browser.get("/login")
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert "<script" not in page.text
    stylesheet = re.search(r'rel="stylesheet" href="(/static/genosocial\.\w+\.css)"', page.text)
    assert stylesheet
    answer = browser.get(stylesheet[1])
    assert b"prefers-color-scheme" in answer.getvalue()
    answer.close()


# The development mailbox


@pytest.fixture
def kept_mails(tmp_path: Path, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = settings.MAILS_DIR = tmp_path


@pytest.mark.usefixtures("kept_mails")
def test_the_development_mailbox_shows_mails_newest_first_with_links_to_click(browser: Client) -> None:
    assert "Noch keine Mail" in browser.get("/development/mails").text
    for name, locale in (("anna", "de"), ("bertha", "en")):
        link = f"https://social.example/confirm/{name}:x-_?a=1&b=2"
        send_mail("confirm_email", f"{name}@mail.example", locale, {"url": link, "days": 2})
    page = browser.get("/development/mails").text
    assert page.index("bertha@mail.example") < page.index("anna@mail.example")
    assert 'href="https://social.example/confirm/anna:x-_?a=1&amp;b=2"' in page
    assert "Bestätige deine E-Mail-Adresse für social.example" in page
    assert "Der Link gilt 2 Tage." in page and "The link works for 2 days." in page


@pytest.mark.usefixtures("kept_mails")
def test_outside_development_there_is_no_such_mailbox(browser: Client, settings: Any) -> None:
    send_mail(
        "confirm_email", "anna@mail.example", "de", {"url": "https://social.example/confirm/x", "days": 2}
    )
    settings.DEVELOPMENT = False
    page = browser.get("/development/mails")
    assert page.status_code == 404
    assert "anna@mail.example" not in page.text
