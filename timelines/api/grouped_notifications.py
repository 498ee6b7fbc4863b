"""Doors to notifications in groups (v2).

Source: API behaviours section 12.
"""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.entities import render_accounts
from core.api.pagination import TIMELINE
from core.api.views import ApiView
from core.errors import BadRequest, NotFound
from timelines import notification_groups as groups
from timelines import notifications
from timelines.api.notifications import READ, WRITE, NotificationRows, as_names
from timelines.entities.notification_group import render_groups
from timelines.notifications import readable_notifications

_PARTIAL = "partial_avatars"
_EXPANSIONS = (None, "", "full", _PARTIAL)


class GroupedRows(NotificationRows):
    """Base: notifications, and which of their types are put in groups."""

    def grouped_types(self) -> list[str]:
        """Return the types that the app wants in groups; unless it says so, all that can be."""
        asked = as_names(self.params.get("grouped_types"))
        return [name for name in groups.GROUPABLE if not asked or name in asked]


class NotificationGroups(GroupedRows):
    """GET /api/v2/notifications."""

    access = {"GET": READ}

    def get(self, request: Request) -> Response:
        """Answer a page of groups, newest first."""
        expansion = self.params.get("expand_accounts")
        if expansion not in _EXPANSIONS:
            raise BadRequest()
        page = self.page(default=40, maximum=80)
        found = groups.load_page(self.rows(), self.grouped_types(), page)
        response = self.paged([], page, found.cursors, TIMELINE)
        response.data = render_groups(
            found,
            self.actor,
            paged=True,
            partial=expansion == _PARTIAL,
            supported_types=self.supported_types(),
        )
        return response


class UnreadGroupCount(GroupedRows):
    """GET /api/v2/notifications/unread_count."""

    access = {"GET": READ}

    def get(self, request: Request) -> Response:
        """Answer in how many groups something is newer than the marker, up to ``limit``."""
        limit = self.page(default=100, maximum=1000).limit
        count = notifications.count_unread_groups(self.actor, self.rows(), limit, self.grouped_types())
        return Response({"count": count})


class NotificationGroup(NotificationRows):
    """GET /api/v2/notifications/:group_key."""

    access = {"GET": READ}

    def get(self, request: Request, group_key: str) -> Response:
        """Answer one group."""
        found = groups.load_group(readable_notifications(self.actor), group_key)
        return Response(render_groups(found, self.actor, supported_types=self.supported_types()))


class NotificationGroupAccounts(ApiView):
    """GET /api/v2/notifications/:group_key/accounts."""

    access = {"GET": READ}

    def get(self, request: Request, group_key: str) -> Response:
        """Answer a page of the accounts of the group, newest first."""
        members = groups.members_of(readable_notifications(self.actor), group_key)
        if not members.exists():
            raise NotFound()
        page = self.page(default=40, maximum=80)
        found = page.slice(members)
        accounts = {row.from_account_id: row.from_account for row in found}
        return self.paged(render_accounts(list(accounts.values())), page, [row.pk for row in found])


class DismissGroup(ApiView):
    """POST /api/v2/notifications/:group_key/dismiss."""

    access = {"POST": WRITE}

    def post(self, request: Request, group_key: str) -> Response:
        """Remove the group."""
        notifications.dismiss_group(self.actor, group_key)
        return Response({})
