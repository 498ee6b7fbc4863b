"""What relays pass on: they announce posts of others, which are taken in but not shown as reblogged.

Called by federation/inbox.py through genosocial/inbox_routes.py, in a job. Source: contract of the federation
3.4, 3.11.
"""

from core.errors import Forbidden
from federation.relays import is_relay
from federation.vocab import Activity
from timelines import inbox
from timelines.remote import status_from_uri
from timelines.visibility import OPEN


def receive_announce(activity: Activity) -> None:
    """A relay passes on a post, which is fetched from its own server; what others announce is a reblog."""
    if not is_relay(activity.actor_uri):
        return inbox.receive_announce(activity)
    if status_from_uri(activity.object_uri).visibility not in OPEN:
        raise Forbidden(cause="a relay passes on what is not for everybody")
