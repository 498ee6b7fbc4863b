"""Reports: somebody asks staff to look at an account; staff read them and note what came of it.

`create_report` is called by the API door, `take_report` by moderation/inbox.py for what other servers report,
the rest by the staff pages. A report that is to be forwarded goes to the servers that it names.
Source: API behaviours sections 5, 12 and 19; Mastodon docs, "Report".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account, User
from accounts.rules import RULES
from core.api.rendering import iso
from core.errors import NotFound, Unprocessable
from moderation import outbox
from moderation.models import Report
from moderation.models.report import LONGEST_COMMENT, LONGEST_NOTE, LONGEST_REMOTE_COMMENT
from timelines.models import Collection, Notification, Status
from timelines.notifications import change_subject, notify_staff
from timelines.visibility import load_visible_statuses

MOST_STATUSES = 100
MOST_COLLECTIONS = 100
MOST_DOMAINS = 10


@dataclass(frozen=True)
class Complaint:
    """What a report says; ``forward`` asks to tell the account's server, ``forward_to`` others as well."""

    comment: str = ""
    category: str = Report.Category.OTHER
    status_ids: Sequence[int] = ()
    rule_ids: Sequence[int] = ()
    collection_ids: Sequence[int] = ()
    forward: bool = False
    forward_to: Sequence[str] = ()


def create_report(account: Account, target: Account, complaint: Complaint, now: datetime) -> Report:
    """Write a report down and tell staff.

    Raises Unprocessable (oneself, too long, unknown category or rule) and NotFound (a status or
    collection that is not by the target or cannot be seen).
    """
    _check(account, target, complaint)
    _check_statuses(account, target, complaint.status_ids)
    _check_collections(account, target, complaint.collection_ids)
    with transaction.atomic():
        report = Report.objects.create(
            account=account,
            target_account=target,
            # Rules are broken or not: they decide.
            category=Report.Category.VIOLATION if complaint.rule_ids else complaint.category,
            comment=complaint.comment,
            status_ids=list(complaint.status_ids),
            rule_ids=list(complaint.rule_ids),
            collection_ids=list(complaint.collection_ids),
            forward_to=_domains(target, complaint),
            created_at=now,
        )
        outbox.send_flag(report)
        _tell_staff(report)
    return report


@dataclass(frozen=True)
class RemoteComplaint:
    """What another server reports: ``uri`` is the activity, "" when it has no id."""

    uri: str
    comment: str
    status_ids: Sequence[int]


def take_report(account: Account, target: Account, complaint: RemoteComplaint, now: datetime) -> None:
    """Write down what another server reports of an account and tell staff; repeat-safe by the activity."""
    values = {
        "account": account,
        "comment": complaint.comment[:LONGEST_REMOTE_COMMENT],
        "status_ids": list(complaint.status_ids)[:MOST_STATUSES],
        "created_at": now,
    }
    with transaction.atomic():
        if complaint.uri:
            report, created = Report.objects.get_or_create(
                uri=complaint.uri, target_account=target, defaults=values
            )
        else:
            report, created = Report.objects.create(target_account=target, **values), True
        if created:
            _tell_staff(report)


def _tell_staff(report: Report) -> None:
    notify_staff(
        Notification.Type.ADMIN_REPORT, report.account, origin_id=report.pk, subject=describe_report(report)
    )


def _check(account: Account, target: Account, complaint: Complaint) -> None:
    if account.pk == target.pk:
        raise Unprocessable(_("You cannot report yourself"))
    if len(complaint.comment) > LONGEST_COMMENT:
        raise Unprocessable(_("The comment may have at most %(most)s characters") % {"most": LONGEST_COMMENT})
    if complaint.category not in Report.Category.values:
        raise Unprocessable(_("This category is unknown"))
    if not set(complaint.rule_ids) <= {rule.id for rule in RULES}:
        raise Unprocessable(_("There is no such rule"))


def _check_statuses(account: Account, target: Account, status_ids: Sequence[int]) -> None:
    if len(status_ids) > MOST_STATUSES:
        raise Unprocessable(_("These are more posts than one report takes"))
    found = load_visible_statuses(account, status_ids)
    if len(found) < len(status_ids) or any(status.account_id != target.pk for status in found):
        raise NotFound()


def _check_collections(account: Account, target: Account, collection_ids: Sequence[int]) -> None:
    if len(collection_ids) > MOST_COLLECTIONS:
        raise Unprocessable(_("These are more collections than one report takes"))
    found = Collection.objects.visible_to(account).filter(pk__in=collection_ids, account=target)
    if collection_ids and found.count() < len(collection_ids):
        raise NotFound()


def _domains(target: Account, complaint: Complaint) -> list[str]:
    if not complaint.forward or target.domain is None:
        return []
    wanted = [target.domain, *(name.strip().lower() for name in complaint.forward_to)]
    return [name for name in dict.fromkeys(wanted) if name and len(name) <= 260][:MOST_DOMAINS]


def describe_report(report: Report) -> dict[str, Any]:
    """Return the facts of a report as apps see them, the account that it is about by its id."""
    return {
        "id": str(report.pk),
        "action_taken": report.action_taken_at is not None,
        "action_taken_at": iso(report.action_taken_at) if report.action_taken_at else None,
        "category": report.category,
        "comment": report.comment,
        "forwarded": bool(report.forward_to),
        "created_at": iso(report.created_at),
        "status_ids": [str(status_id) for status_id in report.status_ids],
        "rule_ids": [str(rule_id) for rule_id in report.rule_ids],
        "collection_ids": [str(collection_id) for collection_id in report.collection_ids],
        "target_account_id": report.target_account_id,
    }


# For staff


def list_reports(*, open_only: bool) -> "QuerySet[Report]":
    """Return reports with both accounts, newest first."""
    rows = Report.objects.open() if open_only else Report.objects.all()
    return rows.select_related("account", "target_account").order_by("-pk")


def get_report(report_id: int) -> Report:
    """Return one report with its accounts and who settled it. Raises NotFound."""
    rows = Report.objects.select_related("account", "target_account", "action_taken_by")
    found = rows.filter(pk=report_id).first()
    if found is None:
        raise NotFound()
    return found


def load_reported_statuses(report: Report) -> list[Status]:
    """Return the posts that a report names and that are not deleted, oldest first."""
    return list(Status.objects.kept().filter(pk__in=report.status_ids).order_by("pk"))


def load_reported_collections(report: Report) -> list[Collection]:
    """Return the collections that a report names and that are still there, oldest first."""
    return list(Collection.objects.filter(pk__in=report.collection_ids).order_by("pk"))


def resolve_report(report_id: int, staff: User, note: str, now: datetime) -> None:
    """Settle a report, once, with a note for other staff. Raises NotFound, Unprocessable."""
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise Unprocessable(_("The note may have at most %(most)s characters") % {"most": LONGEST_NOTE})
    with transaction.atomic():
        waiting = Report.objects.open().filter(pk=report_id)
        if not waiting.update(action_taken_at=now, action_taken_by=staff, note=note):
            raise NotFound()
        report = Report.objects.get(pk=report_id)
        change_subject(Notification.Type.ADMIN_REPORT, report.pk, describe_report(report))
