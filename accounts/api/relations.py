"""Doors that change what the caller is to an account; each answers with the Relationship."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import notes, relationships
from accounts.accounts import get_account
from accounts.entities import render_relationship
from accounts.models import Account
from core.api.access import Access
from core.api.parameters import as_bool, as_int, as_list, as_text
from core.api.views import ApiView
from core.ratelimit import Limit

FOLLOWS = Limit("follows", 400, 86_400)
FOLLOW_SCOPES = Access.user("follow", "write", "write:follows")
BLOCK_SCOPES = Access.user("follow", "write", "write:blocks")
MUTE_SCOPES = Access.user("follow", "write", "write:mutes")
MAX_MUTE_SECONDS = 10 * 366 * 86_400


class RelationView(ApiView):
    """Base: finds the account, lets the door act, answers with the Relationship."""

    def post(self, request: Request, account_id: str) -> Response:
        target = get_account(account_id)
        self.change(target)
        return Response(render_relationship(self.actor, target))

    def change(self, target: Account) -> None:
        """Do what this door is for."""
        raise NotImplementedError


class Follow(RelationView):
    """POST /api/v1/accounts/:id/follow."""

    access = {"POST": FOLLOW_SCOPES}

    def change(self, target: Account) -> None:
        self.consume(FOLLOWS)
        languages = as_list(self.params["languages"]) if "languages" in self.params else None
        relationships.follow(
            self.actor,
            target,
            show_reblogs=self._option("reblogs"),
            notify=self._option("notify"),
            languages=[text for item in languages if (text := as_text(item))]
            if languages is not None
            else None,
        )

    def _option(self, name: str) -> bool | None:
        value: Any = self.params.get(name)
        return None if value is None or value == "" else as_bool(value)


class Unfollow(RelationView):
    """POST /api/v1/accounts/:id/unfollow."""

    access = {"POST": FOLLOW_SCOPES}

    def change(self, target: Account) -> None:
        relationships.unfollow(self.actor, target)


class RemoveFromFollowers(RelationView):
    """POST /api/v1/accounts/:id/remove_from_followers."""

    access = {"POST": FOLLOW_SCOPES}

    def change(self, target: Account) -> None:
        relationships.remove_follower(self.actor, target)


class Block(RelationView):
    """POST /api/v1/accounts/:id/block."""

    access = {"POST": BLOCK_SCOPES}

    def change(self, target: Account) -> None:
        relationships.block(self.actor, target)


class Unblock(RelationView):
    """POST /api/v1/accounts/:id/unblock."""

    access = {"POST": BLOCK_SCOPES}

    def change(self, target: Account) -> None:
        relationships.unblock(self.actor, target)


class Mute(RelationView):
    """POST /api/v1/accounts/:id/mute."""

    access = {"POST": MUTE_SCOPES}

    def change(self, target: Account) -> None:
        duration = as_int(self.params.get("duration"), minimum=0, maximum=MAX_MUTE_SECONDS)
        relationships.mute(
            self.actor,
            target,
            hide_notifications=as_bool(self.params.get("notifications"), default=True),
            duration_seconds=duration or 0,
        )


class Unmute(RelationView):
    """POST /api/v1/accounts/:id/unmute."""

    access = {"POST": MUTE_SCOPES}

    def change(self, target: Account) -> None:
        relationships.unmute(self.actor, target)


class Note(RelationView):
    """POST /api/v1/accounts/:id/note."""

    access = {"POST": Access.user("write", "write:accounts")}

    def change(self, target: Account) -> None:
        notes.write_note(self.actor, target, as_text(self.params.get("comment")) or "")
