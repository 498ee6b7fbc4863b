"""What remote accounts show on their profiles: pinned statuses and hashtags, told one by one or read whole.

`receive_add` and `receive_remove` are called by federation/inbox.py through genosocial/inbox_routes.py; the
whole is read in the background whenever an actor was, since some servers never tell (GoToSocial).
Source: contract of the federation 3.4, 5.2.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from accounts.events import AccountRead
from accounts.inbox import get_sender
from accounts.models import Account
from core.errors import AppError, Forbidden
from core.hosts import same_host
from federation.fetch import fetch_document
from federation.vocab import Activity, id_of, ids_of, list_of, object_of, string_of, type_of
from timelines import interactions, tags
from timelines.models import FeaturedTag, Status, StatusPin, Tag
from timelines.remote import status_from_uri, upsert_status

log = logging.getLogger(__name__)

MAX_PINS = 20
MAX_UNKNOWN_PINS = 5
_READ_AGAIN_SECONDS = 600


# One by one


def receive_add(activity: Activity) -> None:
    """A remote account pins a status of its own or shows a hashtag on its profile."""
    account = _owner(activity)
    if account is None:
        return
    if type_of(activity.object) == "Hashtag":
        _with_tag(activity, partial(tags.feature_tag, account))
    else:
        status = status_from_uri(activity.object_uri)
        with transaction.atomic():
            interactions.pin(account, status)


def receive_remove(activity: Activity) -> None:
    """A remote account takes a status or a hashtag off its profile."""
    account = _owner(activity)
    if account is None:
        return
    if type_of(activity.object) == "Hashtag":
        _with_tag(activity, partial(tags.unfeature_tag, account))
    else:
        for status in Status.objects.filter(uri=activity.object_uri, account=account):
            interactions.unpin(account, status)


def _owner(activity: Activity) -> Account | None:
    """Return the sender, if what it changes is what its profile shows; of whom we never heard is nobody's."""
    target = id_of(activity.document.get("target")) or ""
    account = Account.objects.remote().filter(uri=activity.actor_uri).first()
    if account is None or target not in {account.featured_url, account.featured_tags_url} - {""}:
        return None
    return get_sender(activity)


def _with_tag(activity: Activity, change: Callable[[Tag], Any]) -> None:
    name = string_of(object_of(activity.object) or {}, "name") or ""
    change(tags.stored_tag(name))


# Whole


def on_account_read(event: AccountRead) -> None:
    """Have read what a remote account features; once in ten minutes."""
    transaction.on_commit(partial(_enqueue, event.account_id), robust=True)


def _enqueue(account_id: int) -> None:
    if cache.add(f"timelines.featured:{account_id}", 1, _READ_AGAIN_SECONDS):
        fetch_featured.delay(account_id=account_id)


@shared_task(name="timelines.fetch_featured", queue="default")
def fetch_featured(*, account_id: int) -> None:
    """Read which statuses and hashtags a remote account shows on its profile. Repeat-safe."""
    account = Account.objects.remote().available().filter(pk=account_id).first()
    if account is None:
        return
    for address, store in ((account.featured_url, _store_pins), (account.featured_tags_url, _store_tags)):
        if not address:
            continue
        try:
            store(account, _items(fetch_document(address)))
        except AppError as error:
            log.info("featured_not_read", extra={"uri": address, "cause": str(error)})


def _items(collection: dict[str, Any]) -> list[Any]:
    """Return what a collection holds: itself, or else its embedded or fetched first page."""
    found = list_of(collection.get("orderedItems")) or list_of(collection.get("items"))
    if found or collection.get("first") is None:
        return found
    page = object_of(collection["first"])
    address = id_of(collection["first"]) or ""
    if page is None and same_host(address, id_of(collection) or ""):
        page = fetch_document(address)
    return list_of((page or {}).get("orderedItems")) or list_of((page or {}).get("items"))


def _store_pins(account: Account, items: list[Any]) -> None:
    """Make the pins those of the collection, which has the latest first."""
    statuses = {status.pk: status for status in _pinned(account, items[:MAX_PINS])}
    StatusPin.objects.filter(account=account).exclude(status__in=statuses).delete()
    for status in reversed(statuses.values()):
        try:
            interactions.pin(account, status)
        except AppError as error:
            log.info("pin_not_kept", extra={"uri": status.uri, "cause": str(error)})


def _pinned(account: Account, items: Iterable[Any]) -> Iterable[Status]:
    unknown_left = MAX_UNKNOWN_PINS
    for item in items:
        uri = id_of(item) or ""
        known = Status.objects.kept().filter(uri=uri).first()
        if known is None:
            if not same_host(uri, account.uri) or unknown_left == 0:
                continue
            unknown_left -= 1
        try:
            yield known or _unknown(account, item, uri)
        except AppError as error:
            log.info("pin_not_read", extra={"uri": uri, "cause": str(error)})


def _unknown(account: Account, item: Any, uri: str) -> Status:
    """Return a status that the collection holds whole, or names; the collection is from its author's host."""
    document = object_of(item)
    if document is not None and account.uri in ids_of(document.get("attributedTo")):
        return upsert_status(document, account)
    status = status_from_uri(uri)
    if status.account_id != account.pk:
        raise Forbidden(cause="a status of somebody else")
    return status


def _store_tags(account: Account, items: list[Any]) -> None:
    found = []
    for item in items[: tags.MAX_FEATURED]:
        try:
            found.append(tags.stored_tag(string_of(object_of(item) or {}, "name") or ""))
        except AppError:
            continue  # none that we can show
    with transaction.atomic():
        FeaturedTag.objects.filter(account=account).exclude(tag__in=found).delete()
        FeaturedTag.objects.bulk_create(
            [FeaturedTag(account=account, tag=tag, created_at=timezone.now()) for tag in found],
            ignore_conflicts=True,
        )
