"""Statuses of other servers: fetched, stored, edited.

Called by timelines/inbox.py, by search and by the job that walks up a thread.
"""

from collections.abc import Mapping
from typing import Any

from accounts.models import Account
from timelines.models import Status


def status_from_uri(uri: str, *, fetch: bool = True) -> Status:
    """Return the status with this uri; fetched and stored when unknown and ``fetch`` is set.

    Raises NotFound, RemoteUnreachable. May use the network: call it outside transactions, or without ``fetch``.
    """
    raise NotImplementedError


def upsert_status(document: Mapping[str, Any], author: Account) -> Status:
    """Store a post document of ``author`` as a status, or bring the known one up to date."""
    raise NotImplementedError
