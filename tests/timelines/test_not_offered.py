"""What this server does not offer answers as apps know it from servers where it is switched off."""

import pytest

from tests.cast import ApiClient
from tests.contract.contract import entity_faults
from tests.timelines.people import Person

pytestmark = pytest.mark.django_db


def test_there_are_no_annual_reports(anna: Person) -> None:
    assert anna.see("/api/v1/annual_reports") == {"annual_reports": [], "accounts": [], "statuses": []}
    for year in ("2026", "0", "-1", "9" * 300, "x", "%00"):
        path = f"/api/v1/annual_reports/{year}"
        state = anna.see(f"{path}/state")
        assert entity_faults("AnnualReportState", state) == [] and state["state"] == "ineligible"
        assert anna.app.post(f"{path}/generate").json() == {}
        for answer in (anna.app.get(path), anna.app.post(f"{path}/read")):
            assert answer.status_code == 404 and answer.json()["error"]


def test_nobody_asks_for_donations(anna: Person) -> None:
    answer = anna.app.get("/api/v1/donation_campaigns")
    assert (answer.status_code, answer.content) == (204, b"")


def test_no_answer_is_refreshed(anna: Person) -> None:
    assert anna.app.get("/api/v1_alpha/async_refreshes/abc").status_code == 404


def test_no_account_is_read_by_mail(anna: Person) -> None:
    path = f"/api/v1/accounts/{anna.account.pk}/email_subscriptions"
    assert ApiClient().post(path, {"email": "gast@example.org"}).status_code == 404
