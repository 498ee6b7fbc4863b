"""From a handle such as ``anna@social.example`` to an account, over the network when it must be.

Called by search, by mentions in new statuses and by whoever types a handle.
Source: contract of the federation 1.2.
"""

from collections.abc import Collection

from accounts.actors import USERNAME
from accounts.models import Account
from accounts.remote import refresh_account, upsert_account
from core.errors import Gone, NotFound
from core.hosts import normalise_host
from federation import webfinger
from federation.fetch import fetch_document
from federation.local import local_hosts
from federation.peers import is_blocked


def find_by_handle(username: str, domain: str | None) -> Account | None:
    """Return the known account of a handle without asking anyone; our own domains count as None."""
    return find_by_handles([(username, domain)]).get((username, domain))


def find_by_handles(
    handles: Collection[tuple[str, str | None]],
) -> dict[tuple[str, str | None], Account]:
    """Return the known accounts of many handles by these, as `find_by_handle` does, in one query."""
    asked: dict[tuple[str, str | None], tuple[str, str | None]] = {}
    for username, domain in handles:
        try:
            host = normalise_host(domain) if domain else None
        except ValueError:
            continue
        asked[username, domain] = (username.lower(), None if host in local_hosts() else host)
    rows = Account.objects.with_handles(set(asked.values()))
    found = {(row.username.lower(), row.domain): row for row in rows}
    return {handle: found[key] for handle, key in asked.items() if key in found}


def resolve_handle(handle: str) -> Account:
    """Return the account of ``name@domain`` (a leading @ is fine; no domain is ours), asking its server.

    What we know and have read within a day is taken as it is. Raises NotFound when there is none or its
    server is blocked, RemoteUnreachable when its server does not answer as it should.
    """
    username, domain = split_handle(handle)
    known = find_by_handle(username, domain)
    if known is not None and known.suspended_at is None:
        try:
            return refresh_account(known)
        except Gone as error:
            raise NotFound(cause=error.cause) from error
    if known is not None or domain is None or is_blocked(domain):
        raise NotFound(cause=f"no account {handle[:300]}")
    try:
        answer = webfinger.lookup(username, domain)
    except webfinger.HandleUnknown as error:
        raise NotFound(cause=str(error)) from error
    return upsert_account(fetch_document(answer.actor_uri), confirmed=answer)


def split_handle(handle: str) -> tuple[str, str | None]:
    """Return name and domain (None for ours) of a handle; raises NotFound for what cannot be one."""
    username, at, domain = handle.strip().removeprefix("@").partition("@")
    try:
        host = normalise_host(domain) if at else None
    except ValueError as error:
        raise NotFound(cause="no handle") from error
    if len(username) > 2048 or not USERNAME.fullmatch(username):
        raise NotFound(cause="no handle")
    return username, None if host in local_hosts() else host
