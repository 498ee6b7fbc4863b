"""Doors for a person who has not confirmed the e-mail address yet: is it done, and another mail please."""

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.registration import change_unconfirmed_email, send_confirmation
from core.api.access import Access
from core.api.parameters import as_text
from core.api.views import ApiView, client_ip
from core.errors import Forbidden
from core.ratelimit import Limit

PER_READER = Limit("email-confirmations-reader", 25, 300)
PER_PERSON = Limit("email-confirmations", 5, 1800)


class ConfirmationMails(ApiView):
    """POST /api/v1/emails/confirmations: mail once more, to another address if one is given.

    Only the app that signed a person up has a token of that person before the confirmation.
    """

    access = {"POST": Access.newcomer("write", "write:accounts")}

    def post(self, request: Request) -> Response:
        assert self.credential is not None
        user = self.credential.user
        if user.confirmed_at is not None:
            raise Forbidden(_("The e-mail address is confirmed already"))
        self.consume(PER_READER, client_ip(request))
        self.consume(PER_PERSON, str(user.pk))
        address = as_text(self.params.get("email"))
        if address:
            change_unconfirmed_email(user, address)
        send_confirmation(user)
        return Response({})


class CheckConfirmation(ApiView):
    """GET /api/v1/emails/check_confirmation: a bare true or false."""

    access = {"GET": Access.newcomer("read", "read:accounts")}

    def get(self, request: Request) -> Response:
        assert self.credential is not None
        return Response(self.credential.user.confirmed_at is not None)
