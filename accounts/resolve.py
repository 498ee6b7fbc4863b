"""From a handle such as ``anna@social.example`` to an account, over the network when it must be.

Called by search, by mentions in new statuses and by whoever types a handle.
"""

from accounts.models import Account


def find_by_handle(username: str, domain: str | None) -> Account | None:
    """Return the known account of a handle without asking anyone; our own domains count as None."""
    raise NotImplementedError


def resolve_handle(handle: str) -> Account:
    """Return the account of ``name@domain`` (a leading @ is fine; without a domain: ours), asking its server.

    Raises NotFound when there is none, RemoteUnreachable when its server does not answer as it should.
    Source: contract of the federation 1.2.
    """
    raise NotImplementedError
