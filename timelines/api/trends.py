"""Doors to what is talked about: trending hashtags, links and posts, and the posts about a link."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.pagination import offset_link
from core.api.parameters import as_int, as_text
from core.api.views import ApiView
from core.errors import NotFound
from timelines import trends
from timelines.api.timelines import READ, TimelineView
from timelines.entities.card import render_cards, render_history
from timelines.entities.status import render_statuses
from timelines.entities.tag import render_tags
from timelines.listings import Listing
from timelines.models import Kind

_MAX_OFFSET = 10_000
_REPLACED_AT = "@1648598400"


class RankingView(ApiView):
    """Base: a ranking that is paged by offset."""

    access = {"GET": Access.optional()}
    default, maximum = 10, 20

    def get(self, request: Request) -> Response:
        """Answer a part of the ranking with links to the parts beside it."""
        limit = abs(as_int(self.params.get("limit"), minimum=-self.maximum, maximum=self.maximum) or 0)
        limit = limit or self.default
        offset = as_int(self.params.get("offset"), minimum=0, maximum=_MAX_OFFSET) or 0
        entities = self.entities(limit, offset)
        response = Response(entities)
        if link := offset_link(self.request, limit, offset, full=len(entities) == limit):
            response["Link"] = link
        return response

    def entities(self, limit: int, offset: int) -> Sequence[Any]:
        """Return the entities of a part."""
        raise NotImplementedError


class TrendingTags(RankingView):
    """GET /api/v1/trends/tags."""

    def entities(self, limit: int, offset: int) -> Sequence[Any]:
        return render_tags(trends.trending_tags(limit, offset), self.viewer)


class TrendingTagsOfOld(TrendingTags):
    """GET /api/v1/trends: the former address."""

    def get(self, request: Request) -> Response:
        response = super().get(request)
        response["Deprecation"] = _REPLACED_AT
        return response


class TrendingLinks(RankingView):
    """GET /api/v1/trends/links."""

    def entities(self, limit: int, offset: int) -> Sequence[Any]:
        cards = trends.trending_links(limit, offset)
        entities = render_cards(cards)
        days = trends.load_history(Kind.LINK, entities, timezone.now().date())
        return [entities[card.pk] | {"history": render_history(days[card.pk])} for card in cards]


class TrendingStatuses(RankingView):
    """GET /api/v1/trends/statuses."""

    default, maximum = 20, 40

    def entities(self, limit: int, offset: int) -> Sequence[Any]:
        return render_statuses(trends.trending_statuses(self.viewer, limit, offset), self.viewer)


class LinkTimeline(TimelineView):
    """GET /api/v1/timelines/link."""

    access = {"GET": READ}

    def get(self, request: Request) -> Response:
        """Answer a page of the public posts about a link that trends; 404 for every other."""
        card = trends.find_trending_link(as_text(self.params.get("url")) or "")
        if card is None:
            raise NotFound()
        page = self.page()
        return self.answer(Listing.of(trends.link_rows(self.viewer, card), page), page)
