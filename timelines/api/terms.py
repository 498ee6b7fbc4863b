"""Door to the terms of service. Source: API behaviours section 15; Mastodon docs, "TermsOfService"."""

from typing import Any

from django.utils import timezone

from timelines.api.instance import InstanceDoor
from timelines.terms import find_successor, get_terms


class TermsOfServiceView(InstanceDoor):
    """GET /api/v1/instance/terms_of_service and /:date: what holds now, or a version by its day."""

    def document(self, day: str | None = None) -> Any:
        today = timezone.now().date()
        terms = get_terms(today, day)
        successor = find_successor(terms)
        return {
            "effective_date": terms.effective_date.isoformat(),
            "effective": terms.effective_date <= today,
            "content": terms.content,
            "succeeded_by": successor and successor.isoformat(),
        }
