"""The language that somebody signed in chooses on a page is the one of our mails and notifications too."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.models import User
from core.middleware import chosen_language


class PersonsLanguageMiddleware:
    """Keeps the choice with the login, when it was made by a link of our own.

    Apps ask for the language of the consent page in the same way, and anybody can link to our pages: browsers
    say where the reader came from. Source: W3C Fetch Metadata Request Headers, section 2.3.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = chosen_language(request)
        if chosen and request.headers.get("Sec-Fetch-Site") == "same-origin":
            _keep(request, chosen)
        return self.get_response(request)


def _keep(request: HttpRequest, language: str) -> None:
    if isinstance(request.user, User) and request.user.locale != language:
        request.user.locale = language
        request.user.save(update_fields=["locale"])
