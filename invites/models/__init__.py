"""Rows of how people get in."""

from invites.models.invite import MOST_USES, Invite, InviteToken, Redemption

__all__ = ["MOST_USES", "Invite", "InviteToken", "Redemption"]
