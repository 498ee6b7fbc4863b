"""Doors to notifications in groups (v2); each is a group of its own for now.

Source: API behaviours section 12.
"""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.entities import render_accounts
from core.api.pagination import TIMELINE
from core.api.views import ApiView
from core.errors import BadRequest, NotFound
from timelines import notifications
from timelines.api.notifications import READ, WRITE, NotificationRows
from timelines.entities.notification_group import PREFIX, render_groups

_EXPANSIONS = (None, "", "full", "partial_avatars")


class NotificationGroups(NotificationRows):
    """GET /api/v2/notifications."""

    access = {"GET": READ}

    def get(self, request: Request) -> Response:
        """Answer a page, newest first. All accounts come whole, which ``partial_avatars`` allows."""
        if self.params.get("expand_accounts") not in _EXPANSIONS:
            raise BadRequest()
        page = self.page(default=40, maximum=80)
        found = page.slice(self.rows())
        response = self.paged([], page, [row.pk for row in found], TIMELINE)
        response.data = render_groups(found, self.actor)
        return response


class NotificationGroup(ApiView):
    """GET /api/v2/notifications/:group_key."""

    access = {"GET": READ}

    def get(self, request: Request, group_key: str) -> Response:
        """Answer one group."""
        found = notifications.get_notification(self.actor, _notification_id(group_key))
        return Response(render_groups([found], self.actor))


class NotificationGroupAccounts(ApiView):
    """GET /api/v2/notifications/:group_key/accounts."""

    access = {"GET": READ}

    def get(self, request: Request, group_key: str) -> Response:
        """Answer the one account of the group, which is a page like others."""
        group = notifications.get_notification(self.actor, _notification_id(group_key))
        page = self.page(default=40, maximum=80)
        found = page.slice(notifications.readable_notifications(self.actor).filter(pk=group.pk))
        return self.paged(render_accounts([row.from_account for row in found]), page, [row.pk for row in found])


class DismissGroup(ApiView):
    """POST /api/v2/notifications/:group_key/dismiss."""

    access = {"POST": WRITE}

    def post(self, request: Request, group_key: str) -> Response:
        """Remove the group."""
        notifications.dismiss(self.actor, _notification_id(group_key))
        return Response({})


def _notification_id(group_key: str) -> str:
    if not group_key.startswith(PREFIX):
        raise NotFound()
    return group_key.removeprefix(PREFIX)
