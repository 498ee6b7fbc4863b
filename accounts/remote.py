"""Accounts of other servers: fetched, stored, refreshed, deleted.

Called by the inboxes, by accounts/resolve.py and by whoever meets the uri of an actor.
Source: contract of the federation 1.2, 3.3, 5.2.
"""

import logging
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import relationships
from accounts.actors import USERNAME, ActorValues, BadActor, read_actor
from accounts.events import AccountDeleted, AccountRead
from accounts.models import Account, Follow
from accounts.outbox import send_follow
from accounts.remote_details import fetch_collections_soon
from accounts.verification import check_links_soon, keep_proofs
from core import locks
from core.errors import AppError, Gone, NotFound
from core.events import emit
from core.hosts import host_of, normalise_host
from core.prepared import Key, Prepared
from federation.fetch import DocumentDeleted, fetch_document
from federation.keys import forget_actor_keys, store_actor_keys
from federation.local import is_local_uri, local_hosts
from federation.models import DomainPolicy
from federation.peers import is_blocked, policy_for
from federation.webfinger import WebfingerAnswer, confirm_handle
from media.remote import save_remote_emojis

log = logging.getLogger(__name__)

FRESH_FOR = timedelta(days=1)
STALE_AFTER = timedelta(days=7)
INVALID_DOMAIN = "handle.invalid"
_REFRESH_PAUSE_SECONDS = 21_600
_REFRESH_SPREAD_SECONDS = 600
# Values that are not columns, or that only the first sight of an actor sets.
_NOT_UPDATED = ("uri", "username", "webfinger", "created_at", "emojis", "suspended", "moved_to_uri")

_BY_URI = Prepared(lambda uri: Account.objects.filter(uri=uri), uri=Key)


def account_from_uri(uri: str, *, fetch: bool = True) -> Account:
    """Return the account with this actor uri; fetched and stored when unknown and ``fetch`` is set.

    Raises NotFound, BadActor, RemoteUnreachable. May use the network: call it outside transactions, or
    without ``fetch``. Uris of our own are looked up in their one canonical form and never fetched.
    """
    found = _BY_URI.rows(uri=uri)
    if found:
        return found[0]
    host = host_of(uri)
    if not fetch or host is None or is_local_uri(uri) or is_blocked(host):
        raise NotFound(cause=f"no account {uri[:300]}")
    return upsert_account(fetch_document(uri))


def upsert_account(
    document: Mapping[str, Any], *, confirmed: WebfingerAnswer | None = None, announced: bool = False
) -> Account:
    """Store or refresh the account that an actor document describes, and its keys.

    The document must come from its own host or be signed by its actor. A new handle is confirmed over the
    network, unless ``confirmed`` is the answer about just that handle. ``announced`` says that the actor sent
    the document itself, new keys and all. Raises BadActor, HandleUnconfirmed, RemoteUnreachable.
    """
    values = read_actor(document)
    if is_local_uri(values.uri):
        raise BadActor(cause="one of our own")
    username, domain = _handle(values, document, confirmed)
    with transaction.atomic():
        locks.hold(values.uri)
        _free_handle(values, username, domain)
        account = _store(values, username, domain)
        store_actor_keys(dict(document), announced=announced)
        save_remote_emojis(domain, values.emojis)
        _read_further(account, values.moved_to_uri)
    return account


def _read_further(account: Account, moved_to_uri: str) -> None:
    """Have read after commit what the document only points to."""
    emit(AccountRead(account.pk))
    check_links_soon(account)
    fetch_collections_soon(account.pk)
    if moved_to_uri:
        later = partial(note_move.delay, account_id=account.pk, moved_to_uri=moved_to_uri)
        transaction.on_commit(later, robust=True)


def refresh_account(account: Account) -> Account:
    """Fetch a remote account anew when what we know is older than a day; the old row when that fails.

    Raises Gone when its server says that it was deleted; then it is deleted here too.
    """
    fresh_after = timezone.now() - FRESH_FOR
    if account.is_local or (account.fetched_at is not None and account.fetched_at > fresh_after):
        return account
    return _fetch_anew(account)


def _fetch_anew(account: Account) -> Account:
    try:
        return upsert_account(fetch_document(account.uri))
    except DocumentDeleted as error:
        delete_account(account)
        raise Gone(cause=error.cause) from error
    except AppError as error:
        log.info("account_not_refreshed", extra={"uri": account.uri, "cause": str(error)})
        return account


def delete_account(account: Account) -> None:
    """Remove a remote account whose server says that it is gone, with all it wrote and did."""
    if account.is_local:
        raise ValueError("accounts of ours are deleted by their people")
    with transaction.atomic():
        followers = Follow.objects.accepted().filter(target=account)
        followed = Follow.objects.accepted().filter(account=account)
        Account.objects.filter(pk__in=followers.values("account"), following_count__gt=0).update(
            following_count=F("following_count") - 1
        )
        Account.objects.filter(pk__in=followed.values("target"), followers_count__gt=0).update(
            followers_count=F("followers_count") - 1
        )
        emit(AccountDeleted(account_id=account.pk))
        forget_actor_keys(account.uri)
        account.delete()


def refresh_soon(account: Account) -> None:
    """Have an account that was last read a week ago read anew within minutes, once in six hours."""
    if account.fetched_at is not None and account.fetched_at > timezone.now() - STALE_AFTER:
        return
    transaction.on_commit(partial(_enqueue_refresh, account.pk), robust=True)


def _enqueue_refresh(account_id: int) -> None:
    if cache.add(f"accounts.refresh:{account_id}", 1, _REFRESH_PAUSE_SECONDS):
        delay = random.uniform(0, _REFRESH_SPREAD_SECONDS)
        refresh.apply_async(kwargs={"account_id": account_id}, countdown=delay)


@shared_task(name="accounts.refresh", queue="default")
def refresh(*, account_id: int) -> None:
    """Read a remote account anew. Repeat-safe."""
    account = Account.objects.remote().filter(pk=account_id).first()
    if account is None:
        return
    with suppress(Gone):
        refresh_account(account)


@shared_task(name="accounts.follow_anew", queue="default")
def follow_anew(*, account_id: int) -> None:
    """Ask again for every follow from here: a server that was set up anew knows of none. Repeat-safe."""
    follows = Follow.objects.filter(target_id=account_id, account__domain__isnull=True)
    for follow in follows.select_related("account", "target").order_by("pk").iterator():
        with transaction.atomic():
            send_follow(follow)


@shared_task(name="accounts.note_move", queue="default")
def note_move(*, account_id: int, moved_to_uri: str) -> None:
    """Note where an actor says that it moved to, if that account says so too. Repeat-safe."""
    account = Account.objects.remote().filter(pk=account_id).first()
    if account is None:
        return
    try:
        target = account_from_uri(moved_to_uri)
    except AppError as error:
        log.info("new_home_not_read", extra={"uri": moved_to_uri, "cause": str(error)})
        return
    if account.uri in target.also_known_as and target.pk != account.pk:
        Account.objects.filter(pk=account_id).update(moved_to=target)


def _handle(
    values: ActorValues, document: Mapping[str, Any], confirmed: WebfingerAnswer | None
) -> tuple[str, str]:
    """Return the proven handle: the stored one while nothing else is claimed, else a confirmed one.

    That some handle leads to an actor does not make it the actor's: the actor must name it too, or anybody
    could rename the accounts of others.
    """
    known = Account.objects.filter(uri=values.uri).first()
    if known is not None and _claims(values, known):
        return known.username, known.domain or ""
    if confirmed is None or not _is_about(confirmed, values):
        confirmed = confirm_handle(dict(document))
    domain = _domain(confirmed.host)
    if not USERNAME.fullmatch(confirmed.username) or domain in local_hosts():
        raise BadActor(cause="the handle is none that we can store")
    if confirmed.username.lower() == values.username.lower():
        return values.username, domain
    return confirmed.username, domain


def _claims(values: ActorValues, known: Account) -> bool:
    if known.domain == INVALID_DOMAIN:
        return False
    if values.webfinger:
        return values.webfinger.lower() == known.handle.lower()
    return values.username.lower() == known.username.lower()


def _is_about(answer: WebfingerAnswer, values: ActorValues) -> bool:
    claimed = values.webfinger or f"{values.username}@{host_of(values.uri)}"
    return answer.actor_uri == values.uri and f"{answer.username}@{answer.host}".lower() == claimed.lower()


def _domain(host: str) -> str:
    try:
        return normalise_host(host)
    except ValueError as error:
        raise BadActor(cause=f"bad host {host[:300]!r}") from error


def _free_handle(values: ActorValues, username: str, domain: str) -> None:
    """Take a confirmed handle from the account that had it before.

    If the actor is new, its server was set up anew: the row becomes this actor, and who follows it from here
    asks again. Else the former owner's handle is void until it is refreshed.
    """
    is_new = not Account.objects.filter(uri=values.uri).exists()
    for former in Account.objects.with_handle(username, domain).exclude(uri=values.uri):
        if is_new:
            _become(former, values.uri)
        else:
            former.username, former.domain, former.fetched_at = str(former.pk), INVALID_DOMAIN, None
            former.save(update_fields=["username", "domain", "fetched_at"])
            refresh_soon(former)


def _become(former: Account, uri: str) -> None:
    forget_actor_keys(former.uri)
    Account.objects.filter(pk=former.pk).update(uri=uri)
    for follow in Follow.objects.filter(account=former).select_related("target"):
        relationships.unfollow(former, follow.target)
    transaction.on_commit(partial(follow_anew.delay, account_id=former.pk), robust=True)


def _store(values: ActorValues, username: str, domain: str) -> Account:
    now = timezone.now()
    columns = {key: value for key, value in asdict(values).items() if key not in _NOT_UPDATED}
    columns |= {"username": username, "domain": domain, "fetched_at": now}
    known = Account.objects.filter(uri=values.uri).first()
    first = {"created_at": values.created_at}
    if known is not None:
        columns["fields"] = keep_proofs(values.fields, known.fields)
    elif _is_limited(values.uri):
        first["silenced_at"] = now
    account, _ = Account.objects.update_or_create(
        uri=values.uri, defaults=columns, create_defaults=columns | first
    )
    if values.suspended and account.suspended_at is None:
        account.suspended_at, account.suspended_by_origin = now, True
    elif not values.suspended and account.suspended_by_origin:
        account.suspended_at, account.suspended_by_origin = None, False
    if not values.moved_to_uri:
        account.moved_to = None
    account.save(update_fields=["suspended_at", "suspended_by_origin", "moved_to"])
    return account


def _is_limited(uri: str) -> bool:
    """Tell whether staff decided that nobody of a server is to be seen by whom they do not follow."""
    policy = policy_for(host_of(uri) or "")
    return policy is not None and policy.severity == DomainPolicy.Severity.SILENCE
