"""What reports send to other servers: a Flag by the server itself, so that nobody learns who complained.

Called by moderation/reports.py inside its transaction. Source: contract of the federation 4.4, 7.
"""

from uuid import uuid4

from django.conf import settings
from django.db.models import Q

from accounts.models import Account
from accounts.outbox import inboxes_of
from federation.delivery import deliver
from federation.keys import create_signing_key, instance_actor_uri
from federation.vocab import AS2
from moderation.models import Report
from timelines.models import Status


def send_flag(report: Report) -> None:
    """Tell the reported account's server of a report that is to be forwarded, and those its posts replied to.

    Only those servers that the report names; gives it the uri of the activity.
    """
    if not report.forward_to:
        return
    sender_uri = instance_actor_uri()
    create_signing_key(sender_uri)
    report.uri = f"{settings.BASE_URL}/{uuid4()}"
    report.save(update_fields=["uri"])
    statuses = Status.objects.kept().filter(pk__in=report.status_ids)
    replied_to = statuses.filter(in_reply_to_account__isnull=False).values("in_reply_to_account")
    told = Account.objects.filter(
        Q(pk=report.target_account_id) | Q(pk__in=replied_to, domain__in=report.forward_to)
    )
    flag = {
        "@context": AS2,
        "id": report.uri,
        "type": "Flag",
        "actor": sender_uri,
        "content": report.comment,
        "object": [report.target_account.uri, *statuses.order_by("pk").values_list("uri", flat=True)],
    }
    deliver(flag, sender_uri=sender_uri, inboxes=inboxes_of(told), object_uri=report.uri)
