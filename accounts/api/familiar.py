"""The door to familiar followers."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.entities import render_accounts
from accounts.familiar import load_familiar_followers
from core.api.access import Access
from core.api.parameters import as_ids
from core.api.views import ApiView

MAX_IDS = 40


class FamiliarFollowers(ApiView):
    """GET /api/v1/accounts/familiar_followers?id[]=…"""

    access = {"GET": Access.user("read", "read:follows")}

    def get(self, request: Request) -> Response:
        """Answer one entry per account that exists, in the order asked for."""
        found = load_familiar_followers(self.actor, as_ids(self.params.get("id"))[:MAX_IDS])
        everyone = [account for followers in found.values() for account in followers]
        entities = iter(render_accounts(everyone))
        return Response(
            [
                {"id": str(pk), "accounts": [next(entities) for _ in followers]}
                for pk, followers in found.items()
            ]
        )
