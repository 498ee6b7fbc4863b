"""Doors to hashtags: one of them, those that somebody follows, those on a profile."""

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.accounts import get_account
from accounts.api.relations import FOLLOWS
from accounts.models import Account
from core.api.access import Access
from core.api.pagination import BY_SINCE_ID
from core.api.parameters import as_text
from core.api.views import ApiView
from core.errors import BadRequest
from timelines import tags
from timelines.entities.tag import render_featured_tag, render_tag, render_tags
from timelines.models import Tag
from timelines.tags import TagUse

READ_ACCOUNTS = Access.user("read", "read:accounts")
WRITE_ACCOUNTS = Access.user("write", "write:accounts")
WRITE_FOLLOWS = Access.user("follow", "write", "write:follows")


class TagByName(ApiView):
    """GET /api/v1/tags/:name."""

    access = {"GET": Access.anyone()}

    def get(self, request: Request, name: str) -> Response:
        """Answer the hashtag, also one that nobody has used."""
        return Response(render_tag(tags.find_tag(name), self.viewer))


class TagAction(ApiView):
    """POST /api/v1/tags/:name/<verb>: do it, and answer with the hashtag as it is then."""

    operation: Callable[[Account, Tag], object] | None = None

    def post(self, request: Request, name: str) -> Response:
        """Run the operation of this address."""
        assert self.operation is not None
        if self.operation is tags.follow_tag:
            self.consume(FOLLOWS)
        tag = tags.obtain_tag(name)
        self.operation(self.actor, tag)
        return Response(render_tag(tag, self.actor))


def door(operation: Callable[[Account, Tag], object], access: Access) -> Callable[..., HttpResponseBase]:
    """Return the view of one thing to do with a hashtag."""
    return TagAction.as_view(operation=operation, access={"POST": access})


class FollowedTags(ApiView):
    """GET /api/v1/followed_tags; the cursors are ids of follows."""

    access = {"GET": Access.user("follow", "read", "read:follows")}

    def get(self, request: Request) -> Response:
        """Answer a page of what the caller follows."""
        page = self.page(default=100, maximum=200)
        rows = page.slice(tags.followed_tags(self.actor))
        entities = render_tags([row.tag for row in rows], self.actor)
        return self.paged(entities, page, [row.pk for row in rows], BY_SINCE_ID)


def render_featured(account: Account) -> list[dict[str, Any]]:
    """Return the entities of what an account features."""
    rows = list(tags.featured_tags(account))
    use = tags.load_use(account, [row.tag_id for row in rows])
    return [render_featured_tag(row, use.get(row.tag_id, TagUse())) for row in rows]


class FeaturedTags(ApiView):
    """GET and POST /api/v1/featured_tags."""

    access = {"GET": READ_ACCOUNTS, "POST": WRITE_ACCOUNTS}

    def get(self, request: Request) -> Response:
        """Answer what the caller features."""
        return Response(render_featured(self.actor))

    def post(self, request: Request) -> Response:
        """Feature a hashtag."""
        name = as_text(self.params.get("name"))
        if not name:
            raise BadRequest()
        row = tags.choose_featured_tag(self.actor, name)
        use = tags.load_use(self.actor, [row.tag_id])
        return Response(render_featured_tag(row, use.get(row.tag_id, TagUse())))


class FeaturedTagById(ApiView):
    """DELETE /api/v1/featured_tags/:id."""

    access = {"DELETE": WRITE_ACCOUNTS}

    def delete(self, request: Request, featured_tag_id: str) -> Response:
        """Take it off the profile."""
        tags.delete_featured_tag(self.actor, featured_tag_id)
        return Response({})


class SuggestedTags(ApiView):
    """GET /api/v1/featured_tags/suggestions."""

    access = {"GET": READ_ACCOUNTS}

    def get(self, request: Request) -> Response:
        """Answer hashtags that the caller uses most and does not feature."""
        return Response(render_tags(tags.suggested_tags(self.actor), self.actor))


class FeaturedTagsOfAccount(ApiView):
    """GET /api/v1/accounts/:id/featured_tags."""

    access = {"GET": Access.anyone()}

    def get(self, request: Request, account_id: str) -> Response:
        """Answer what an account features."""
        return Response(render_featured(get_account(account_id)))
