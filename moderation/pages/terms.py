"""Staff page: the terms of service, a new version, and taking one back that does not hold yet."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Unprocessable
from moderation.access import staff_page
from timelines.terms import LONGEST_TEXT, list_terms, publish_terms, withdraw_terms


class TermsForm(forms.Form):
    """A new version."""

    text = forms.CharField(
        label=gettext_lazy("Text"),
        help_text=gettext_lazy("Markdown: # headings, - lists, **bold** and [links](https://…) are shown."),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 20}),
    )
    effective_date = forms.DateField(
        label=gettext_lazy("Holds from this day on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


@staff_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: HttpRequest) -> HttpResponse:
    """List the versions (GET) or publish one (POST)."""
    now = timezone.now()
    versions = list_terms()
    latest = versions.first()
    # Whoever changes the terms starts from those that there are.
    initial = {"text": latest.text if latest else ""}
    form = TermsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid() and _published(form, now):
        messages.success(request, _("The terms are published."))
        return redirect("staff-terms")
    context: dict[str, Any] = {"form": form, "versions": versions, "today": now.date()}
    return render(request, "moderation/terms.html", context, status=422 if form.errors else 200)


def _published(form: TermsForm, now: datetime) -> bool:
    day: date = form.cleaned_data["effective_date"]
    try:
        publish_terms(form.cleaned_data["text"], day, now=now)
    except Unprocessable as refused:
        form.add_error(None, str(refused.message))
        return False
    return True


@staff_page
@require_POST
def withdraw(request: HttpRequest, terms_id: int) -> HttpResponse:
    """Take one version back."""
    withdraw_terms(terms_id, today=timezone.now().date())
    messages.success(request, _("These terms are withdrawn."))
    return redirect("staff-terms")
