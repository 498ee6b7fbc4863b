"""Doors to announcements. Source: API behaviours section 19."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.views import ApiView
from timelines import announcements
from timelines.entities.announcement import render_announcements


class Announcements(ApiView):
    """GET /api/v1/announcements."""

    access = {"GET": Access.user()}

    def get(self, request: Request) -> Response:
        """Answer what is to be told now, what the caller has read included."""
        found = list(announcements.list_announcements(timezone.now()))
        return Response(render_announcements(found, self.actor))


class Dismiss(ApiView):
    """POST /api/v1/announcements/:id/dismiss."""

    access = {"POST": Access.user("write", "write:accounts")}

    def post(self, request: Request, announcement_id: str) -> Response:
        """Note that the caller has read it."""
        found = announcements.get_announcement(announcement_id, timezone.now())
        announcements.dismiss_announcement(self.actor, found)
        return Response({})


class Reaction(ApiView):
    """/api/v1/announcements/:id/reactions/:name."""

    access = {
        "PUT": Access.user("write", "write:favourites"),
        "DELETE": Access.user("write", "write:favourites"),
    }

    def put(self, request: Request, announcement_id: str, name: str) -> Response:
        """Answer with an emoji."""
        now = timezone.now()
        found = announcements.get_announcement(announcement_id, now)
        announcements.react(self.actor, found, name.replace("\x00", ""), now)
        return Response({})

    patch = put

    def delete(self, request: Request, announcement_id: str, name: str) -> Response:
        """Take an answer back."""
        found = announcements.get_announcement(announcement_id, timezone.now())
        announcements.take_back_reaction(self.actor, found, name.replace("\x00", ""))
        return Response({})
