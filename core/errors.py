"""The one tree of errors that operations raise and doors answer with.

    AppError
    ├── BadRequest 400          a parameter is missing or cannot be read
    ├── Unauthenticated 401     no token, a wrong token, a bad signature
    ├── Forbidden 403           known, but not allowed
    ├── NotFound 404            unknown, or not visible: the same answer
    ├── Gone 410                was here, is deleted for good
    ├── TooLarge 413
    ├── UnsupportedType 415
    ├── Unprocessable 422       validation; carries per-field details
    ├── TooMany 429
    └── Unavailable 503         try again later
        └── RemoteUnreachable   another server did not answer as it should

``message`` is safe to show and translated; what went wrong inside goes to the log by ``cause``.
``permanent`` tells a job whether another try can help.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class FieldError(TypedDict):
    """One fault of one field, as sign-up and profile forms of apps show it."""

    error: str
    description: str


Details = Mapping[str, Sequence[FieldError]]


class AppError(Exception):
    """Something that an operation refuses or cannot do; subclasses name the HTTP status."""

    status = 500
    permanent = True
    default_message: Text = _("Something went wrong on our side")

    def __init__(self, message: Text | None = None, *, cause: str = "") -> None:
        self.message = message if message is not None else self.default_message
        self.cause = cause
        # Keys that an answer carries beside ``error``, where the API knows some.
        self.extra: Mapping[str, Any] = {}
        super().__init__(cause or self.message)


class BadRequest(AppError):
    """A required parameter is missing or malformed."""

    status = 400
    default_message = _("The request could not be read")


class Unauthenticated(AppError):
    """No valid proof of who is asking."""

    status = 401
    default_message = _("The access token is invalid")


class Forbidden(AppError):
    """The asker is known and may not do this."""

    status = 403
    default_message = _("This action is not allowed")


class NotFound(AppError):
    """Unknown, or not visible to the asker: both look the same."""

    status = 404
    default_message = _("Record not found")


class Gone(AppError):
    """It existed and was deleted for good."""

    status = 410
    default_message = _("This has been deleted")


class TooLarge(AppError):
    """The body is longer than we read."""

    status = 413
    default_message = _("The request is too large")


class UnsupportedType(AppError):
    """The content type is none that this address takes."""

    status = 415
    default_message = _("This content type is not supported")


class Unprocessable(AppError):
    """Read, understood, and refused; ``details`` names the fields at fault."""

    status = 422
    default_message = _("Validation failed")

    def __init__(
        self,
        message: Text | None = None,
        *,
        details: Details | None = None,
        cause: str = "",
    ) -> None:
        super().__init__(message, cause=cause)
        self.details = details


class TooMany(AppError):
    """A rate limit is used up."""

    status = 429
    permanent = False
    default_message = _("Too many requests")


class Unavailable(AppError):
    """Cannot be done right now; another try may succeed."""

    status = 503
    permanent = False
    default_message = _("Temporarily unavailable, please try again later")


class RemoteUnreachable(Unavailable):
    """Another server did not answer, or not as it should."""

    default_message = _("The other server could not be reached")
