"""Reports between servers: what staff learn of others, and what others learn of us."""

from typing import Any

import pytest

from accounts.models import Account
from federation.keys import instance_actor_uri
from federation.models import DomainPolicy
from moderation.models import Report
from tests.cast import api_client, make_account
from tests.peer import Document, Person
from timelines.drafts import StatusDraft
from timelines.models import Status
from timelines.remote import status_from_uri, upsert_status
from timelines.statuses import publish_status

pytestmark = pytest.mark.django_db


def publish(account: Account, **draft: Any) -> Status:
    return publish_status(account, StatusDraft(text="Hello", **draft))


def flag(dora: Person, things: Any, **changes: Any) -> Document:
    return dora.does("Flag", things, **{"content": "Rude", **changes})


def test_others_report_one_of_ours_and_staff_are_told(anna: Account, dora: Person) -> None:
    staff = make_account("wache", role="moderator")
    status = publish(anna)
    activity = flag(dora, [anna.uri, status.uri, "https://x.example/unknown", None, 7])
    dora.say(activity)

    report = Report.objects.get()
    assert (report.target_account, report.account.uri) == (anna, dora.uri)
    assert (report.uri, report.comment, report.status_ids) == (activity["id"], "Rude", [status.pk])
    (told,) = api_client(staff).get("/api/v1/notifications").json()
    assert (told["type"], told["report"]["forwarded"]) == ("admin.report", False)


def test_each_reported_account_has_its_own_report(anna: Account, dora: Person) -> None:
    bertha = make_account("bertha")
    status = publish(bertha)
    flag(dora, [anna.uri, status.uri], content="x" * 6000)
    reports = {report.target_account_id: report for report in Report.objects.all()}
    assert reports.keys() == {anna.pk, bertha.pk}
    assert reports[bertha.pk].status_ids == [status.pk]
    assert len(reports[anna.pk].comment) == 5000


def test_addresses_in_the_text_count_too(anna: Account, dora: Person) -> None:
    bertha = make_account("bertha")
    status = publish(anna)
    flag(dora, bertha.url, content=f"Note: {status.url}\n-----\nRude")
    assert set(Report.objects.values_list("target_account", "status_ids__0")) == {
        (anna.pk, status.pk),
        (bertha.pk, None),
    }


def test_accounts_elsewhere_are_reported_when_they_replied_to_us(
    anna: Account, dora: Person, emil: Person
) -> None:
    note = emil.note(inReplyTo=publish(anna).uri)
    reply = upsert_status(note, emil.account())
    other = status_from_uri(emil.serve(emil.note())["id"])
    flag(dora, [emil.uri, other.uri])
    assert not Report.objects.exists()
    flag(dora, [emil.uri, reply.uri])
    assert Report.objects.get().target_account == emil.account()


def test_reports_of_some_servers_are_not_wanted(anna: Account, dora: Person) -> None:
    DomainPolicy.objects.create(
        domain=dora.peer.host, severity=DomainPolicy.Severity.NOOP, reject_reports=True
    )
    flag(dora, anna.uri)
    assert not Report.objects.exists()


@pytest.mark.parametrize("things", [None, [], {"a": 1}, "https://social.example/@/1", [[["x"]]], "\u0000"])
def test_reports_about_nothing_are_no_reports(anna: Account, dora: Person, things: Any) -> None:
    flag(dora, things, content=None)
    assert not Report.objects.exists()


@pytest.mark.parametrize("also_emil", [True, False])
def test_a_report_is_forwarded_without_saying_who_complained(
    anna: Account, dora: Person, emil: Person, also_emil: bool
) -> None:
    parent = status_from_uri(emil.serve(emil.note())["id"])
    reply = upsert_status(dora.note(inReplyTo=parent.uri), dora.account())
    fields = {
        "account_id": dora.account().pk,
        "status_ids": [reply.pk],
        "comment": "Rude",
        "forward": True,
        "forward_to_domains": [emil.peer.host] if also_emil else [],
    }
    made = api_client(anna).post("/api/v1/reports", fields).json()
    assert made["forwarded"] is True
    dora.run_jobs()

    [sent] = dora.inbox("Flag")
    assert (sent["actor"], sent["content"], sent["object"]) == (
        instance_actor_uri(),
        "Rude",
        [dora.uri, reply.uri],
    )
    assert anna.uri not in str(sent)
    assert emil.inbox("Flag") == ([sent] if also_emil else [])
