"""Mail about notifications that nobody has read, as each person wants it, and the weekly summary.

The clock looks for people with news, a job for each of them writes one mail about all of it. What has been
told is a mark in the person's row that moves after the mail is handed over: a killed worker repeats a mail at
worst. Notifications wait a little, so that what is read in an app right away is not mailed too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.core.signing import BadSignature, Signer
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Account, Follow, Membership, User
from core.ids import id_at
from core.mail import send_mail
from core.text import html_to_text
from timelines.feeds import home_rows
from timelines.models import MailPreference, Notification, Status
from timelines.notifications import readable_notifications, unread
from timelines.pushing import render_title

_WAIT = timedelta(minutes=2)
# Whatever was not mailed by then, because no mail server took it, is not news any more.
_OLDEST = timedelta(days=2)
_WEEK = timedelta(days=7)
_SHOWN = 20
_SHOWN_POSTS = 5
_EXCERPT = 280
# Longer than a mail takes to be handed over.
_HELD_SECONDS = 120
NOTIFICATIONS, WEEKLY = "notifications", "weekly"


@dataclass(frozen=True)
class Entry:
    """One thing that a mail tells: who did what, what was said, and where to see it."""

    title: str
    text: str
    url: str


# The clock


def sweep_mails(now: datetime) -> None:
    """Start the jobs of all who have news or whose week is over."""
    _add_preferences(now)
    for user_id in _people_with_news(now).values_list("pk", flat=True):
        send_notification_mail.delay(user_id=user_id)
    due = Q(weekly_sent_at__isnull=True) | Q(weekly_sent_at__lte=now - _WEEK)
    for user_id in _reachable().filter(due, weekly=True).values_list("pk", flat=True):
        send_weekly_mail.delay(user_id=user_id)


def _add_preferences(now: datetime) -> None:
    """Give everybody who has none yet the usual preferences; what was before is not mailed."""
    new = User.objects.filter(confirmed_at__isnull=False).exclude(pk__in=MailPreference.objects.values("pk"))
    newest = _newest(now)
    rows = [
        MailPreference(user_id=user_id, mailed_up_to=newest) for user_id in new.values_list("pk", flat=True)
    ]
    MailPreference.objects.bulk_create(rows, ignore_conflicts=True)


def _reachable() -> "QuerySet[MailPreference]":
    return MailPreference.objects.filter(user__confirmed_at__isnull=False, user__disabled_at__isnull=True)


def _people_with_news(now: datetime) -> "QuerySet[MailPreference]":
    news = Notification.objects.filter(
        type__any=OuterRef("types"),
        account__memberships__user=OuterRef("pk"),
        account__memberships__role=Membership.Role.OWNER,
        pk__gt=OuterRef("mailed_up_to"),
        pk__lte=_newest(now - _WAIT),
        filtered=False,
    )
    return _reachable().filter(Exists(news))


def _newest(moment: datetime) -> int:
    """Return the id of the newest notification, of anybody, that is not younger than this."""
    ids = Notification.objects.filter(created_at__lte=moment).order_by("-pk").values_list("pk", flat=True)
    return ids.first() or 0


# Notifications


@shared_task(name="timelines.send_notification_mail", queue="mail")
def send_notification_mail(*, user_id: int) -> None:
    """Tell a person what happened and was not read; the clock tries again when the mail server is away."""
    _alone(NOTIFICATIONS, user_id, _write_about_news)


def _write_about_news(preference: MailPreference, now: datetime) -> None:
    newest = _newest(now - _WAIT)
    told = [
        row
        for account in _own_accounts(preference)
        for row in unread(account, readable_notifications(account))
        .filter(
            pk__gt=preference.mailed_up_to,
            pk__lte=newest,
            created_at__gt=now - _OLDEST,
            filtered=False,
            type__in=preference.types,
        )
        .order_by("-pk")[:_SHOWN]
    ]
    if told:
        with translation.override(preference.user.locale):
            entries = [_entry_of(row) for row in told]
        _send(NOTIFICATIONS, preference, {"entries": entries, "first": entries[0], "count": len(entries)})
    MailPreference.objects.filter(pk=preference.pk).update(mailed_up_to=newest)


def _entry_of(notification: Notification) -> Entry:
    status, sender = notification.status, notification.from_account
    url = _address(status) if status else sender.url or sender.uri
    return Entry(render_title(notification), _excerpt(status) if status else "", url)


def _address(status: Status) -> str:
    return status.url or status.uri


def _excerpt(status: Status) -> str:
    text = " ".join((status.spoiler_text or html_to_text(status.content)).split())
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"


# The week


@shared_task(name="timelines.send_weekly_mail", queue="mail")
def send_weekly_mail(*, user_id: int) -> None:
    """Tell a person what moved those whom the own account follows most in the last week, if anything did."""
    _alone(WEEKLY, user_id, _write_about_week)


def _write_about_week(preference: MailPreference, now: datetime) -> None:
    if not preference.weekly:
        return
    since = max(preference.weekly_sent_at or now - _WEEK, now - _WEEK)
    accounts = _own_accounts(preference)
    entries = [_post_of(status) for account in accounts for status in _most_moving(account, since)]
    followers = Follow.objects.accepted().filter(target__in=accounts, accepted_at__gt=since).count()
    if entries or followers:
        _send(WEEKLY, preference, {"entries": entries, "followers": followers})
    MailPreference.objects.filter(pk=preference.pk).update(weekly_sent_at=now)


def _most_moving(account: Account, since: datetime) -> Iterable[Status]:
    rows = home_rows(account).filter(pk__gt=id_at(since), reblog_of__isnull=True).exclude(account=account)
    moved = F("favourites_count") + F("reblogs_count") + F("replies_count")
    return rows.select_related("account").order_by(moved.desc(), "-pk")[:_SHOWN_POSTS]


def _post_of(status: Status) -> Entry:
    return Entry(status.account.display_name or f"@{status.account.acct}", _excerpt(status), _address(status))


# Both


def _alone(kind: str, user_id: int, write: Callable[[MailPreference, datetime], None]) -> None:
    """Call ``write`` with a person's preferences, unless another job writes the same mail at the moment."""
    key = f"mailing:{kind}:{user_id}"
    if not cache.add(key, 1, _HELD_SECONDS):
        return
    try:
        preference = _reachable().filter(pk=user_id).select_related("user").first()
        if preference is not None:
            write(preference, timezone.now())
    finally:
        cache.delete(key)


def _own_accounts(preference: MailPreference) -> list[Account]:
    owned = Q(memberships__user=preference.pk, memberships__role=Membership.Role.OWNER)
    return list(Account.objects.available().filter(owned))


def _send(kind: str, preference: MailPreference, context: dict[str, object]) -> None:
    addresses = {
        "settings_url": settings.BASE_URL + reverse("mail-settings"),
        "unsubscribe_url": settings.BASE_URL + reverse("mail-unsubscribe", args=[_sign(kind, preference.pk)]),
    }
    user = preference.user
    send_mail(kind, user.email, user.locale, context | addresses, addresses["unsubscribe_url"])


# What people choose


def get_preference(user: User, now: datetime) -> MailPreference:
    """Return the preferences of a person, made where there are none yet."""
    return MailPreference.objects.get_or_create(user=user, defaults={"mailed_up_to": _newest(now)})[0]


def unsubscribe(signed: str) -> str | None:
    """End what the link of a mail belongs to; returns its kind, None for a link that is not ours."""
    kind, user_id = read_link(signed) or ("", 0)
    rows = MailPreference.objects.filter(pk=user_id)
    if kind == NOTIFICATIONS:
        rows.update(types=[])
    elif kind == WEEKLY:
        rows.update(weekly=False)
    return kind or None


def read_link(signed: str) -> tuple[str, int] | None:
    """Return the kind of mail and the id of the person that a link to unsubscribe was made for."""
    try:
        kind, user_id = _signer().unsign(signed).split(".")
    except (BadSignature, ValueError):
        return None
    return kind, int(user_id)


def _sign(kind: str, user_id: int) -> str:
    return _signer().sign(f"{kind}.{user_id}")


def _signer() -> Signer:
    return Signer(salt="mailing")
