"""Faults of form fields in Mastodon's ERR_ codes; registration, profiles and collections call this.

Source: API behaviours section 3.
"""

import re
from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import FieldError, Unprocessable

# A language with script or region, as apps name them.
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")

_LABELS: dict[str, Promise] = {
    "username": gettext_lazy("Username"),
    "email": gettext_lazy("E-mail address"),
    "password": gettext_lazy("Password"),
    "display_name": gettext_lazy("Display name"),
    "note": gettext_lazy("Bio"),
    "fields": gettext_lazy("Profile fields"),
    "avatar_description": gettext_lazy("Description of the avatar"),
    "header_description": gettext_lazy("Description of the header"),
    "attribution_domains": gettext_lazy("Sites that may name you as an author"),
    "source.privacy": gettext_lazy("Default visibility"),
    "source.language": gettext_lazy("Default language"),
    "source.quote_policy": gettext_lazy("Who may quote you"),
    "agreement": gettext_lazy("The rules"),
    "invite_code": gettext_lazy("Invitation"),
    "name": gettext_lazy("Name"),
    "description": gettext_lazy("Description"),
    "language": gettext_lazy("Language"),
    "tag": gettext_lazy("Hashtag"),
    "sensitive": gettext_lazy("Sensitive"),
    "discoverable": gettext_lazy("Discoverable"),
    "account": gettext_lazy("Account"),
    "collection_items": gettext_lazy("Number of accounts"),
    "collections": gettext_lazy("Number of collections"),
}


def fault(code: str, description: str) -> FieldError:
    """Return one fault of a field."""
    return {"error": code, "description": description}


def too_long(most: int) -> FieldError:
    """Return the fault of a text with more characters than allowed."""
    return fault("ERR_TOO_LONG", _("may have at most %(most)d characters") % {"most": most})


def blank() -> FieldError:
    """Return the fault of a field that has to be filled in."""
    return fault("ERR_BLANK", _("can't be blank"))


def taken() -> FieldError:
    """Return the fault of a name that somebody has already."""
    return fault("ERR_TAKEN", _("has already been taken"))


def invalid(details: Mapping[str, Sequence[FieldError]]) -> Unprocessable:
    """Return the error for these faults: one sentence for people, the details for apps."""
    sentences = [
        f"{_LABELS[field]} {found['description']}" for field, faults in details.items() for found in faults
    ]
    message = _("Validation failed: %(faults)s") % {"faults": ", ".join(sentences)}
    return Unprocessable(message, details=details)
