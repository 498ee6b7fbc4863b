"""Rows of the protocol: who we talk to, with which keys, what came in and what is owed."""

from federation.models.delivery import Delivery, OutboundActivity
from federation.models.inbox_item import InboxItem
from federation.models.keys import RemoteKey, SigningKey
from federation.models.peer import DomainPolicy, Peer
from federation.models.relay import Relay
from federation.models.withdrawal import Withdrawal

__all__ = [
    "Delivery",
    "DomainPolicy",
    "InboxItem",
    "OutboundActivity",
    "Peer",
    "Relay",
    "RemoteKey",
    "SigningKey",
    "Withdrawal",
]
