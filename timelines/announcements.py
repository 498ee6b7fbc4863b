"""Announcements: published by staff, read, dismissed and answered with emoji by everybody on this server.

`publish_announcement` and `withdraw_announcement` are called by the staff page, the rest by the API doors.
Source: API behaviours section 19; Mastodon docs, "Announcement".
"""

from datetime import datetime
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account
from core.api.parameters import as_id
from core.errors import NotFound, Unprocessable
from media.models import CustomEmoji
from timelines import live
from timelines.content import read_content
from timelines.emoji_names import is_emoji
from timelines.entities.announcement import render_announcements, render_reaction
from timelines.models import Announcement, AnnouncementDismissal, AnnouncementReaction

MOST_REACTIONS = 8
LONGEST_TEXT = 5000


def publish_announcement(
    author: Account,
    text: str,
    *,
    now: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    all_day: bool = False,
) -> Announcement:
    """Tell everybody; ``author`` is who writes the mentions, and is not shown.

    May use the network for mentions. Raises Unprocessable: empty, too long, ends before it starts.
    """
    text = text.strip()
    if not text:
        raise Unprocessable(_("The announcement says nothing"))
    if len(text) > LONGEST_TEXT:
        raise Unprocessable(_("The announcement is too long"))
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise Unprocessable(_("It has to end after it starts"))
    content = read_content(author, text)
    with transaction.atomic():
        announcement = Announcement.objects.create(
            text=text,
            content=content.html,
            tag_names=list(content.tags),
            starts_at=starts_at,
            ends_at=ends_at,
            all_day=all_day,
            published_at=now,
            updated_at=now,
        )
        announcement.mentions.set(content.mentioned)
        _enqueue(stream_announcement, announcement_id=announcement.pk)
    return announcement


def withdraw_announcement(announcement_id: int) -> None:
    """Remove an announcement from everybody's screen. Raises NotFound."""
    with transaction.atomic():
        deleted, _rows = Announcement.objects.filter(pk=announcement_id).delete()
        if not deleted:
            raise NotFound()
        _enqueue(stream_withdrawal, announcement_id=announcement_id)


def list_announcements(now: datetime) -> "QuerySet[Announcement]":
    """Return what is to be told now, the oldest first."""
    current = Announcement.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))
    return current.order_by("published_at", "pk")


def get_announcement(announcement_id: object, now: datetime) -> Announcement:
    """Return one by the id that a client sent. Raises NotFound."""
    found = list_announcements(now).filter(pk=as_id(announcement_id) or 0).first()
    if found is None:
        raise NotFound()
    return found


def dismiss_announcement(account: Account, announcement: Announcement) -> None:
    """Note that ``account`` has read it; harmless when repeated."""
    dismissal = AnnouncementDismissal(account=account, announcement=announcement)
    AnnouncementDismissal.objects.bulk_create([dismissal], ignore_conflicts=True)


def react(account: Account, announcement: Announcement, name: str, now: datetime) -> None:
    """Answer with an emoji, or the shortcode of one of ours.

    Raises Unprocessable: no emoji, answered so already, or a ninth kind of answer.
    """
    emoji = None if is_emoji(name) else _find_custom(name)
    if emoji is None and not is_emoji(name):
        raise Unprocessable(_("This is no emoji that is known here"))
    with transaction.atomic():
        # One after the other, so that two at once do not become the ninth and tenth.
        if not Announcement.objects.select_for_update().filter(pk=announcement.pk).exists():
            raise NotFound()
        rows = AnnouncementReaction.objects.filter(announcement=announcement)
        if rows.filter(account=account, name=name).exists():
            raise Unprocessable(_("You have answered with this emoji already"))
        names = set(rows.values_list("name", flat=True).distinct())
        if name not in names and len(names) >= MOST_REACTIONS:
            raise Unprocessable(_("There are as many different answers as fit"))
        AnnouncementReaction.objects.create(
            announcement=announcement, account=account, name=name, custom_emoji=emoji, created_at=now
        )
        _enqueue(stream_reaction, announcement_id=announcement.pk, name=name)


def take_back_reaction(account: Account, announcement: Announcement, name: str) -> None:
    """Take an answer back; harmless where there is none."""
    with transaction.atomic():
        rows = AnnouncementReaction.objects.filter(announcement=announcement, account=account, name=name)
        if rows.delete()[0]:
            _enqueue(stream_reaction, announcement_id=announcement.pk, name=name)


def _find_custom(name: str) -> CustomEmoji | None:
    return CustomEmoji.objects.enabled().filter(domain__isnull=True, shortcode=name).first()


# Streaming


def _enqueue(job: Any, **arguments: Any) -> None:
    transaction.on_commit(lambda: job.delay(**arguments), robust=True)


@shared_task(name="timelines.stream_announcement", queue="push")
def stream_announcement(*, announcement_id: int) -> None:
    """Send a new announcement to all apps that listen."""
    announcement = Announcement.objects.filter(pk=announcement_id).first()
    if announcement is not None:
        live.publish_to_everybody("announcement", render_announcements([announcement], None)[0])


@shared_task(name="timelines.stream_announcement_withdrawal", queue="push")
def stream_withdrawal(*, announcement_id: int) -> None:
    """Tell all apps that listen that an announcement is gone."""
    live.publish_to_everybody("announcement.delete", str(announcement_id))


@shared_task(name="timelines.stream_announcement_reaction", queue="push")
def stream_reaction(*, announcement_id: int, name: str) -> None:
    """Tell all apps that listen how many have answered with this emoji."""
    rows = AnnouncementReaction.objects.filter(announcement=announcement_id, name=name)
    emoji = CustomEmoji.objects.enabled().filter(domain__isnull=True, shortcode=name).first()
    payload = render_reaction(name, rows.count(), emoji) | {"announcement_id": str(announcement_id)}
    live.publish_to_everybody("announcement.reaction", payload)
