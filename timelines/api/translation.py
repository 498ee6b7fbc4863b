"""The door to translations. No translator is connected to this server, and it says so."""

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.views import ApiView
from core.errors import Forbidden, NotFound
from timelines.visibility import OPEN, get_visible_status


class Translate(ApiView):
    """POST /api/v1/statuses/:id/translate."""

    access = {"POST": Access.user("read", "read:statuses")}

    def post(self, request: Request, status_id: str) -> Response:
        """Refuse: 403 what is not for everybody and so never leaves this server, 404 all else."""
        status = get_visible_status(self.actor, status_id)
        if status.visibility not in OPEN:
            raise Forbidden()
        raise NotFound(_("This server has no translator"))
