"""Our side of streaming: events for apps that listen right now, published to channels in Redis.

Jobs call this after the commit. Each channel is asked first whether anybody listens, so nothing is rendered
for nobody. A status for a home stream is rendered for its reader; what goes to public channels is rendered
once, for those readers whom it is shown to.
Source: API behaviours section 13.
"""

from collections.abc import Iterable
from typing import Any

from celery import shared_task
from django.db import transaction

from accounts.models import Account
from core import pubsub
from core.prepared import Prepared
from timelines import feeds, lists
from timelines.entities.conversation import render_conversations
from timelines.entities.notification import render_notifications
from timelines.entities.status import find_filtered, render_status
from timelines.models import Conversation, ListAccount, Mention, Notification, Status
from timelines.streaming.readers import find_readers
from timelines.visibility import shown_in_public

_BATCH = 500
_LISTS = Prepared(lambda author: ListAccount.objects.filter(account=author).values_list("list"), author=int)


def home_channel(account_id: int) -> str:
    """Return the channel that an account's home stream listens to."""
    return f"timeline:{account_id}"


def public_channels(status: Status) -> list[str]:
    """Return the public and hashtag channels that a status appears in; none for what is not public."""
    if status.visibility != Status.Visibility.PUBLIC or status.reblog_of_id is not None:
        return []
    if status.account.silenced_at is not None or status.account.suspended_at is not None:
        return []
    names = [tag.name for tag in status.tags.all()]
    channels = [f"timeline:hashtag:{name}" for name in names]
    if status.is_local:
        channels += [f"timeline:hashtag:{name}:local" for name in names]
    if not status.in_reply_to_uri or status.in_reply_to_account_id == status.account_id:
        channels += ["timeline:public", f"timeline:public:{'local' if status.is_local else 'remote'}"]
    return channels


def listening(account_ids: Iterable[int]) -> list[int]:
    """Return those of the accounts whose home stream somebody listens to."""
    by_channel = {home_channel(account_id): account_id for account_id in account_ids}
    return [by_channel[channel] for channel in pubsub.heard(list(by_channel))]


def publish_to_homes(status: Status, account_ids: Iterable[int], event: str = "update") -> None:
    """Send a status to those of the accounts that listen and read it at home."""
    for reader in Account.objects.filter(pk__in=listening(account_ids)):
        if feeds.home_rows(reader).filter(pk=status.pk).exists():
            pubsub.publish(home_channel(reader.pk), event, render_status(status, reader))


def publish_to_public(status: Status, event: str = "update") -> None:
    """Send a status to those who listen to the public and hashtag channels that it appears in and who are
    shown it there, each with what its filters say.
    """
    listening = find_readers(public_channels(status))
    shown = shown_in_public(status, {pk for account_ids in listening.values() for pk in account_ids})
    if not shown:
        return
    filtered, payload = find_filtered(status, shown), render_status(status, None)
    for channel, account_ids in listening.items():
        readers = {pk: filtered.get(pk, []) for pk in account_ids if pk in shown}
        pubsub.publish(channel, event, payload, readers)


def list_channels(status: Status) -> dict[str, int]:
    """Return the channels of the lists that the author is in, and the ids of the lists."""
    ids = _LISTS.tuples(author=status.account_id)
    return {f"timeline:list:{list_id}": list_id for (list_id,) in ids}


def publish_to_lists(status: Status, event: str = "update") -> None:
    """Send a status to those lists that somebody listens to and that it appears in."""
    by_channel = list_channels(status)
    heard = {by_channel[channel]: channel for channel in pubsub.heard(list(by_channel))}
    for row in lists.holding(heard, status) if heard else ():
        pubsub.publish(heard[row.pk], event, render_status(status, row.account))


def publish_conversations(status: Status) -> None:
    """Send the threads that a direct status is now the newest of to those of their readers that listen."""
    if status.visibility != Status.Visibility.DIRECT:
        return
    rows = Conversation.objects.filter(last_status=status).select_related("account", "last_status")
    by_channel = {f"timeline:direct:{row.account_id}": row for row in rows}
    for channel in pubsub.heard(list(by_channel)):
        row = by_channel[channel]
        pubsub.publish(channel, "conversation", render_conversations([row], row.account)[0])


def publish_notification(account: Account, notification: Notification) -> None:
    """Send one notification to the listening apps of its account."""
    payload = render_notifications([notification], account)[0]
    pubsub.publish(home_channel(account.pk), "notification", payload)


def publish_notifications_merged(account_id: int) -> None:
    """Tell the apps of an account that notifications which were held back are there now."""
    for listening_id in listening([account_id]):
        pubsub.publish(home_channel(listening_id), "notifications_merged", "1")


def publish_to_everybody(event: str, payload: Any) -> None:
    """Send something that is the same for all to every account whose apps listen."""
    for channel in pubsub.heard_like("timeline:[0-9]*"):
        pubsub.publish(channel, event, payload)


# Edits and deletions


def enqueue_update(status_id: int) -> None:
    """Send an edited status to listeners once the current transaction is committed."""
    transaction.on_commit(lambda: stream_update.delay(status_id=status_id), robust=True)


def enqueue_deletion(status_id: int) -> None:
    """Tell listeners that a status is gone once the current transaction is committed."""
    transaction.on_commit(lambda: stream_deletion.delay(status_id=status_id), robust=True)


@shared_task(name="timelines.stream_update", queue="fanout")
def stream_update(*, status_id: int) -> None:
    """Send an edited status to all who have it on their screen."""
    status = Status.objects.kept().filter(pk=status_id).select_related("account").first()
    if status is not None:
        for batch in _readers(status):
            publish_to_homes(status, batch, "status.update")
        publish_to_public(status, "status.update")
        publish_to_lists(status, "status.update")


@shared_task(name="timelines.stream_deletion", queue="fanout")
def stream_deletion(*, status_id: int) -> None:
    """Tell all who may have a deleted status on their screen that it is gone."""
    status = Status.objects.filter(pk=status_id).select_related("account").first()
    if status is None:
        return
    channels = [*public_channels(status), *list_channels(status)]
    for batch in _readers(status):
        channels += [home_channel(account_id) for account_id in batch]
    for start in range(0, len(channels), _BATCH):
        for channel in pubsub.heard(channels[start : start + _BATCH]):
            pubsub.publish(channel, "delete", str(status.pk))


def _readers(status: Status) -> Iterable[list[int]]:
    """Return the local accounts that may be shown a status at home or in a notification, in batches."""
    follows = feeds.receiving_followers(status).values_list("account", flat=True)
    by_tag = feeds.receiving_tag_followers(status).values_list("account", flat=True)
    mentioned = Mention.objects.filter(status=status, account__domain__isnull=True)
    ids = sorted({status.account_id, *follows, *by_tag, *mentioned.values_list("account", flat=True)})
    return [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
