"""Direct messages as each of their readers finds them: one row per reader and thread.

`note_direct_status` and `forget_direct_status` are called by timelines/statuses.py inside the transaction of
what happened, local or remote; the rest by the API doors. Source: Mastodon docs, "Conversation".
"""

from collections.abc import Sequence

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest

from accounts.models import Account, Block, Mute
from core.api.pagination import Page
from core.api.parameters import as_id
from core.errors import NotFound
from timelines.conversation_mutes import conversation_key, muting_accounts
from timelines.models import Conversation, Mention, Status
from timelines.visibility import visible_to, wanted_by


def note_direct_status(status: Status) -> None:
    """Put a new direct status on top of the thread for its author and those it names, if they are ours.

    Not for those who mute the thread or its author, or block: what they had before stays on top for them.
    """
    if status.visibility != Status.Visibility.DIRECT or status.reblog_of_id is not None:
        return
    key = conversation_key(status)
    for reader_id in _readers(status):
        is_news = reader_id != status.account_id
        row, created = Conversation.objects.get_or_create(
            account_id=reader_id,
            conversation_uri=key,
            defaults={"last_status": status, "unread": is_news},
        )
        if not created:
            newest = Greatest(F("last_status_id"), Value(status.pk))
            Conversation.objects.filter(pk=row.pk).update(last_status_id=newest, unread=is_news)


def _readers(status: Status) -> list[int]:
    named = Mention.objects.filter(status=status, silent=False).values("account")
    refusing = (
        Q(pk__in=muting_accounts(status))
        | Q(pk__in=Mute.objects.active().filter(target=status.account_id).values("account"))
        | Q(pk__in=Block.objects.filter(target=status.account_id).values("account"))
    )
    readers = Account.objects.local().filter(Q(pk__in=named) | Q(pk=status.account_id))
    return list(readers.exclude(refusing).order_by("pk").values_list("pk", flat=True))


def forget_direct_status(status: Status) -> None:
    """Let threads whose newest status is deleted end with the one before; without one they go."""
    for row in Conversation.objects.filter(last_status=status).select_related("account"):
        thread = Status.objects.filter(visibility=Status.Visibility.DIRECT, reblog_of__isnull=True)
        thread = thread.filter(Q(conversation_uri=row.conversation_uri) | Q(uri=row.conversation_uri))
        earlier = visible_to(thread.filter(pk__lt=status.pk), row.account).order_by("-pk").first()
        if earlier is None:
            row.delete()
        else:
            row.last_status = earlier
            row.save(update_fields=["last_status"])


def conversation_page(account: Account, page: Page) -> list[Conversation]:
    """Return a page of the threads of ``account``, those with the newest statuses first.

    Cursors are the ids of these statuses.
    """
    return page.slice(_readable(account), key="last_status_id")


def _readable(account: Account) -> "QuerySet[Conversation]":
    seen = wanted_by(visible_to(Status.objects.all(), account), account).values("pk")
    rows = Conversation.objects.filter(account=account, last_status__in=seen)
    return rows.select_related("last_status")


def get_conversation(account: Account, conversation_id: object) -> Conversation:
    """Return a thread of ``account``. Raises NotFound."""
    found = _readable(account).filter(pk=as_id(conversation_id) or 0).first()
    if found is None:
        raise NotFound()
    return found


def mark_conversation(row: Conversation, *, unread: bool) -> None:
    """Note that its owner has read a thread, or wants to read it again."""
    row.unread = unread
    row.save(update_fields=["unread"])


def delete_conversation(row: Conversation) -> None:
    """Take a thread off the list of its owner; the next status brings it back."""
    row.delete()


def load_participants(rows: Sequence[Conversation]) -> dict[int, list[Account]]:
    """Return whom each thread is with, by row id: all of its last status, without the owner."""
    statuses = {row.last_status_id for row in rows}
    people = {row.last_status_id: {row.last_status.account_id} for row in rows}
    mentions = Mention.objects.filter(status__in=statuses, silent=False).order_by("pk")
    for status_id, account_id in mentions.values_list("status_id", "account_id"):
        people[status_id].add(account_id)
    owners = {row.account_id for row in rows}
    accounts = Account.objects.in_bulk(owners.union(*people.values()))
    found: dict[int, list[Account]] = {}
    for row in rows:
        others = sorted(people[row.last_status_id] - {row.account_id})
        # Who writes to nobody but oneself talks to oneself.
        found[row.pk] = [accounts[pk] for pk in others or [row.account_id] if pk in accounts]
    return found
