"""Terms of service: by the API, as a page, and how staff publish them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from core.errors import Unprocessable
from tests.cast import make_account, user_of
from tests.contract.contract import entity_faults
from timelines.models import TermsOfService
from timelines.terms import publish_terms

pytestmark = pytest.mark.django_db

PATH = "/api/v1/instance/terms_of_service"
PAGE = "/terms-of-service"
STAFF = "/staff/terms"


def publish(text: str, *, days: int) -> str:
    """Publish terms that hold from so many days ahead on; return the day."""
    now = datetime.now(UTC)
    day = now.date() + timedelta(days=days)
    publish_terms(text, day, now=now - timedelta(days=max(0, -days)))
    return day.isoformat()


def staff() -> Client:
    browser = Client(headers={"Accept-Language": "de"})
    browser.force_login(user_of(make_account("petra", role="moderator")))
    return browser


def test_without_terms_there_is_nothing() -> None:
    for path in (PATH, f"{PATH}/2026-11-25", PAGE, f"{PAGE}/2026-11-25"):
        assert Client().get(path).status_code == 404
    assert Client().get("/api/v2/instance").json()["configuration"]["urls"]["terms_of_service"] is None


def test_the_version_that_holds_today_and_the_next() -> None:
    past, current, coming = (publish(f"# Version {days}", days=days) for days in (-9, 0, 30))

    shown = Client().get(PATH).json()

    assert entity_faults("TermsOfService", shown) == []
    assert (shown["effective_date"], shown["effective"], shown["succeeded_by"]) == (current, True, coming)
    assert shown["content"] == "<p><strong>Version 0</strong></p>"
    by_day = [Client().get(f"{PATH}/{day}").json() for day in (past, coming)]
    assert [(entry["effective"], entry["succeeded_by"]) for entry in by_day] == [
        (True, current),
        (False, None),
    ]
    page = Client().get("/api/v2/instance").json()["configuration"]["urls"]["terms_of_service"]
    assert page == "https://social.example/terms-of-service"
    assert "<strong>Version 0</strong>" in Client().get(PAGE).text
    assert "<strong>Version 30</strong>" in Client().get(f"{PAGE}/{coming}").text


def test_the_first_ones_are_shown_before_they_hold() -> None:
    day = publish("Neu", days=30)
    shown = Client().get(PATH).json()
    assert (shown["effective_date"], shown["effective"], shown["succeeded_by"]) == (day, False, None)


@pytest.mark.parametrize(
    "day", ["x", "0", "%00", "2026-W01-1", "20261125", "2026-13-01", "9" * 400, "2000-01-01"]
)
def test_no_such_version(day: str) -> None:
    publish("Neu", days=0)
    assert Client().get(f"{PATH}/{day}").status_code == 404
    assert Client().get(f"{PAGE}/{day}").status_code == 404


@pytest.mark.parametrize("text", ["", " \n ", "x" * 50_001])
def test_terms_say_something(text: str) -> None:
    with pytest.raises(Unprocessable):
        publish_terms(text, date(2040, 1, 1), now=datetime.now(UTC))


def test_staff_publish_and_withdraw() -> None:
    browser, day = staff(), (datetime.now(UTC).date() + timedelta(days=7)).isoformat()

    answer = browser.post(STAFF, {"text": "**Wir** <script>x</script>", "effective_date": day})

    assert answer.status_code == 302
    assert Client().get(f"{PATH}/{day}").json()["content"] == (
        "<p><strong>Wir</strong> &lt;script&gt;x&lt;/script&gt;</p>"
    )
    page = browser.get(STAFF)
    assert "Nutzungsbedingungen" in page.text and f'href="{PAGE}/{day}"' in page.text
    again = browser.post(STAFF, {"text": "Anders", "effective_date": day})
    assert again.status_code == 422 and "Anders" in again.text
    yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    assert browser.post(STAFF, {"text": "Anders", "effective_date": yesterday}).status_code == 422
    assert browser.post(f"{STAFF}/{TermsOfService.objects.get().pk}/withdraw").status_code == 302
    assert not TermsOfService.objects.exists()


def test_what_has_held_is_not_withdrawn() -> None:
    publish("Neu", days=0)
    assert staff().post(f"{STAFF}/{TermsOfService.objects.get().pk}/withdraw").status_code == 404


def test_only_staff_see_the_page() -> None:
    assert Client().get(STAFF)["Location"] == f"/login?next={STAFF}"
    member = Client()
    member.force_login(user_of(make_account("anna")))
    assert member.get(STAFF).status_code == 404
