"""The door to search."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.entities.rendered import load_account_entities
from core.api.access import Access
from core.api.parameters import as_bool, as_id, as_text
from core.api.views import ApiView
from core.errors import BadRequest, Unauthenticated
from timelines.entities.status import render_statuses_by_id
from timelines.entities.tag import render_tags
from timelines.search import KINDS, Wish, search

MAX_OFFSET = 10_000


class Search(ApiView):
    """GET /api/v2/search."""

    access = {"GET": Access.optional("read", "read:search")}

    def get(self, request: Request) -> Response:
        """Answer accounts, statuses and hashtags; empty lists for what was not asked for."""
        found = search(self.viewer, self._wish())
        accounts = load_account_entities(found.account_ids)
        statuses = render_statuses_by_id(found.status_ids, self.viewer)
        return Response(
            {
                "accounts": [accounts[pk] for pk in found.account_ids if pk in accounts],
                "statuses": [statuses[pk] for pk in found.status_ids if pk in statuses],
                "hashtags": render_tags(found.tags, self.viewer),
            }
        )

    def _wish(self) -> Wish:
        text = as_text(self.params.get("q"))
        if not text or not text.strip():
            raise BadRequest()
        asked_kind = as_text(self.params.get("type"))
        kind = asked_kind if asked_kind in KINDS else ""
        resolve = as_bool(self.params.get("resolve"))
        offset = self._number("offset", 0, MAX_OFFSET)
        if self.viewer is None and (resolve or offset):
            raise Unauthenticated()
        return Wish(
            text=text,
            kind=kind,
            resolve=resolve,
            following=as_bool(self.params.get("following")),
            limit=self._number("limit", 20, 40),
            offset=offset if kind else 0,
            account_id=as_id(self.params.get("account_id")),
            max_id=as_id(self.params.get("max_id")),
            min_id=as_id(self.params.get("min_id")),
        )

    def _number(self, name: str, default: int, most: int) -> int:
        """Return a number that must not be negative."""
        text = as_text(self.params.get(name))
        if not text:
            return default
        try:
            number = int(text)
        except ValueError:
            return default
        if number < 0:
            raise BadRequest()
        return min(number, most)
