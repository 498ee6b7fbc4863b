"""Doors to scheduled statuses: look, move, take back. They are made by POST /api/v1/statuses."""

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.parameters import as_text
from core.api.views import ApiView
from core.errors import Unprocessable
from timelines.entities.scheduled import render_scheduled
from timelines.scheduled import cancel, get_scheduled, reschedule, scheduled_page

READ = Access.user("read", "read:statuses")
WRITE = Access.user("write", "write:statuses")


class ScheduledStatuses(ApiView):
    """GET /api/v1/scheduled_statuses."""

    access = {"GET": READ}

    def get(self, request: Request) -> Response:
        """Answer a page of what waits for its time."""
        page = self.page()
        rows = scheduled_page(self.actor, page)
        return self.paged(render_scheduled(rows), page, [row.pk for row in rows])


class ScheduledStatusById(ApiView):
    """/api/v1/scheduled_statuses/:id."""

    access = {"GET": READ, "PUT": WRITE, "DELETE": WRITE}

    def get(self, request: Request, scheduled_id: str) -> Response:
        """Answer one."""
        return Response(render_scheduled([get_scheduled(self.actor, scheduled_id)])[0])

    def put(self, request: Request, scheduled_id: str) -> Response:
        """Move it to another time; nothing else can change."""
        row = get_scheduled(self.actor, scheduled_id)
        moment = read_moment(self.params.get("scheduled_at"))
        if moment is not None:
            reschedule(row, moment)
        return Response(render_scheduled([row])[0])

    patch = put

    def delete(self, request: Request, scheduled_id: str) -> Response:
        """Take it back."""
        cancel(get_scheduled(self.actor, scheduled_id))
        return Response({})


def read_moment(value: Any) -> datetime | None:
    """Return a date and time in UTC, None if there is none. Raises Unprocessable for what is no time."""
    text = as_text(value)
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        if moment is None:
            raise ValueError("no date and time")
        return (timezone.make_aware(moment) if timezone.is_naive(moment) else moment).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unprocessable(_("This is not a time"), cause=str(error)) from error
