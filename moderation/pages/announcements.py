"""Staff page: what everybody on this server is told, a new announcement, and the end of one."""

from datetime import datetime
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

from accounts.models import Account, User
from core.errors import Forbidden, Unprocessable
from moderation.access import staff_page
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


@staff_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def announcements(request: HttpRequest) -> HttpResponse:
    """List the announcements (GET) or publish one (POST)."""
    now = timezone.now()
    form = AnnouncementForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _published(request, form, now):
        messages.success(request, _("The announcement is published."))
        return redirect("staff-announcements")
    context: dict[str, Any] = {"form": form, "announcements": list_announcements(now)}
    return render(request, "moderation/announcements.html", context, status=422 if form.errors else 200)


def _published(request: HttpRequest, form: AnnouncementForm, now: datetime) -> bool:
    ends_at = form.cleaned_data["ends_at"]
    try:
        if ends_at is not None and ends_at <= now:
            raise Unprocessable(_("This moment has passed"))
        publish_announcement(_author(request), form.cleaned_data["text"], now=now, ends_at=ends_at)
    except Unprocessable as refused:
        form.add_error(None, str(refused.message))
        return False
    return True


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
