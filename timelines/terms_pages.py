"""Page of the terms of service, which apps link to. Routed by genosocial/urls.py."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from timelines.terms import find_successor, get_terms


@require_safe
def terms_page(request: HttpRequest, day: str | None = None) -> HttpResponse:
    """GET /terms-of-service and /terms-of-service/<date>."""
    terms = get_terms(timezone.now().date(), day)
    context = {"terms": terms, "successor": find_successor(terms)}
    return render(request, "timelines/terms.html", context)
