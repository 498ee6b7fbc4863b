"""Mail about what nobody has read: to whom, about what, once, in the person's language, and how it ends."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.cast import user_of
from tests.timelines.people import Person, let_follow
from timelines import mailing
from timelines.models import MailPreference, Notification

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=3)


@pytest.fixture(autouse=True)
def everybody_is_asked(anna: Person, bertha: Person) -> None:
    """The clock has gone once, so that preferences are there."""
    sweep(timezone.now())
    mail.outbox.clear()


def sweep(now: datetime) -> None:
    """Let the clock and its jobs run at this time."""
    with (
        patch("timelines.mailing.timezone.now", return_value=now),
        patch.object(mailing.send_notification_mail, "delay", mailing.send_notification_mail),
        patch.object(mailing.send_weekly_mail, "delay", mailing.send_weekly_mail),
    ):
        mailing.sweep_mails(now)


def choose(person: Person, **fields: Any) -> User:
    """Set what a person wants to be mailed."""
    user = user_of(person.account)
    MailPreference.objects.filter(pk=user.pk).update(**fields)
    return user


def sent_to(person: Person) -> list[Any]:
    """Return the mails that a person got."""
    return [each for each in mail.outbox if each.to == [user_of(person.account).email]]


def test_a_mention_that_nobody_reads_is_mailed_once(anna: Person, bertha: Person) -> None:
    status = bertha.post("@anna Kommst du zum <b>Fest</b> & bringst Kuchen?")
    sweep(timezone.now())
    assert sent_to(anna) == []
    for _ in range(2):
        sweep(timezone.now() + LATER)
    [letter] = sent_to(anna)
    assert letter.subject == "Bertha mentioned you"
    assert status["url"] in letter.body
    assert "Kommst du zum <b>Fest</b> & bringst Kuchen?" in letter.body
    [(html, kind)] = letter.alternatives
    assert kind == "text/html" and "&lt;b&gt;Fest&lt;/b&gt;" in html
    assert sent_to(bertha) == []


def test_many_are_one_mail_in_the_language_of_the_reader(anna: Person, bertha: Person, cem: Person) -> None:
    user = user_of(anna.account)
    user.locale = "de"
    user.save(update_fields=["locale"])
    bertha.post("@anna Eins")
    let_follow(cem.account, anna.account)
    sweep(timezone.now() + LATER)
    [letter] = sent_to(anna)
    assert letter.subject.startswith("2 Benachrichtigungen auf")
    assert "Bertha hat dich erwähnt" in letter.body and "Cem folgt dir" in letter.body
    assert letter.extra_headers["Content-Language"] == "de"


def test_what_was_read_in_an_app_is_not_mailed(anna: Person, bertha: Person) -> None:
    bertha.post("@anna Hallo")
    newest = Notification.objects.get(account=anna.account, type="mention")
    anna.app.post("/api/v1/markers", {"notifications": {"last_read_id": str(newest.pk)}})
    sweep(timezone.now() + LATER)
    assert sent_to(anna) == []


@pytest.mark.parametrize("change", ["not wanted", "muted", "disabled", "gone"])
def test_who_gets_no_mail(anna: Person, bertha: Person, change: str) -> None:
    status = bertha.post("@anna Hallo")
    if change == "not wanted":
        choose(anna, types=["follow"])
    elif change == "muted":
        anna.app.post(f"/api/v1/accounts/{bertha.account.pk}/mute")
    elif change == "disabled":
        User.objects.filter(pk=user_of(anna.account).pk).update(disabled_at=timezone.now())
    else:
        bertha.app.delete(f"/api/v1/statuses/{status['id']}")
    sweep(timezone.now() + LATER)
    assert sent_to(anna) == []


def test_a_mail_server_that_is_away_loses_nothing(anna: Person, bertha: Person) -> None:
    bertha.post("@anna Hallo")
    with (
        patch("timelines.mailing.send_mail", side_effect=ConnectionRefusedError),
        pytest.raises(ConnectionRefusedError),
    ):
        sweep(timezone.now() + LATER)
    sweep(timezone.now() + LATER)
    assert len(sent_to(anna)) == 1


def test_a_week_is_summed_up_for_who_wants_it(
    anna: Person, bertha: Person, cem: Person, run_jobs: Callable[[], None]
) -> None:
    choose(bertha, weekly=True)
    quiet, loud = anna.post("Leise"), anna.post("Laut")
    cem.do("favourite", loud)
    let_follow(cem.account, bertha.account)
    run_jobs()
    sweep(timezone.now())
    [letter] = sent_to(bertha)
    assert letter.subject.startswith("Your week on")
    assert letter.body.index(loud["url"]) < letter.body.index(quiet["url"])
    assert "1 account has begun to follow you." in letter.body
    sweep(timezone.now() + timedelta(days=6))
    assert len(sent_to(bertha)) == 1
    assert sent_to(anna) == []


@pytest.mark.parametrize(
    ("kind", "fields"), [("notifications", {"types": []}), ("weekly", {"weekly": False})]
)
def test_one_click_ends_it(anna: Person, bertha: Person, kind: str, fields: dict[str, Any]) -> None:
    choose(bertha, weekly=True, types=["mention"])
    anna.post("@bertha Hallo")
    sweep(timezone.now() + LATER)
    letter = next(each for each in sent_to(bertha) if kind in each.extra_headers["List-Unsubscribe"])
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = letter.extra_headers["List-Unsubscribe"].strip("<>")
    assert link in letter.body
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.get(link, secure=True).status_code == 200
    before = MailPreference.objects.get(pk=user_of(bertha.account).pk)
    assert before.weekly and before.types
    # As a mail program posts it: without cookies and without a page before it.
    assert stranger.post(link, {"List-Unsubscribe": "One-Click"}, secure=True).status_code == 200
    after = MailPreference.objects.get(pk=before.pk)
    assert {name: getattr(after, name) for name in fields} == fields


def test_a_forged_link_ends_nothing() -> None:
    assert Client().post("/unsubscribe/notifications.1:forged", secure=True).status_code == 404


def test_the_page_keeps_what_is_chosen(anna: Person) -> None:
    user = user_of(anna.account)
    browser = Client(headers={"Accept-Language": "de"})
    assert browser.get("/settings/mail", secure=True).status_code == 302
    browser.force_login(user)
    page = browser.get("/settings/mail", secure=True).content.decode()
    assert "Jemand erwähnt dich" in page and "meldet" not in page
    answer = browser.post("/settings/mail", {"types": ["reblog"], "weekly": "on"}, secure=True)
    assert answer.status_code == 302
    kept = MailPreference.objects.get(pk=user.pk)
    assert (kept.types, kept.weekly) == (["reblog"], True)
    refused = browser.post("/settings/mail", {"types": ["admin.report", "\x00"]}, secure=True)
    assert refused.status_code == 422
    kept.refresh_from_db()
    assert kept.types == ["reblog"]
