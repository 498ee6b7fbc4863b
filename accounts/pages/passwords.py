"""A forgotten password, and a new one: after either, every app has to be allowed again."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import PasswordChangeView, PasswordResetConfirmView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.oauth.tokens import revoke_all_tokens
from accounts.password_reset import send_password_reset
from core.pages import spend
from core.ratelimit import Limit

PER_READER = Limit("password-mail-reader", 25, 300)
PER_ADDRESS = Limit("password-mail-address", 5, 1800)


class ForgottenForm(forms.Form):
    """Whose password is forgotten."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for the address and mail a link to it; the answer tells nobody whether there is such a login."""
    form = ForgottenForm(request.POST or None)
    if not form.is_valid():
        return render(
            request, "accounts/password_forgotten.html", {"form": form}, status=422 if form.errors else 200
        )
    address = form.cleaned_data["email"].lower()
    spend(request, (PER_READER, None), (PER_ADDRESS, address))
    send_password_reset(address)
    messages.success(request, _("If there is a login with this address, a mail with a link is on its way."))
    return redirect("login")


class ResetPassword(PasswordResetConfirmView):
    """The page behind the link in the mail; Django keeps the secret in the session and out of the address."""

    template_name = "accounts/password_reset.html"
    success_url = reverse_lazy("login")
    form_class = SetPasswordForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password and end the access of all apps."""
        with transaction.atomic():
            response = super().form_valid(form)
            revoke_all_tokens(form.user)
        messages.success(self.request, _("Your password is changed. Please sign in with the new one."))
        return response


class ChangePassword(LoginRequiredMixin, PasswordChangeView):
    """The page where someone signed in chooses another password."""

    template_name = "accounts/password_change.html"
    success_url = reverse_lazy("home")
    form_class = PasswordChangeForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password, end the access of all apps and all other sessions."""
        with transaction.atomic():
            response = super().form_valid(form)
            revoke_all_tokens(form.user)
        messages.success(self.request, _("Your password is changed. Please connect your apps anew."))
        return response
