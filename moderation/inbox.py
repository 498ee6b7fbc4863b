"""What staff of other servers report: one report for each account that is reported.

Called by federation/inbox.py through genosocial/inbox_routes.py. Source: contract of the federation 3.4.
"""

import logging
import re
from urllib.parse import urlsplit

from django.db.models import Q, QuerySet

from accounts.inbox import get_sender
from accounts.models import Account
from core.hosts import host_of
from core.text import clean_text
from federation.local import is_local_uri
from federation.peers import policy_for
from federation.vocab import Activity, ids_of, lang_string
from moderation.models.report import LONGEST_REMOTE_COMMENT
from moderation.reports import RemoteComplaint, take_report
from timelines.models import Status

log = logging.getLogger(__name__)

# Misskey names the notes in the text only.
_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,2000}")
_PAGE = re.compile(r"/@([A-Za-z0-9_.-]{1,100})(?:/([0-9]+))?")
_MOST_ADDRESSES = 100


def receive_flag(activity: Activity) -> None:
    """Another server reports accounts, by their ids or their statuses'; what is not known here is left out.

    A remote account counts when a reported status of it replies to somebody here.
    """
    policy = policy_for(host_of(activity.actor_uri) or "")
    if policy is not None and policy.reject_reports:
        log.info("report_rejected", extra={"activity_id": activity.id})
        return
    found = lang_string(activity.document, "content")
    comment = clean_text(found.text if found else "")[:LONGEST_REMOTE_COMMENT]
    uris = {*ids_of(activity.object), *_ADDRESS.findall(comment)[:_MOST_ADDRESSES]}
    statuses = list(_named_statuses(uris).select_related("account"))
    accounts = _reported(uris, statuses)
    if not accounts:
        return
    reporter = get_sender(activity)
    for account in accounts:
        status_ids = [status.pk for status in statuses if status.account_id == account.pk]
        complaint = RemoteComplaint(activity.id, comment, status_ids)
        take_report(reporter, account, complaint, activity.received_at)


def _named_statuses(uris: set[str]) -> "QuerySet[Status]":
    """Return the statuses of these ids, ours by the addresses of their pages too."""
    pages = [match[2] for match in map(_PAGE.fullmatch, _paths(uris)) if match and match[2]]
    ours = Q(pk__in=[int(number) for number in pages if len(number) < 19], is_local=True)
    return Status.objects.kept().originals().filter(Q(uri__in=uris) | ours)


def _reported(uris: set[str], statuses: list[Status]) -> list[Account]:
    """Return who is reported: who is named, and whose statuses are, as far as it is our business."""
    replied_to = {status.in_reply_to_account_id for status in statuses} - {None}
    ours = set(Account.objects.local().filter(pk__in=replied_to).values_list("pk", flat=True))
    answered_us = {status.account_id for status in statuses if status.in_reply_to_account_id in ours}
    names = [match[1] for match in map(_PAGE.fullmatch, _paths(uris)) if match and not match[2]]
    named = Q(uri__in=uris) | Q(pk__in=[status.account_id for status in statuses])
    for name in names:
        named |= Q(pk__in=Account.objects.with_handle(name, None).values("pk"))
    found = Account.objects.available().filter(named).order_by("pk")
    return [account for account in found if account.is_local or account.pk in answered_us]


def _paths(uris: set[str]) -> list[str]:
    return [urlsplit(uri).path for uri in uris if is_local_uri(uri)]
