"""Doors to what this server says about itself; apps knock here before anything else.

Source: API behaviours section 15.
"""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.parameters import as_text
from core.api.views import ApiView
from federation.nodeinfo import Usage
from federation.views import nodeinfo_response
from timelines.entities import instance as entities
from timelines.instance import (
    find_contact_account,
    find_peer_domains,
    load_activity,
    load_numbers,
    load_peer_domains,
    load_published_policies,
)
from timelines.terms import has_terms

PRIVACY_POLICY_WRITTEN_AT = datetime(2026, 11, 25, tzinfo=UTC)


class InstanceDoor(ApiView):
    """A document that is the same for everybody and may be kept for five minutes."""

    access = {"GET": Access.anyone()}

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(self.document(**kwargs), headers={"Cache-Control": "public, max-age=300"})

    def document(self) -> Any:
        """Return the body of the answer."""
        raise NotImplementedError


class InstanceView(InstanceDoor):
    """GET /api/v2/instance"""

    def document(self) -> Any:
        return entities.render_instance(
            load_numbers(timezone.now()), find_contact_account(), has_terms=has_terms()
        )


class InstanceV1View(InstanceDoor):
    """GET /api/v1/instance"""

    def document(self) -> Any:
        return entities.render_v1_instance(load_numbers(timezone.now()), find_contact_account())


class RulesView(InstanceDoor):
    """GET /api/v1/instance/rules"""

    def document(self) -> Any:
        return entities.render_rules()


class PeersView(InstanceDoor):
    """GET /api/v1/instance/peers"""

    def document(self) -> Any:
        return load_peer_domains()


class PeersSearchView(InstanceDoor):
    """GET /api/v1/peers/search"""

    def document(self) -> Any:
        return find_peer_domains(as_text(self.params.get("q")) or "")


class ActivityView(InstanceDoor):
    """GET /api/v1/instance/activity"""

    def document(self) -> Any:
        return [entities.render_week(week) for week in load_activity(timezone.now())]


class DomainBlocksView(InstanceDoor):
    """GET /api/v1/instance/domain_blocks"""

    access = {"GET": Access.optional()}

    def document(self) -> Any:
        return [entities.render_domain_policy(policy) for policy in load_published_policies()]


class ExtendedDescriptionView(InstanceDoor):
    """GET /api/v1/instance/extended_description: nothing is written yet."""

    def document(self) -> Any:
        return {"updated_at": None, "content": ""}


class PrivacyPolicyView(InstanceDoor):
    """GET /api/v1/instance/privacy_policy"""

    def document(self) -> Any:
        return entities.render_privacy_policy(PRIVACY_POLICY_WRITTEN_AT)


class LanguagesView(InstanceDoor):
    """GET /api/v1/instance/languages"""

    def document(self) -> Any:
        return entities.render_languages()


class TranslationLanguagesView(InstanceDoor):
    """GET /api/v1/instance/translation_languages: no translator is connected."""

    def document(self) -> Any:
        return {}


@require_safe
def nodeinfo(request: HttpRequest, version: str) -> HttpResponse:
    """GET /nodeinfo/<version>, which the floor below renders and cannot count for."""
    numbers = load_numbers(timezone.now())
    usage = Usage(
        users_total=numbers.people,
        active_month=numbers.active_last_month,
        active_half_year=numbers.active_last_half_year,
        local_posts=numbers.statuses,
    )
    return nodeinfo_response(version, usage)
