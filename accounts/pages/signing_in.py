"""Signing in with e-mail address and password, and out again."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.middleware import keep_language
from core.pages import spend
from core.ratelimit import Limit

PER_READER = Limit("login-reader", 25, 300)
PER_ADDRESS = Limit("login-address", 25, 3600)
UNCONFIRMED = "unconfirmed"


class SignInForm(AuthenticationForm):
    """Django's login form, in our words; the field ``username`` takes the e-mail address."""

    username = forms.EmailField(
        label=_("E-mail address"),
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    error_messages = {
        "invalid_login": _("E-mail address and password do not belong together. Please check both."),
        "inactive": _("This login is disabled."),
    }

    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        """Limit the attempts per reader and per address before any password is looked at."""
        spend(self.request, (PER_READER, None), (PER_ADDRESS, self.cleaned_data.get("username", "").lower()))
        return super().clean()

    def confirm_login_allowed(self, user: User) -> None:
        """Refuse a person who has not confirmed the e-mail address yet; the password was right."""
        super().confirm_login_allowed(user)
        if user.confirmed_at is None:
            raise ValidationError(
                _("Your e-mail address is not confirmed yet. Please open the link in the mail from us."),
                code=UNCONFIRMED,
            )


class SignIn(LoginView):
    """The login page; `next` leads on, for instance to the consent page of an app."""

    template_name = "accounts/login.html"
    authentication_form = SignInForm

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign the person in, and speak the person's language on a browser that has chosen none."""
        response = super().form_valid(form)
        user = form.get_user()
        if isinstance(user, User) and settings.LANGUAGE_COOKIE_NAME not in self.request.COOKIES:
            keep_language(response, user.locale)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show what is wrong; offer another mail to a person who only has to confirm."""
        unconfirmed = form.has_error("__all__", UNCONFIRMED)
        context = self.get_context_data(form=form, unconfirmed=unconfirmed)
        return self.render_to_response(context, status=422)
