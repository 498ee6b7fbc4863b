"""Door to the push subscription of the calling token. Source: API behaviours section 14."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.vapid import public_key
from core.api.access import Access
from core.api.parameters import as_bool, as_text
from core.api.views import ApiView
from core.errors import BadRequest
from timelines import push
from timelines.models import PushSubscription

PUSH = Access.user("push")


class Subscription(ApiView):
    """/api/v1/push/subscription."""

    access = {"GET": PUSH, "POST": PUSH, "PUT": PUSH, "DELETE": PUSH}

    def get(self, request: Request) -> Response:
        """Answer what is kept for this token."""
        return Response(render_subscription(push.get_subscription(self._token_id())))

    def post(self, request: Request) -> Response:
        """Subscribe, in place of what this token subscribed to before."""
        given = _map(self.params.get("subscription"))
        if not given:
            raise BadRequest(cause="the subscription is missing")
        keys = _map(given.get("keys"))
        target = push.Target(
            endpoint=as_text(given.get("endpoint")) or "",
            p256dh=as_text(keys.get("p256dh")) or "",
            auth=as_text(keys.get("auth")) or "",
            standard=as_bool(given.get("standard")),
        )
        made = push.subscribe(self._token_id(), target, self._wishes(), timezone.now())
        return Response(render_subscription(made))

    def put(self, request: Request) -> Response:
        """Replace the alerts."""
        changed = push.change_wishes(self._token_id(), self._wishes(), timezone.now())
        return Response(render_subscription(changed))

    patch = put

    def delete(self, request: Request) -> Response:
        """Unsubscribe."""
        push.unsubscribe(self._token_id())
        return Response({})

    def _token_id(self) -> int:
        assert self.credential is not None
        return self.credential.token_id

    def _wishes(self) -> push.Wishes:
        data = _map(self.params.get("data"))
        alerts = {name: as_bool(value) for name, value in _map(data.get("alerts")).items()}
        # Some apps put it beside the data.
        policy = as_text(data.get("policy")) or as_text(self.params.get("policy"))
        return push.Wishes(alerts, policy or PushSubscription.Policy.ALL)


class Unsubscribe(ApiView):
    """DELETE /api/web/push_subscriptions/:id: called by push services, which have no token."""

    access = {"DELETE": Access.anyone()}

    def delete(self, request: Request, signed_id: str) -> Response:
        """End a subscription; what is ended or made up gets the same empty answer."""
        push.unsubscribe_signed(signed_id)
        return Response()


def render_subscription(row: PushSubscription) -> dict[str, Any]:
    """Return the entity. Source: Mastodon docs, "WebPushSubscription"."""
    return {
        # A number, unlike other ids.
        "id": row.pk,
        "endpoint": row.endpoint,
        "standard": row.standard,
        "alerts": row.alerts,
        "policy": row.policy,
        "server_key": public_key(),
    }


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
