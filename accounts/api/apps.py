"""Doors under /api/v1/apps: an app registers, and asks who it is."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Application
from accounts.oauth.applications import (
    register_application,
    render_application,
    render_credential_application,
)
from core.api.access import Access
from core.api.parameters import as_list, as_text
from core.api.views import ApiView
from core.ratelimit import Limit


class Apps(ApiView):
    """POST /api/v1/apps."""

    access = {"POST": Access.anyone()}
    limits = (Limit("app_registrations", 5, 600),)
    authentication_classes = []

    def post(self, request: Request) -> Response:
        application, secret = register_application(
            name=as_text(self.params.get("client_name")) or "",
            redirect_uris=_split(self.params.get("redirect_uris")),
            scopes=_joined(self.params.get("scopes")),
            website=as_text(self.params.get("website")) or "",
        )
        return Response(render_credential_application(application, secret))


def _split(value: Any) -> list[str]:
    """Read addresses that come as a list, or as a string with one a line."""
    return [uri for item in as_list(value) for uri in (as_text(item) or "").split()]


def _joined(value: Any) -> str:
    return " ".join(as_text(item) or "" for item in as_list(value))


class OwnApp(ApiView):
    """GET /api/v1/apps/verify_credentials."""

    access = {"GET": Access.app()}

    def get(self, request: Request) -> Response:
        assert self.credential is not None
        return Response(render_application(Application.objects.get(pk=self.credential.application_id)))
