"""Statuses: published, deleted, and what follows from every new, changed or deleted one.

`publish_status` and `delete_status` are called by the API doors; `status_created`, `status_edited` and
`delete_status` also by timelines/remote.py and timelines/inbox.py for what other servers send.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from core.errors import NotFound, Unprocessable
from core.ids import new_id
from media.attachments import delete_attachments, mark_attached, release_attachments
from media.models import MediaAttachment
from timelines import documents, drafts, live, outbox, polls, quotes
from timelines.cards import enqueue_card
from timelines.collections import link_collections
from timelines.content import Content, read_content, store_tags
from timelines.conversations import forget_direct_status, note_direct_status
from timelines.drafts import StatusDraft
from timelines.fanout import enqueue_fan_out
from timelines.models import (
    Bookmark,
    Favourite,
    FilterStatus,
    Mention,
    Notification,
    Poll,
    Status,
    StatusPin,
    StatusTag,
)
from timelines.notifications import (
    forget_notifications_about,
    notify,
    notify_followers,
    notify_quoting,
)
from timelines.poll_drafts import PollDraft, checked_poll
from timelines.quote_policy import automatic_for, checked_policy
from timelines.search_words import store_words

IDEMPOTENCY_WINDOW = timedelta(hours=1)
# What arrives later than this is history being filled in: no news to anybody.
NEWS_WINDOW = timedelta(hours=6)
_NOT_COUNTED = (Status.Visibility.DIRECT, Status.Visibility.LIMITED)


class UnexpectedMentions(Unprocessable):
    """The text mentions somebody whom the app did not expect; ``extra`` names them."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        super().__init__(_("The post mentions people you did not name"))
        self.extra = {
            "unexpected_accounts": [{"id": str(account.pk), "acct": account.acct} for account in accounts]
        }


@dataclass(frozen=True)
class Plan:
    """A checked draft, ready to be written."""

    text: str
    content_type: str
    spoiler_text: str
    visibility: str
    sensitive: bool
    language: str
    media: list[MediaAttachment]
    parent: Status | None
    content: Content
    poll: PollDraft | None
    quoted: Status | None
    quote_policy: str


def publish_status(
    account: Account,
    draft: StatusDraft,
    *,
    application_id: int | None = None,
    idempotency_key: str | None = None,
    now: datetime | None = None,
    claim: Callable[[], None] | None = None,
) -> Status:
    """Publish a status of a local account and return it.

    The same ``idempotency_key`` within an hour returns the status it made the first time, also when both
    requests run at once. Looks up unknown handles over the network first. Raises Unprocessable (empty, too
    long, unusable media, unexpected mentions) and NotFound (reply to something invisible, quote of what must
    not be quoted). ``claim`` is called first in the transaction and may refuse by raising.
    """
    now = now or timezone.now()
    try:
        plan = plan_status(account, draft)
        with transaction.atomic():
            if claim is not None:
                claim()
            return _write(account, plan, application_id, key_hash(idempotency_key), now)
    except (IntegrityError, Unprocessable):
        # The same request may have taken the key, and the media with it.
        if earlier := find_by_idempotency_key(account, idempotency_key):
            return earlier
        raise


def find_by_idempotency_key(account: Account, idempotency_key: str | None) -> Status | None:
    """Return what a request with this key has published already, or None."""
    if not idempotency_key:
        return None
    made = Status.objects.kept().filter(account=account, idempotency_key=key_hash(idempotency_key))
    return made.select_related("account").first()


def key_hash(idempotency_key: str | None) -> str | None:
    """Return what is kept of a key that an app chose; None for none."""
    return hashlib.sha256(idempotency_key.encode()).hexdigest() if idempotency_key else None


def forget_idempotency_keys(now: datetime) -> None:
    """Free the keys that are older than an hour; called by the clock."""
    old = Status.objects.filter(idempotency_key__isnull=False, created_at__lt=now - IDEMPOTENCY_WINDOW)
    old.update(idempotency_key=None)


def plan_status(account: Account, draft: StatusDraft) -> Plan:
    """Check a draft and return what `publish_status` would write; raises what it raises."""
    parent = drafts.find_parent(account, draft.in_reply_to_id)
    media = drafts.load_media(account, draft)
    poll, quoted = checked_poll(draft.poll), quotes.find_quotable(account, draft.quoted_status_id)
    shows_more = poll is not None or quoted is not None
    text, spoiler_text = drafts.checked_text(draft.text, draft.spoiler_text, media, shows_more=shows_more)
    sensitive = account.default_sensitive if draft.sensitive is None else draft.sensitive
    visibility = quotes.quoting_visibility(drafts.checked_visibility(account, draft.visibility), quoted)
    content_type = drafts.checked_content_type(draft.content_type)
    content = read_content(account, text, content_type)
    if draft.allowed_mentions is not None:
        unexpected = [person for person in content.mentioned if person.pk not in draft.allowed_mentions]
        if unexpected:
            raise UnexpectedMentions(unexpected)
    quotes.require_mentioned(account, visibility, quoted, content.mentioned)
    return Plan(
        text=text,
        content_type=content_type,
        spoiler_text=spoiler_text,
        visibility=visibility,
        sensitive=sensitive or bool(spoiler_text),
        language=drafts.checked_language(account, draft.language),
        media=media,
        parent=parent,
        content=content,
        poll=poll,
        quoted=quoted,
        quote_policy=checked_policy(account, draft.quote_policy),
    )


def _write(
    account: Account, plan: Plan, application_id: int | None, key_hash: str | None, now: datetime
) -> Status:
    status_id, parent = new_id(), plan.parent
    media_ids = [attachment.pk for attachment in plan.media]
    # First of all: the same key at the same moment waits here, and finds the other's status.
    status = Status.objects.create(
        id=status_id,
        uri=f"{account.uri}/statuses/{status_id}",
        url=f"{account.url}/{status_id}",
        account=account,
        is_local=True,
        text=plan.text,
        content_type=plan.content_type,
        content=quotes.with_quote_line(plan.content.html, plan.quoted),
        spoiler_text=plan.spoiler_text,
        sensitive=plan.sensitive,
        visibility=plan.visibility,
        language=plan.language,
        media_ids=media_ids,
        in_reply_to=parent,
        in_reply_to_uri=parent.uri if parent else "",
        in_reply_to_account_id=replied_to(account, parent),
        conversation_uri=_conversation(account, parent, status_id),
        quote_automatic=automatic_for(plan.quote_policy, plan.visibility),
        application_id=application_id,
        idempotency_key=key_hash,
        created_at=now,
    )
    mark_attached(media_ids)
    poll = polls.create_poll(status, plan.poll, now) if plan.poll is not None else None
    quote = quotes.create_quote(status, plan.quoted) if plan.quoted is not None else None
    mentions = [Mention(status=status, account=person) for person in plan.content.mentioned]
    Mention.objects.bulk_create(mentions)
    tags = store_tags(plan.content.tags)
    StatusTag.objects.bulk_create([StatusTag(status=status, tag=tag) for tag in tags])
    status_created(status, now=now, mentioned=[person.pk for person in plan.content.mentioned])
    outbox.send_create(
        documents.new_note(
            status, mentions=mentions, tags=tags, attachments=plan.media, poll=poll, quote=quote
        )
    )
    if quote is not None:
        outbox.send_quote_request(quote)
    return status


def replied_to(account: Account, parent: Status | None) -> int | None:
    """Return whom a reply answers: who continues an own reply still answers the one replied to."""
    if parent is None:
        return None
    if parent.account_id == account.pk and parent.in_reply_to_account_id is not None:
        return parent.in_reply_to_account_id
    return parent.account_id


def _conversation(account: Account, parent: Status | None, status_id: int) -> str:
    if parent is not None and parent.conversation_uri:
        return parent.conversation_uri
    return f"{settings.BASE_URL}/contexts/{account.pk}-{status_id}"


def status_created(
    status: Status, *, now: datetime | None = None, mentioned: Collection[int] | None = None
) -> None:
    """Do what follows from any new post or reblog, local or remote: counters, notifications, feeds, streams.

    Call it inside the transaction that wrote the status, after its mentions, tags and media; the feeds follow
    after the commit. ``mentioned`` holds the ids of whom it tells that it mentions them, if these are known.
    """
    now = now or timezone.now()
    _count(status, 1)
    if status.reblog_of is not None:
        _notify_author_of_reblog(status)
    else:
        if mentioned is None:
            rows = Mention.objects.filter(status=status, silent=False)
            mentioned = list(rows.values_list("account", flat=True))
        notify(
            mentioned,
            Notification.Type.MENTION,
            status.account,
            origin_id=status.pk,
            status=status,
        )
        if status.created_at > now - NEWS_WINDOW:
            notify_followers(status)
        note_direct_status(status)
    link_collections(status)
    enqueue_card(status)
    enqueue_fan_out(status.pk)


def _notify_author_of_reblog(reblog: Status) -> None:
    assert reblog.reblog_of is not None
    notify(
        [reblog.reblog_of.account_id],
        Notification.Type.REBLOG,
        reblog.account,
        origin_id=reblog.pk,
        status=reblog.reblog_of,
    )


def status_edited(status: Status, *, newly_mentioned: Collection[int] = ()) -> None:
    """Do what follows from an edit, local or remote; call it inside its transaction.

    Who reblogged or quoted it is told, and the accounts (ids) whom the edit mentions for the first time.
    """
    notify(newly_mentioned, Notification.Type.MENTION, status.account, origin_id=status.pk, status=status)
    boosters = Status.objects.kept().filter(reblog_of=status).values_list("account", flat=True)
    last_edit = status.edits.order_by("-pk").values_list("pk", flat=True).first()
    notify(
        boosters,
        Notification.Type.UPDATE,
        status.account,
        origin_id=last_edit or status.pk,
        status=status,
    )
    notify_quoting(status, origin_id=last_edit or status.pk)
    store_words(status)
    link_collections(status)
    enqueue_card(status)
    live.enqueue_update(status.pk)


def delete_status(status: Status, *, delete_media: bool = False) -> None:
    """Delete a post with its reblogs, or take back a reblog; local or remote, harmless when repeated.

    Media of ours may be used again for a day unless ``delete_media``. Others are told if the author is ours.
    """
    with transaction.atomic():
        if not _mark_deleted(status):
            return
        if status.reblog_of_id is not None:
            outbox.send_undo_announce(status)
        else:
            outbox.send_delete(status)
            _delete_what_hangs_on(status, delete_media or not status.is_local)
        _count(status, -1)
        live.enqueue_deletion(status.pk)


def _mark_deleted(status: Status) -> bool:
    rows = Status.objects.kept().filter(pk=status.pk)
    return bool(rows.update(deleted_at=timezone.now(), idempotency_key=None))


def _delete_what_hangs_on(status: Status, delete_media: bool) -> None:
    reblogs = Status.objects.kept().filter(reblog_of=status).select_related("account")
    for reblog in reblogs.order_by("account_id"):
        if _mark_deleted(reblog):
            _count_account(reblog, -1)
            live.enqueue_deletion(reblog.pk)
    for model in (Favourite, Bookmark, FilterStatus, StatusPin, Poll):
        model.objects.filter(status=status).delete()
    quotes.forget_quotes(status)
    forget_notifications_about(status)
    forget_direct_status(status)
    if delete_media:
        delete_attachments(status.media_ids)
    else:
        release_attachments(status.media_ids)


def _count(status: Status, step: int) -> None:
    """Keep the counters that a status changes by coming (1) or going (-1)."""
    if status.reblog_of_id is not None:
        counted = Status.objects.filter(pk=status.reblog_of_id)
        if step > 0:
            # Waits for a deletion that runs at the same moment, and then finds nothing to count.
            counted = counted.kept()
        if not counted.add_to_count("reblogs_count", step, told=status.is_local):
            raise NotFound(cause="deleted while it was reblogged")
        if step < 0:
            Notification.objects.filter(type=Notification.Type.REBLOG, origin_id=status.pk).delete()
    elif status.in_reply_to_id is not None and status.visibility not in _NOT_COUNTED:
        counted = Status.objects.filter(pk=status.in_reply_to_id)
        counted.update(replies_count=Greatest(F("replies_count") + step, 0))
    _count_account(status, step)


_COUNT_OF_ACCOUNT = """
UPDATE accounts_account
SET statuses_count = greatest(statuses_count + %s, 0), last_status_at = greatest(last_status_at, %s)
WHERE id = %s
"""


def _count_account(status: Status, step: int) -> None:
    if status.visibility in _NOT_COUNTED:
        return
    latest = status.created_at if step > 0 else None
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_OF_ACCOUNT, [step, latest, status.account_id])


PURGE_AFTER = timedelta(days=30)
_PURGE_BATCH = 500


def purge_deleted(now: datetime) -> None:
    """Remove the rows of what was deleted long ago, a batch at a time; called by the clock."""
    old = Status.objects.filter(deleted_at__lt=now - PURGE_AFTER).order_by("deleted_at")
    Status.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:_PURGE_BATCH])).delete()
