"""Door to one's own profile as an editor shows it; on this floor because it names hashtags."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.credentials import WRITE, read_changes
from accounts.entities import render_profile
from accounts.profiles import update_profile
from core.api.access import Access
from core.api.views import ApiView
from timelines.api.tags import render_featured


class Profile(ApiView):
    """GET, PATCH or PUT /api/v1/profile: raw texts, null for a missing picture."""

    access = {"GET": Access.user("profile", "read", "read:accounts"), "PATCH": WRITE, "PUT": WRITE}

    def get(self, request: Request) -> Response:
        """Answer the profile."""
        return Response(render_profile(self.actor, render_featured(self.actor)))

    def patch(self, request: Request) -> Response:
        """Change what is given."""
        update_profile(self.actor, read_changes(self.params))
        return self.get(request)

    put = patch
