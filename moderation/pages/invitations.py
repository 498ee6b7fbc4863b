"""Staff page: all invitation links, a new one, and the end of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Unprocessable
from invites.links import LONGEST_COMMENT, MOST_DAYS, issue_link, link_url, list_links, revoke_link
from invites.models import MOST_USES, Invite
from moderation.access import staff_page

SHOWN_LINKS = 200
_STATES: dict[Invite.State, Promise] = {
    Invite.State.OPEN: gettext_lazy("open"),
    Invite.State.REVOKED: gettext_lazy("withdrawn"),
    Invite.State.EXPIRED: gettext_lazy("expired"),
    Invite.State.EXHAUSTED: gettext_lazy("used up"),
}


class InvitationForm(forms.Form):
    """What a new link is good for; the limits are those of `invites/links.py`."""

    max_uses = forms.IntegerField(
        label=gettext_lazy("For how many people"),
        initial=1,
        widget=forms.NumberInput(attrs={"min": 1, "max": MOST_USES}),
    )
    valid_days = forms.IntegerField(
        label=gettext_lazy("Valid for how many days"),
        initial=14,
        widget=forms.NumberInput(attrs={"min": 1, "max": MOST_DAYS}),
    )
    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        help_text=gettext_lazy("For whom the link is; only staff can read it."),
        required=False,
        widget=forms.TextInput(attrs={"maxlength": LONGEST_COMMENT}),
    )


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    invite: Invite
    completed: int
    reserved: int
    state: Promise
    is_open: bool
    tail: str


@staff_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitations(request: HttpRequest) -> HttpResponse:
    """List the links (GET) or make one (POST), whose address the answer shows for the only time."""
    now = timezone.now()
    if request.method != "POST":
        return _show(request, InvitationForm(), now)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _show(request, form, now)
    try:
        _invite, token = issue_link(issued_by=request.user, now=now, **form.cleaned_data)  # type: ignore[arg-type]
    except Unprocessable as refused:
        for name, faults in (refused.details or {}).items():
            form.add_error(name, [ValidationError(fault["description"]) for fault in faults])
        return _show(request, form, now)
    return _show(request, InvitationForm(), now, new_url=link_url(token))


@staff_page
@require_POST
def revoke(request: HttpRequest, invite_id: int) -> HttpResponse:
    """End one link."""
    revoke_link(invite_id, now=timezone.now())
    messages.success(request, _("The invitation is withdrawn. Accounts that came in by it stay."))
    return redirect("staff-invitations")


def _show(request: HttpRequest, form: InvitationForm, now: datetime, *, new_url: str = "") -> HttpResponse:
    rows = [_row(invite, now) for invite in list_links()[:SHOWN_LINKS]]
    context: dict[str, Any] = {"form": form, "rows": rows, "new_url": new_url}
    return render(request, "moderation/invitations.html", context, status=422 if form.errors else 200)


def _row(invite: Any, now: datetime) -> Row:
    """``invite`` carries the counts that `list_links` adds."""
    state = invite.state_at(now, invite.completed + invite.reserved)
    tails = [token.tail for token in invite.tokens.all()]
    return Row(
        invite=invite,
        completed=invite.completed,
        reserved=invite.reserved,
        state=_STATES[state],
        is_open=state == Invite.State.OPEN,
        tail=tails[-1] if tails else "",
    )
