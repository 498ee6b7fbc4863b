"""Signing up from an app: the same address as that of the list of accounts, which is a floor below.

There is no open registration: an invitation is necessary, as on the sign-up page.
"""

from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import accounts
from accounts.models import Application
from accounts.oauth.tokens import issue_token, render_token
from accounts.validation import blank, fault, invalid
from core.api.access import Access
from core.api.parameters import as_bool, as_text
from core.api.views import client_ip
from core.errors import FieldError, Forbidden, NotFound
from core.ratelimit import Limit
from invites.links import LinkClosed, get_open_link
from invites.signup import SignUp, find_faults, redeem_link_by_app

SIGN_UPS = Limit("signups", 5, 1800)


class Accounts(accounts.Accounts):
    """GET /api/v1/accounts?id[]=…, and POST to sign up."""

    access = {**accounts.Accounts.access, "POST": Access.app("write", "write:accounts")}

    def post(self, request: Request) -> Response:
        """Answer with a token of the new person; it opens nearly nothing until the address is confirmed."""
        assert self.credential is not None
        if self.credential.user is not None:
            raise Forbidden(_("Only an app itself may sign somebody up"))
        self.consume(SIGN_UPS, client_ip(request))
        application = Application.objects.get(pk=self.credential.application_id)
        code, sign_up = as_text(self.params.get("invite_code")) or "", read_sign_up(self.params)
        if faults := _faults_beside(code, agreed=as_bool(self.params.get("agreement"))):
            raise invalid({**find_faults(sign_up), **faults})
        try:
            user, account = redeem_link_by_app(code, sign_up, now=timezone.now())
        except (NotFound, LinkClosed) as error:
            # Somebody else took the last place since we looked.
            raise invalid({"invite_code": [_not_open(error)]}) from error
        return Response(render_token(*issue_token(application, user, account, application.scopes)))


def read_sign_up(params: dict[str, Any]) -> SignUp:
    """Read who wants to sign up; a language that we do not speak becomes that of the request."""
    wished = (as_text(params.get("locale")) or "").replace("_", "-").partition("-")[0].lower()
    known = wished in dict(settings.LANGUAGES)
    return SignUp(
        username=as_text(params.get("username")) or "",
        email=as_text(params.get("email")) or "",
        password=as_text(params.get("password")) or "",
        locale=wished if known else get_language() or settings.LANGUAGE_CODE,
    )


def _faults_beside(code: str, *, agreed: bool) -> dict[str, list[FieldError]]:
    """Return what is wrong with what is asked beside the person's own data."""
    details: dict[str, list[FieldError]] = {}
    if not agreed:
        details["agreement"] = [fault("ERR_ACCEPTED", _("must be accepted"))]
    if not code.strip():
        return details | {"invite_code": [blank()]}
    try:
        get_open_link(code, now=timezone.now())
    except (NotFound, LinkClosed) as error:
        details["invite_code"] = [_not_open(error)]
    return details


def _not_open(error: NotFound | LinkClosed) -> FieldError:
    return fault("ERR_INVALID", str(error.message))
