"""Pages on which a person chooses what is told by e-mail, and ends it from a mail with one click.

Routed by genosocial/urls.py, linked from the start page and from each mail. Source: RFC 8058.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import User
from core.errors import NotFound
from timelines.mailing import get_preference, read_link, unsubscribe
from timelines.models import Notification

_TYPES = (
    (Notification.Type.MENTION, gettext_lazy("Somebody mentions you")),
    (Notification.Type.QUOTE, gettext_lazy("Somebody quotes you")),
    (Notification.Type.FOLLOW, gettext_lazy("Somebody follows you")),
    (Notification.Type.FOLLOW_REQUEST, gettext_lazy("Somebody wants to follow you")),
    (Notification.Type.REBLOG, gettext_lazy("Somebody boosts your post")),
    (Notification.Type.FAVOURITE, gettext_lazy("Somebody favours your post")),
    (Notification.Type.POLL, gettext_lazy("A poll has ended")),
    (Notification.Type.STATUS, gettext_lazy("Somebody whose bell you rang posts")),
)
_STAFF_TYPES = (
    (Notification.Type.ADMIN_SIGN_UP, gettext_lazy("Somebody signs up")),
    (Notification.Type.ADMIN_REPORT, gettext_lazy("Somebody reports somebody")),
)


class MailForm(forms.Form):
    """What is mailed; a kind that the form does not offer stays as it is."""

    types = forms.MultipleChoiceField(
        label=gettext_lazy("Mail me when …"),
        help_text=gettext_lazy("You get no mail about what you have read in an app already."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    weekly = forms.BooleanField(label=gettext_lazy("Once a week, what moved those I follow"), required=False)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [*_TYPES, *(_STAFF_TYPES if user.is_staff else ())]
        field = self.fields["types"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = offered


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail_settings(request: HttpRequest) -> HttpResponse:
    """Show (GET) or keep (POST) what the person wants to be mailed."""
    assert isinstance(request.user, User)
    preference = get_preference(request.user, timezone.now())
    kept = {"types": preference.types, "weekly": preference.weekly}
    is_new = request.method == "POST"
    form = MailForm(request.user, request.POST if is_new else None, initial=kept)
    if is_new and form.is_valid():
        preference.types = form.cleaned_data["types"]
        preference.weekly = form.cleaned_data["weekly"]
        preference.save(update_fields=["types", "weekly"])
        messages.success(request, _("Kept."))
        return redirect("mail-settings")
    return render(request, "timelines/mail_settings.html", {"form": form}, status=422 if is_new else 200)


@csrf_exempt  # mail programs post without ever having seen a page; the link proves whose mail it was
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail_unsubscribe(request: HttpRequest, signed: str) -> HttpResponse:
    """Ask whether to end these mails (GET), or end them (POST)."""
    found = read_link(signed)
    if found is None:
        raise NotFound()
    done = request.method == "POST" and unsubscribe(signed) is not None
    return render(request, "timelines/mail_unsubscribe.html", {"kind": found[0], "done": done})
