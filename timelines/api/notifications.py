"""Doors to notifications (v1) and markers."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.pagination import TIMELINE
from core.api.parameters import as_bool, as_id, as_list, as_text
from core.api.views import ApiView
from core.errors import Unprocessable
from timelines import markers, notifications
from timelines.entities.notification import render_notifications
from timelines.models import Marker, Notification

READ = Access.user("read", "read:notifications")
WRITE = Access.user("write", "write:notifications")


def as_names(value: Any) -> list[str]:
    """Return a list of names as a client sent it."""
    return [as_text(name) or "" for name in as_list(value)]


class NotificationRows(ApiView):
    """Base: the notifications that the parameters of a request ask for."""

    def part(self) -> notifications.Part:
        """Return which ones."""
        return notifications.Part(
            types=tuple(as_names(self.params.get("types"))),
            exclude_types=tuple(as_names(self.params.get("exclude_types"))),
            account_id=self.params.get("account_id"),
            include_filtered=as_bool(self.params.get("include_filtered")),
        )

    def rows(self) -> "QuerySet[Notification]":
        """Return them, unordered."""
        return notifications.filter_notifications(
            notifications.readable_notifications(self.actor), **vars(self.part())
        )

    def supported_types(self) -> list[str]:
        """Return the types that the app says it can show."""
        return as_names(self.params.get("supported_types"))


class Notifications(NotificationRows):
    """GET /api/v1/notifications."""

    access = {"GET": READ}

    def get(self, request: Request) -> Response:
        """Answer a page, newest first."""
        page = self.page(default=40, maximum=80)
        found = notifications.notification_page(self.actor, self.part(), page)
        entities = render_notifications(found, self.actor, supported_types=self.supported_types())
        return self.paged(entities, page, [row.pk for row in found], TIMELINE)


class NotificationById(NotificationRows):
    """GET /api/v1/notifications/:id."""

    access = {"GET": READ}

    def get(self, request: Request, notification_id: str) -> Response:
        """Answer one."""
        found = notifications.get_notification(self.actor, notification_id)
        entities = render_notifications([found], self.actor, supported_types=self.supported_types())
        return Response(entities[0])


class Dismiss(ApiView):
    """POST /api/v1/notifications/:id/dismiss."""

    access = {"POST": WRITE}

    def post(self, request: Request, notification_id: str) -> Response:
        """Remove one."""
        notifications.dismiss(self.actor, notification_id)
        return Response({})


class Clear(ApiView):
    """POST /api/v1/notifications/clear."""

    access = {"POST": WRITE}

    def post(self, request: Request) -> Response:
        """Remove all."""
        notifications.clear(self.actor)
        return Response({})


class UnreadCount(NotificationRows):
    """GET /api/v1/notifications/unread_count."""

    access = {"GET": READ}

    def get(self, request: Request) -> Response:
        """Answer how many are newer than the marker, up to ``limit``."""
        limit = self.page(default=100, maximum=1000).limit
        return Response({"count": notifications.count_unread(self.actor, self.rows(), limit)})


class Markers(ApiView):
    """/api/v1/markers: how far the person has read."""

    access = {
        "GET": Access.user("read", "read:statuses"),
        "POST": Access.user("write", "write:statuses"),
    }

    def get(self, request: Request) -> Response:
        """Answer the markers of ``timeline[]``."""
        names = as_names(self.params.get("timeline"))
        return Response(render_markers(markers.find_markers(self.actor, names)))

    def post(self, request: Request) -> Response:
        """Move markers, and answer those that were moved."""
        positions = {}
        for timeline in Marker.Timeline.values:
            wanted: Any = self.params.get(timeline)
            if not isinstance(wanted, dict) or "last_read_id" not in wanted:
                continue
            last_read_id = as_id(wanted["last_read_id"])
            if last_read_id is None:
                raise Unprocessable()
            positions[timeline] = last_read_id
        return Response(render_markers(markers.move_markers(self.actor, positions)))


def render_markers(rows: list[Marker]) -> dict[str, Any]:
    """Return the entity of markers by timeline. Source: Mastodon docs, "Marker"."""
    return {
        row.timeline: {
            "last_read_id": str(row.last_read_id),
            "version": row.version,
            "updated_at": row.updated_at,
        }
        for row in rows
    }
