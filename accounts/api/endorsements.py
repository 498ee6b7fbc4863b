"""Doors to recommendations: who recommends whom, and changing it."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.accounts import get_account
from accounts.api.lists import READ_ACCOUNTS, AccountListView
from accounts.api.relations import RelationView
from accounts.endorsements import endorse, endorsements_of, unendorse
from accounts.models import Account
from core.api.access import Access
from core.api.parameters import as_int

WRITE_ACCOUNTS = Access.user("write", "write:accounts")


class Endorse(RelationView):
    """POST /api/v1/accounts/:id/endorse, formerly /pin."""

    access = {"POST": WRITE_ACCOUNTS}

    def change(self, target: Account) -> None:
        endorse(self.actor, target)


class Unendorse(RelationView):
    """POST /api/v1/accounts/:id/unendorse, formerly /unpin."""

    access = {"POST": WRITE_ACCOUNTS}

    def change(self, target: Account) -> None:
        unendorse(self.actor, target)


class OwnEndorsements(AccountListView):
    """GET /api/v1/endorsements; ``limit=0`` is everybody at once."""

    access = {"GET": Access.user("read", "read:accounts")}

    def get(self, request: Request) -> Response:
        rows = endorsements_of(self.actor, self.actor)
        if as_int(self.params.get("limit"), minimum=-1, maximum=1) == 0:
            return Response(self.render(list(rows.order_by("-id"))))
        return self.answer(rows)


class EndorsementsOfAccount(AccountListView):
    """GET /api/v1/accounts/:id/endorsements."""

    access = {"GET": READ_ACCOUNTS}

    def get(self, request: Request, account_id: str) -> Response:
        return self.answer(endorsements_of(get_account(account_id), self.viewer))
