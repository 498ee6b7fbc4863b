"""Doors to timelines: home, public, by hashtag, and the statuses of an account."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.accounts import get_account
from core.api.access import Access
from core.api.pagination import TIMELINE, Page
from core.api.parameters import as_bool, as_list, as_text
from core.api.views import ApiView
from timelines import feeds, listings
from timelines.entities.status import render_home, render_listing, render_statuses
from timelines.listings import AccountFilter, Listing, PublicFilter

READ = Access.optional("read", "read:statuses")


class TimelineView(ApiView):
    """Base: pages through statuses by their ids."""

    def answer(self, listing: Listing, page: Page) -> Response:
        """Answer with one page and its Link header."""
        found = render_listing(listing, self.viewer)
        entities = [entity for _, entity in found]
        return self.paged(entities, page, [status_id for status_id, _ in found], TIMELINE)

    def public_filter(self) -> PublicFilter:
        """Return which part of a public timeline the request asks for."""
        return PublicFilter(
            local=as_bool(self.params.get("local")),
            remote=as_bool(self.params.get("remote")),
            only_media=as_bool(self.params.get("only_media")),
        )


class Home(ApiView):
    """GET /api/v1/timelines/home."""

    access = {"GET": Access.user("read", "read:statuses")}

    def get(self, request: Request) -> Response:
        """Answer a page of the home feed."""
        page = self.page()
        entities, cursors = render_home(feeds.find_home_page(self.actor, page), self.actor)
        return self.paged(entities, page, cursors, TIMELINE)


class Public(TimelineView):
    """GET /api/v1/timelines/public."""

    access = {"GET": READ}

    def get(self, request: Request) -> Response:
        """Answer a page of what is public here."""
        page = self.page()
        return self.answer(listings.public_listing(self.viewer, self.public_filter(), page), page)


class Hashtag(TimelineView):
    """GET /api/v1/timelines/tag/:hashtag."""

    access = {"GET": READ}

    def get(self, request: Request, hashtag: str) -> Response:
        """Answer a page of public statuses with the hashtag; none for one that nobody used."""
        rows = listings.tag_rows(
            self.viewer,
            self.public_filter(),
            hashtag,
            any_of=self._names("any"),
            all_of=self._names("all"),
            none_of=self._names("none"),
        )
        page = self.page()
        return self.answer(Listing.of(rows, page), page)

    def _names(self, parameter: str) -> list[Any]:
        return as_list(self.params.get(parameter))


class AccountStatuses(TimelineView):
    """GET /api/v1/accounts/:id/statuses."""

    access = {"GET": READ}

    def get(self, request: Request, account_id: str) -> Response:
        """Answer a page of what the account published; ``pinned`` answers its few pins, the latest first."""
        account = get_account(account_id)
        if as_bool(self.params.get("pinned")):
            return Response(render_statuses(listings.pinned_rows(account, self.viewer), self.viewer))
        part = AccountFilter(
            only_media=as_bool(self.params.get("only_media")),
            exclude_replies=as_bool(self.params.get("exclude_replies")),
            exclude_reblogs=as_bool(self.params.get("exclude_reblogs")),
            exclude_direct=as_bool(self.params.get("exclude_direct")),
            tagged=as_text(self.params.get("tagged")) or "",
        )
        page = self.page()
        return self.answer(listings.account_listing(account, self.viewer, part, page), page)
