"""Staff page: the terms of service, a new version, and taking one back that does not hold yet."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from moderation.access import staff_page
from moderation.pages.form_page import FormPage
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


class Terms(FormPage):
    """List the versions, or publish one."""

    template_name = "moderation/terms.html"
    form_class = TermsForm
    success_url = reverse_lazy("staff-terms")
    made = gettext_lazy("The terms are published.")

    def get_initial(self) -> dict[str, Any]:
        """Whoever changes the terms starts from those that there are."""
        latest = list_terms().first()
        return {"text": latest.text if latest else ""}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What there is."""
        return super().get_context_data(**kwargs, versions=list_terms(), today=timezone.now().date())

    def make(self, values: dict[str, Any], now: datetime) -> None:
        """Publish a version."""
        publish_terms(values["text"], values["effective_date"], now=now)


@staff_page
@require_POST
def withdraw(request: HttpRequest, terms_id: int) -> HttpResponse:
    """Take one version back."""
    withdraw_terms(terms_id, today=timezone.now().date())
    messages.success(request, _("These terms are withdrawn."))
    return redirect("staff-terms")
