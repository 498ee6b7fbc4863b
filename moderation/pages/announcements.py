"""Staff page: what everybody on this server is told, a new announcement, and the end of one."""

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

from accounts.models import Account, User
from core.errors import Forbidden, Unprocessable
from moderation.access import staff_page
from moderation.pages.form_page import FormPage
from timelines.announcements import (
    LONGEST_TEXT,
    list_announcements,
    publish_announcement,
    withdraw_announcement,
)


class AnnouncementForm(forms.Form):
    """A new announcement."""

    text = forms.CharField(
        label=gettext_lazy("Text"),
        help_text=gettext_lazy("Apps show it to everybody on this server."),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Shown until"),
        help_text=gettext_lazy("Leave it empty to show it until you withdraw it."),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class Announcements(FormPage):
    """List the announcements, or publish one."""

    template_name = "moderation/announcements.html"
    form_class = AnnouncementForm
    success_url = reverse_lazy("staff-announcements")
    made = gettext_lazy("The announcement is published.")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What there is."""
        return super().get_context_data(**kwargs, announcements=list_announcements(timezone.now()))

    def make(self, values: dict[str, Any], now: datetime) -> None:
        """Publish an announcement."""
        ends_at = values["ends_at"]
        if ends_at is not None and ends_at <= now:
            raise Unprocessable(_("This moment has passed"))
        publish_announcement(_author(self.request), values["text"], now=now, ends_at=ends_at)


def _author(request: HttpRequest) -> Account:
    """Return the staff member's own account, whose blocks hold for the mentions."""
    assert isinstance(request.user, User)
    account = Account.objects.local().filter(memberships__user=request.user).order_by("pk").first()
    if account is None:
        raise Forbidden()
    return account


@staff_page
@require_POST
def withdraw(request: HttpRequest, announcement_id: int) -> HttpResponse:
    """End one announcement."""
    withdraw_announcement(announcement_id)
    messages.success(request, _("The announcement is withdrawn."))
    return redirect("staff-announcements")
