"""What relations between accounts mean for feeds and notifications.

Called through genosocial/event_routes.py, inside the transaction of what happened.
"""

from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Greatest

from accounts.events import (
    AccountBlocked,
    AccountDeleted,
    FollowAccepted,
    FollowEnded,
    FollowMoved,
    FollowRequested,
    UserConfirmed,
)
from accounts.models import Account, Follow
from federation.events import ActorKeysReplaced
from media.attachments import delete_attachments
from timelines import feeds
from timelines.collections import part_ways
from timelines.models import (
    Favourite,
    ListAccount,
    Notification,
    Quote,
    ScheduledStatus,
    Status,
    Tombstone,
)
from timelines.notifications import forget_notification, notify, notify_staff


def on_follow_requested(event: FollowRequested) -> None:
    """Tell the one who is asked."""
    follow = Follow.objects.select_related("account").get(pk=event.follow_id)
    notify([follow.target_id], Notification.Type.FOLLOW_REQUEST, follow.account, origin_id=follow.pk)


def on_follow_accepted(event: FollowAccepted) -> None:
    """Tell the one who is followed; the follower's feed takes in what the other wrote before."""
    follow = Follow.objects.select_related("account").get(pk=event.follow_id)
    forget_notification(Notification.Type.FOLLOW_REQUEST, follow.pk)
    notify([follow.target_id], Notification.Type.FOLLOW, follow.account, origin_id=follow.pk)
    _renew_feed(event.account_id)


def on_follow_ended(event: FollowEnded) -> None:
    """Take back a request that nobody has to answer any more; the feed goes without the other."""
    Notification.objects.filter(
        account=event.target_id,
        from_account=event.account_id,
        type=Notification.Type.FOLLOW_REQUEST,
    ).delete()
    _renew_feed(event.account_id)


def on_follow_moved(event: FollowMoved) -> None:
    """The lists that the old account is on take in the new one."""
    follow = Follow.objects.get(pk=event.new_id)
    lists = ListAccount.objects.filter(follow=event.old_id).values_list("list_id", flat=True)
    ListAccount.objects.bulk_create(
        [ListAccount(list_id=pk, account_id=follow.target_id, follow=follow) for pk in lists],
        ignore_conflicts=True,
    )


def on_account_blocked(event: AccountBlocked) -> None:
    """Forget what the two told each other, as if they had never met."""
    for account_id, other_id in (
        (event.account_id, event.target_id),
        (event.target_id, event.account_id),
    ):
        Notification.objects.filter(account=account_id, from_account=other_id).delete()
        _renew_feed(account_id)
    part_ways(event.account_id, event.target_id)


def on_user_confirmed(event: UserConfirmed) -> None:
    """Tell staff that somebody new is here."""
    account = Account.objects.local().filter(memberships__user=event.user_id).order_by("pk").first()
    if account is not None:
        notify_staff(Notification.Type.ADMIN_SIGN_UP, account, origin_id=event.user_id)


def on_account_deleted(event: AccountDeleted) -> None:
    """Take what the account did out of others' counters, and its media; its rows go with it."""
    written = Status.objects.kept().filter(account=event.account_id)
    favoured = Favourite.objects.filter(account=event.account_id).values("status")
    Status.objects.filter(pk__in=favoured).update(favourites_count=Greatest(F("favourites_count") - 1, 0))
    reblogged = written.filter(reblog_of__isnull=False).values("reblog_of")
    Status.objects.filter(pk__in=reblogged).update(reblogs_count=Greatest(F("reblogs_count") - 1, 0))
    quoted = Quote.objects.filter(status__in=written, state=Quote.State.ACCEPTED)
    quotes = quoted.filter(quoted=OuterRef("pk")).order_by().values("quoted")
    Status.objects.filter(pk__in=quoted.values("quoted")).update(
        quotes_count=Greatest(F("quotes_count") - Subquery(quotes.annotate(n=Count("pk")).values("n")), 0)
    )
    answers = written.filter(in_reply_to=OuterRef("pk")).order_by().values("in_reply_to")
    Status.objects.filter(pk__in=written.filter(in_reply_to__isnull=False).values("in_reply_to")).update(
        replies_count=Greatest(F("replies_count") - Subquery(answers.annotate(n=Count("pk")).values("n")), 0)
    )
    shown = written.exclude(media_ids=[]).values_list("media_ids", flat=True)
    waiting = ScheduledStatus.objects.filter(account=event.account_id).values_list("media_ids", flat=True)
    delete_attachments(media_id for media_ids in (*shown, *waiting) for media_id in media_ids)
    _renew_feed(event.account_id)


def _renew_feed(account_id: int) -> None:
    transaction.on_commit(lambda: feeds.drop(account_id), robust=True)


def on_actor_keys_replaced(event: ActorKeysReplaced) -> None:
    """Forget what an actor that was set up anew once deleted: it may give the same ids to new statuses."""
    Tombstone.objects.filter(uri__startswith=f"{event.actor_uri}/").delete()
