"""The page that an invitation link opens: rules and a form; and its JSON for apps.

The token in the address is what allows to sign up, and the page tells no other page where it was (no
referrer), so that browsers send `Origin: null` with the form: Django's check against forged forms could only
refuse it. Nobody who does not know the token can forge the form, and who knows it needs no forgery: signing
up signs nobody in.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.registration import MAX_EMAIL, MAX_PASSWORD, MAX_USERNAME
from accounts.rules import RULES
from core.errors import Details, NotFound, Unprocessable
from core.pages import keep_secret, spend, wants_page
from core.ratelimit import Limit
from invites.links import LinkClosed, get_open_link
from invites.models import Invite
from invites.signup import GRACE, SignUp, find_faults, redeem_link
from invites.tokens import normalise_token

GUESSES = Limit("invite-guess", 20, 600)
# A whole workshop may sit behind one address.
SIGN_UPS = Limit("invite-sign-up", 50, 1800)
_OPENED_SALT = "invites.form_opened"


class SignUpForm(forms.Form):
    """What a person types; all rules but the agreement are those of `accounts/registration.py`."""

    username = forms.CharField(
        label=gettext_lazy("Username"),
        help_text=gettext_lazy(
            "Letters without accents, digits and underscores. You cannot change it later."
        ),
        required=False,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "maxlength": MAX_USERNAME,
                "aria-required": "true",
            }
        ),
    )
    email = forms.CharField(
        label=gettext_lazy("E-mail address"),
        help_text=gettext_lazy("We send you a mail to confirm it. Nobody else gets to see it."),
        required=False,
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "maxlength": MAX_EMAIL, "aria-required": "true"}
        ),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        help_text=gettext_lazy("At least 8 characters. A sentence is easier to remember than signs."),
        required=False,
        strip=False,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "new-password", "maxlength": MAX_PASSWORD, "aria-required": "true"}
        ),
    )
    agreement = forms.BooleanField(
        label=gettext_lazy("I have read the rules and keep to them"),
        error_messages={
            "required": gettext_lazy("Please agree to the rules. Without that, nobody can sign up.")
        },
    )
    opened = forms.CharField(required=False, widget=forms.HiddenInput)

    def add_faults(self, details: Details) -> None:
        """Show what the sign-up refused; Mastodon's descriptions go on where the label ends."""
        for name, faults in details.items():
            for fault in faults:
                text = fault["description"]
                whole = text if text[:1].isupper() else f"{self.fields[name].label} {text}."
                self.add_error(name, ValidationError(whole, code=fault["error"]))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest, token: str) -> HttpResponse:
    """Show the form (GET changes nothing) or sign up (POST)."""
    return keep_secret(_answer(request, token))


def _answer(request: HttpRequest, spelling: str) -> HttpResponse:
    token, now = normalise_token(spelling), timezone.now()
    if token and token != spelling and request.method != "POST":
        return redirect("invite", token=token)
    try:
        invite = get_open_link(spelling, now=now) if request.method != "POST" else None
        if not wants_page(request) and token and invite:
            return _info(token)
        if isinstance(request.user, User):
            return render(request, "invites/signed_in.html", status=409 if request.method == "POST" else 200)
        if request.method == "POST":
            return _receive(request, spelling, now)
    except NotFound as error:
        return _unknown(request, error)
    except LinkClosed as error:
        return _closed(request, error)
    return _show(request, SignUpForm(initial={"opened": _stamp(now)}))


def _receive(request: HttpRequest, spelling: str, now: datetime) -> HttpResponse:
    spend(request, (SIGN_UPS, None))
    form = SignUpForm(request.POST)
    agreed, data = form.is_valid(), form.cleaned_data
    # A field that is not even text, for a NUL in it, is missing here and has its fault already.
    wished = SignUp(
        username=data.get("username", ""),
        email=data.get("email", ""),
        password=data.get("password", ""),
        locale=get_language() or settings.LANGUAGE_CODE,
    )
    opened_at = _opened_at(data.get("opened", ""))
    if not agreed:
        # Whoever forgot the tick learns of the other faults, and of a closed link, now and not after it.
        get_open_link(spelling, now=opened_at or now)
        form.add_faults(find_faults(wished))
        return _show(request, form)
    try:
        redeem_link(spelling, wished, now=now, opened_at=opened_at)
    except Unprocessable as refused:
        form.add_faults(refused.details or {})
        return _show(request, form)
    return redirect("sign-up-sent")


def _show(request: HttpRequest, form: SignUpForm) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "rules": RULES}
    return render(request, "invites/sign_up.html", context, status=422 if form.errors else 200)


def _stamp(now: datetime) -> str:
    return signing.dumps(int(now.timestamp()), salt=_OPENED_SALT)


def _opened_at(stamp: str) -> datetime | None:
    """When the form was opened, as our own signature says; None for a form that is older than the grace."""
    try:
        seconds = signing.loads(stamp, salt=_OPENED_SALT, max_age=GRACE)
    except signing.BadSignature:
        return None
    return datetime.fromtimestamp(seconds, timezone.get_default_timezone())


# Links that do not work


def _unknown(request: HttpRequest, error: NotFound) -> HttpResponse:
    spend(request, (GUESSES, None))
    if not wants_page(request):
        return JsonResponse({"error": str(error.message)}, status=404)
    return render(request, "invites/unknown.html", status=404)


def _closed(request: HttpRequest, error: LinkClosed) -> HttpResponse:
    if not wants_page(request):
        # Source: API behaviours, GET /invite/:code: known but not usable is 401.
        return JsonResponse({"error": str(error.message)}, status=401)
    context = {"message": error.message, "exhausted": error.state == Invite.State.EXHAUSTED}
    return render(request, "invites/closed.html", context, status=410)


def _info(token: str) -> HttpResponse:
    return JsonResponse({"invite_code": token, "instance_api_url": f"{settings.BASE_URL}/api/v2/instance"})


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Say that the mail is on its way, whatever address it was."""
    return render(request, "invites/sent.html")
