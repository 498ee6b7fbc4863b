"""The start page: what this server is, or, for someone signed in, how to go on from here."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.people import find_own_account


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the start page."""
    if not isinstance(request.user, User):
        return render(request, "accounts/welcome.html")
    context = {"account": find_own_account(request.user), "server_address": settings.WEB_DOMAIN}
    return render(request, "accounts/home.html", context)
