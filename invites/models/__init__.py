"""Rows of how people get in."""

from invites.models.invite import Invite, InviteToken, Redemption

__all__ = ["Invite", "InviteToken", "Redemption"]
