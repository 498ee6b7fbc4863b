"""What statuses send to other servers.

Called by timelines/statuses.py and timelines/interactions.py inside their transactions.
"""

from timelines.models import Favourite, Status, StatusPin


def send_create(status: Status) -> None:
    """Send a new status of a local account to all whom it concerns."""
    raise NotImplementedError


def send_update(status: Status) -> None:
    """Send an edited status of a local account, also to those who reacted to it."""
    raise NotImplementedError


def send_delete(status: Status) -> None:
    """Tell that a status of a local account goes; call it while its rows are still there."""
    raise NotImplementedError


def send_announce(reblog: Status) -> None:
    """Send a reblog by a local account."""
    raise NotImplementedError


def send_undo_announce(reblog: Status) -> None:
    """Take back a reblog by a local account; call it while its row is still there."""
    raise NotImplementedError


def send_like(favourite: Favourite) -> None:
    """Tell the remote author that a local account favours the status."""
    raise NotImplementedError


def send_undo_like(favourite: Favourite) -> None:
    """Take back a favourite; call it while the row's values are at hand."""
    raise NotImplementedError


def send_pin(pin: StatusPin) -> None:
    """Tell the followers that a local account pinned a status."""
    raise NotImplementedError


def send_unpin(pin: StatusPin) -> None:
    """Tell the followers that a local account unpinned a status; call it while the row's values are at hand."""
    raise NotImplementedError
