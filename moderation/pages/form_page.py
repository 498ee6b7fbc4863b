"""What staff pages share that list things and have a form for a new one."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.views.decorators.cache import never_cache
from django.views.generic import FormView

from core.errors import Unprocessable
from moderation.access import staff_page


@method_decorator([staff_page, never_cache], name="dispatch")
class FormPage(FormView):
    """Base: lists what there is (GET), or makes one more and says so (POST)."""

    http_method_names = ["get", "head", "post"]
    made: Promise

    def make(self, values: dict[str, Any], now: datetime) -> None:
        """Do what the form asks for. Raises Unprocessable, which the form then shows."""
        raise NotImplementedError

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Make it and go back to the list."""
        try:
            self.make(form.cleaned_data, timezone.now())
        except Unprocessable as refused:
            form.add_error(None, str(refused.message))
            return self.form_invalid(form)
        messages.success(self.request, str(self.made))
        return super().form_valid(form)

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        """Show what is wrong."""
        return self.render_to_response(self.get_context_data(form=form), status=422)
