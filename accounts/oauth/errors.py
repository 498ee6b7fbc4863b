"""Refusals of the OAuth doors, in the shape of RFC 6749 section 5.2."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import AppError, Text

_DESCRIPTIONS: dict[str, Promise] = {
    "access_denied": _("The person denied the request."),
    "invalid_client": _("The app is unknown or its secret is wrong."),
    "invalid_grant": _("The code is wrong, used, too old, or meant for another app or address."),
    "invalid_request": _("A parameter is missing or has a value that is not supported."),
    "invalid_scope": _("A requested scope is unknown or was not registered by the app."),
    "unauthorized_client": _("The app may not do this."),
    "unsupported_grant_type": _("This kind of grant is not supported."),
    "unsupported_response_type": _("This kind of response is not supported."),
}
_STATUS = {"invalid_client": 401, "unauthorized_client": 403}


class OAuthError(AppError):
    """``code`` is the error of the RFC; a door answers with it or sends it to the app's redirect address."""

    def __init__(self, code: str, message: Text | None = None) -> None:
        super().__init__(message if message is not None else _DESCRIPTIONS[code], cause=code)
        self.code = code
        self.status = _STATUS.get(code, 400)

    @property
    def body(self) -> dict[str, str]:
        """The JSON that an app gets."""
        return {"error": self.code, "error_description": str(self.message)}
