"""Doors to polls: look at one, vote."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.parameters import as_int, as_list
from core.api.views import ApiView
from core.errors import BadRequest
from timelines.entities.poll import render_single_poll
from timelines.polls import get_visible_poll, vote
from timelines.remote_polls import refresh_if_stale

_NO_OPTION = 32_767


class PollById(ApiView):
    """GET /api/v1/polls/:id."""

    access = {"GET": Access.optional("read", "read:statuses")}

    def get(self, request: Request, poll_id: str) -> Response:
        """Answer the poll; of one elsewhere that somebody signed in looks at, with tallies of this minute."""
        poll = get_visible_poll(self.viewer, poll_id)
        if self.viewer is not None:
            refresh_if_stale(poll)
        return Response(render_single_poll(poll, self.viewer))


class Votes(ApiView):
    """POST /api/v1/polls/:id/votes."""

    access = {"POST": Access.user("write", "write:statuses")}

    def post(self, request: Request, poll_id: str) -> Response:
        """Vote, and answer with the poll as it is then."""
        poll = get_visible_poll(self.actor, poll_id)
        vote(self.actor, poll, read_choices(self.params))
        return Response(render_single_poll(get_visible_poll(self.actor, poll_id), self.actor))


def read_choices(params: dict[str, Any]) -> list[int]:
    """Return the numbers of the chosen options; what is no number is none. Raises BadRequest if empty."""
    values = as_list(params.get("choices"))
    if not values:
        raise BadRequest(_("Name the options that you choose"))
    numbers = (as_int(value, minimum=-1, maximum=_NO_OPTION) for value in values)
    return [_NO_OPTION if number is None else number for number in numbers]
