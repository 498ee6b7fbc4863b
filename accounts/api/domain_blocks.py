"""Doors to the domains that the caller hides."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import listings, relationships
from core.api.access import Access
from core.api.pagination import BY_SINCE_ID
from core.api.parameters import as_text
from core.api.views import ApiView
from core.errors import Unprocessable

WRITE = Access.user("follow", "write", "write:blocks")


class DomainView(ApiView):
    """Base: reads the domain that a door is about."""

    def domain(self) -> str:
        """Return the ``domain`` parameter; raises Unprocessable without one."""
        domain = as_text(self.params.get("domain"))
        if not domain:
            raise Unprocessable()
        return domain


class DomainBlocks(DomainView):
    """GET, POST, DELETE /api/v1/domain_blocks."""

    access = {"GET": Access.user("follow", "read", "read:blocks"), "POST": WRITE, "DELETE": WRITE}

    def get(self, request: Request) -> Response:
        page = self.page(default=100, maximum=200)
        rows = page.slice(listings.domain_blocks_of(self.actor))
        return self.paged([row.domain for row in rows], page, [row.pk for row in rows], BY_SINCE_ID)

    def post(self, request: Request) -> Response:
        relationships.block_domain(self.actor, self.domain())
        return Response({})

    def delete(self, request: Request) -> Response:
        relationships.unblock_domain(self.actor, self.domain())
        return Response({})


class DomainBlockPreview(DomainView):
    """GET /api/v1/domain_blocks/preview: what hiding a domain would end."""

    access = {"GET": WRITE}

    def get(self, request: Request) -> Response:
        domain = relationships.read_domain(self.domain())
        following, followers = listings.count_follows_with_domain(self.actor, domain)
        return Response({"following_count": following, "followers_count": followers})
