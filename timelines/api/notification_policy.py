"""Doors to the notification policy (v1, v2) and to the requests of people who were held back.

Source: API behaviours section 12.
"""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.parameters import as_bool, as_id, as_ids, as_text
from core.api.views import ApiView
from timelines import notification_requests as requests
from timelines.api.notifications import READ, WRITE
from timelines.entities.notification_request import render_requests
from timelines.models import NotificationPolicy, NotificationRequest
from timelines.notification_policy import CONDITIONS, find_policy, update_policy

# The first version knew these, each on or off.
_SWITCHES = {
    "filter_not_following": "for_not_following",
    "filter_not_followers": "for_not_followers",
    "filter_new_accounts": "for_new_accounts",
    "filter_private_mentions": "for_private_mentions",
    "filter_bots": "for_bots",
}


class Policy(ApiView):
    """/api/v2/notifications/policy: each condition accepts, filters or drops."""

    access = {"GET": READ, "PUT": WRITE}

    def get(self, request: Request) -> Response:
        """Answer the policy."""
        return self.answer(find_policy(self.actor))

    def put(self, request: Request) -> Response:
        """Change conditions, and answer the policy."""
        return self.answer(update_policy(self.actor, self.changes()))

    patch = put

    def changes(self) -> dict[str, str]:
        """Return the conditions that the request names."""
        given = {name: as_text(self.params.get(name)) for name in CONDITIONS}
        return {name: action for name, action in given.items() if action}

    def answer(self, policy: NotificationPolicy) -> Response:
        """Answer with a policy."""
        return Response({**{name: getattr(policy, name) for name in CONDITIONS}, "summary": self.summary()})

    def summary(self) -> dict[str, int]:
        """Return how much waits for an answer."""
        pending = requests.count_pending(self.actor)
        return {
            "pending_requests_count": pending.requests,
            "pending_notifications_count": pending.notifications,
        }


class PolicyV1(Policy):
    """/api/v1/notifications/policy: each condition filters or not."""

    def changes(self) -> dict[str, str]:
        """Return the conditions that the request names."""
        given = {name: value for name, value in self.params.items() if name in _SWITCHES and value != ""}
        return {
            _SWITCHES[name]: "filter" if as_bool(value) else "accept"
            for name, value in given.items()
            if value is not None
        }

    def answer(self, policy: NotificationPolicy) -> Response:
        """Answer with a policy."""
        switches: dict[str, Any] = {
            name: getattr(policy, condition) != NotificationPolicy.Action.ACCEPT
            for name, condition in _SWITCHES.items()
        }
        return Response(switches | {"summary": self.summary()})


class Requests(ApiView):
    """GET /api/v1/notifications/requests."""

    access = {"GET": READ}

    def get(self, request: Request) -> Response:
        """Answer a page of those who wait."""
        page = self.page(default=40, maximum=80)
        found = page.slice(requests.list_requests(self.actor))
        return self.paged(render_requests(found, self.actor), page, [row.pk for row in found])


class RequestById(ApiView):
    """GET /api/v1/notifications/requests/:id."""

    access = {"GET": READ}

    def get(self, request: Request, request_id: str) -> Response:
        """Answer one."""
        found = requests.get_request(self.actor, as_id(request_id))
        return Response(render_requests([found], self.actor)[0])


class AnswerRequest(ApiView):
    """POST /api/v1/notifications/requests/:id/accept or /dismiss; ``accept`` says which."""

    access = {"POST": WRITE}
    accept = True

    def post(self, request: Request, request_id: str) -> Response:
        """Answer one request."""
        answer = requests.accept_requests if self.accept else requests.dismiss_requests
        answer(self.actor, [requests.get_request(self.actor, as_id(request_id))])
        return Response({})


class AnswerRequests(ApiView):
    """POST /api/v1/notifications/requests/accept or /dismiss for many; unknown ids are passed over."""

    access = {"POST": WRITE}
    accept = True

    def post(self, request: Request) -> Response:
        """Answer the requests of ``id[]``."""
        answer = requests.accept_requests if self.accept else requests.dismiss_requests
        answer(self.actor, self._asked())
        return Response({})

    def _asked(self) -> list[NotificationRequest]:
        return list(requests.list_requests(self.actor).filter(pk__in=as_ids(self.params.get("id"))))


class Merged(ApiView):
    """GET /api/v1/notifications/requests/merged."""

    access = {"GET": READ}

    def get(self, request: Request) -> Response:
        """Answer whether all that was accepted is there by now."""
        return Response({"merged": requests.is_merged(self.actor)})
