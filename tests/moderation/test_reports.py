"""Reports: people ask, staff are told, read, and settle."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from accounts.relationships import block
from core.ratelimit import Limit
from moderation.models import Report
from tests.cast import ApiClient, api_client, make_account, make_remote_account, user_of
from tests.contract.contract import entity_faults

pytestmark = pytest.mark.django_db
PATH = "/api/v1/reports"
PAGE = "/staff/reports"


@pytest.fixture
def anna() -> Account:
    return make_account("anna")


@pytest.fixture
def cem() -> Account:
    return make_account("cem")


@pytest.fixture
def staff() -> Account:
    return make_account("wache", role="moderator")


def browser_of(account: Account) -> Client:
    browser = Client(headers={"Accept-Language": "de"})
    browser.force_login(user_of(account))
    return browser


def say(app: ApiClient, text: str, **fields: Any) -> str:
    """Publish and return the id."""
    status_id: str = app.post("/api/v1/statuses", {"status": text, **fields}).json()["id"]
    return status_id


def report(anna: Account, **fields: Any) -> dict[str, Any]:
    """Report as Anna."""
    answer = api_client(anna).post(PATH, fields)
    assert answer.status_code == 200, answer.content
    assert entity_faults("Report", answer.json()) == []
    return answer.json()  # type: ignore[no-any-return]


def test_a_report_is_kept_and_staff_alone_are_told(anna: Account, cem: Account, staff: Account) -> None:
    status_id = say(api_client(cem), "Kauft!")
    made = report(
        anna,
        account_id=str(cem.pk),
        status_ids=[status_id],
        comment="Werbung <b>",
        category="spam",
        forward=True,
    )
    assert (made["category"], made["status_ids"], made["forwarded"]) == ("spam", [status_id], False)
    assert made["target_account"]["acct"] == "cem"
    (told,) = api_client(staff).get("/api/v1/notifications").json()
    assert entity_faults("Notification", told) == []
    assert (told["type"], told["account"]["acct"]) == ("admin.report", "anna")
    assert told["report"] == made
    assert told["fallback"]["title"] == "@anna reported @cem"
    assert told["fallback"]["summary"] == "<p>Werbung &lt;b&gt;</p>"
    known = api_client(staff).get("/api/v1/notifications", {"supported_types[]": "admin.report"}).json()[0]
    assert "fallback" not in known
    page = api_client(staff).get("/api/v2/notifications").json()
    assert entity_faults("GroupedNotificationsResults", page) == []
    assert page["notification_groups"][0]["report"] == made
    one = api_client(staff).get(f"/api/v1/notifications/{told['id']}", {"supported_types[]": "mention"})
    assert one.json()["fallback"] == told["fallback"]
    assert api_client(cem).get("/api/v1/notifications").json() == []


def test_broken_rules_are_a_violation(anna: Account, cem: Account) -> None:
    made = report(anna, account_id=cem.pk, rule_ids=["1", "2"], category="other")
    assert (made["category"], made["rule_ids"]) == ("violation", ["1", "2"])
    assert report(anna, account_id=cem.pk)["category"] == "other"


def test_a_report_about_somebody_elsewhere_says_which_servers_are_to_hear_of_it(anna: Account) -> None:
    dora = make_remote_account("dora")
    body = f"account_id={dora.pk}&forward=true&forward_to_domains[]=Drittes.example"
    assert api_client(anna).post(PATH, body, encoding="form").status_code == 200
    report(anna, account_id=dora.pk, forward=False)
    kept = list(Report.objects.order_by("pk").values_list("forward_to", flat=True))
    assert kept == [["elsewhere.example", "drittes.example"], []]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"account_id": None}, 404),
        ({"account_id": "abc"}, 404),
        ({"account_id": "-1"}, 404),
        ({"account_id": "9" * 30}, 404),
        ({"account_id": {"a": 1}}, 404),
        ({"comment": "x" * 1001}, 422),
        ({"comment": ["x"]}, 400),
        ({"category": "boring"}, 422),
        ({"rule_ids": ["99"]}, 422),
        ({"rule_ids": ["x"]}, 422),
        ({"rule_ids": [str(2**40)]}, 422),
        ({"status_ids": ["1"]}, 404),
        ({"status_ids": ["x\x00"]}, 404),
        ({"status_ids": [{"a": 1}]}, 404),
        ({"status_ids": [str(number) for number in range(1, 200)]}, 422),
        ({"forward_to_domains": [{"a": 1}]}, 400),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_kept(
    anna: Account, cem: Account, fields: dict[str, Any], status: int
) -> None:
    answer = api_client(anna).post(PATH, {"account_id": str(cem.pk), **fields})
    assert answer.status_code == status, answer.content
    assert answer.json()["error"]
    assert not Report.objects.exists()


def test_only_posts_of_the_target_that_can_be_seen(anna: Account, cem: Account) -> None:
    mine = say(api_client(anna), "meins")
    secret = say(api_client(cem), "geheim", visibility="private")
    for status_id in (mine, secret):
        answer = api_client(anna).post(PATH, {"account_id": cem.pk, "status_ids": [status_id]})
        assert answer.status_code == 404
    assert api_client(anna).post(PATH, {"account_id": anna.pk}).status_code == 422
    block(cem, anna)
    assert report(anna, account_id=cem.pk)["action_taken"] is False


def test_collections_of_the_target_are_reported_and_shown_to_staff(
    anna: Account, cem: Account, staff: Account
) -> None:
    values = {"name": "Kauft <b>", "sensitive": False, "discoverable": True}
    ids = [
        api_client(who).post("/api/v1/collections", values).json()["collection"]["id"] for who in (cem, anna)
    ]
    made = report(anna, account_id=cem.pk, collection_ids=[ids[0]])
    assert made["collection_ids"] == [ids[0]]
    shown = browser_of(staff).get(f"{PAGE}/{made['id']}").text
    assert "Gemeldete Sammlungen" in shown
    assert "Kauft &lt;b&gt;" in shown
    for wrong in ([ids[1]], ["1"], ["x"], [{"a": 1}], ["9" * 40]):
        answer = api_client(anna).post(PATH, {"account_id": cem.pk, "collection_ids": wrong})
        assert answer.status_code == 404
    many = [str(number) for number in range(1, 200)]
    answer = api_client(anna).post(PATH, {"account_id": cem.pk, "collection_ids": many})
    assert answer.status_code == 422


def test_there_is_a_limit(anna: Account, cem: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api_client(anna).post(PATH, {"account_id": cem.pk})["X-RateLimit-Limit"] == "400"
    monkeypatch.setattr("moderation.api.reports.REPORTS", Limit("reports", 1, 24 * 3600))
    assert api_client(anna).post(PATH, {"account_id": cem.pk}).status_code == 429


def test_staff_read_and_settle_a_report_once(anna: Account, cem: Account, staff: Account) -> None:
    status_id = say(api_client(cem), "Kauft <b>alles</b>!")
    made = report(anna, account_id=cem.pk, status_ids=[status_id], rule_ids=["4"], comment="Werbung <i>")
    browser, page = browser_of(staff), f"{PAGE}/{made['id']}"
    assert "Meldungen" in browser.get("/").text
    assert page in browser.get(PAGE).text
    shown = browser.get(page)
    for words in ("@cem", "@anna", "Werbung &lt;i&gt;", "Kauft", "Verstößt gegen eine Regel", "no-store"):
        assert words in shown.text + shown["Cache-Control"]
    assert "<i>" not in shown.text
    assert browser.post(page, {"note": "x" * 1001}).status_code == 422

    answer = browser.post(page, {"note": "Gelöscht & gewarnt"}, follow=True)

    assert "erledigt" in answer.text
    assert page not in browser.get(PAGE).text
    assert page in browser.get(f"{PAGE}?show=all").text
    assert "Gelöscht &amp; gewarnt" in browser.get(page).text
    assert browser.post(page, {"note": "nochmal"}).status_code == 404
    (told,) = api_client(staff).get("/api/v1/notifications").json()
    assert told["report"]["action_taken"] is True
    assert entity_faults("Notification", told) == []


def test_members_and_strangers_see_no_reports(anna: Account, cem: Account) -> None:
    made = report(anna, account_id=cem.pk)
    for path in (PAGE, f"{PAGE}/{made['id']}"):
        assert Client().get(path)["Location"] == f"/login?next={path}"
        assert browser_of(anna).get(path).status_code == 404
    assert browser_of(anna).post(f"{PAGE}/{made['id']}", {"note": ""}).status_code == 404
    assert "Meldungen" not in browser_of(anna).get("/").text
    assert Report.objects.open().count() == 1


def test_the_list_costs_the_same_for_many(anna: Account, cem: Account, staff: Account) -> None:
    browser, counts = browser_of(staff), []
    for wanted in (1, 6):
        while Report.objects.count() < wanted:
            report(anna, account_id=cem.pk)
        with CaptureQueriesContext(connection) as queries:
            browser.get(PAGE)
        counts.append(len(queries))
    assert counts[0] == counts[1]
