"""Apps: how they register and how they prove who they are.

Called by POST /api/v1/apps and by the token and revocation doors.
Source: API behaviours section 7, RFC 6749 section 2.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import vapid
from accounts.models import Application
from accounts.oauth.errors import OAuthError
from accounts.oauth.scopes import parse_scopes, unknown_scopes
from accounts.oauth.tokens import hash_secret
from core.errors import Unprocessable
from core.text import clean_line

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
MAX_NAME = 60
MAX_REDIRECT_URIS = 2000
MAX_WEBSITE = 2000

# Printable ASCII without "#": it has to fit into a Location header as it is.
_URI = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):[!\"$-~]+")
_REFUSED_SCHEMES = {"javascript", "data", "vbscript"}
_is_website = URLValidator(schemes=["http", "https"])


def register_application(
    *, name: str, redirect_uris: Sequence[str], scopes: str | None, website: str
) -> tuple[Application, str]:
    """Make an app and return it with its secret, which is told this once.

    Raises Unprocessable for a blank or long name, addresses that are none or dangerous, a website that is
    none, and scopes that nobody knows.
    """
    name, website = clean_line(name), website.strip()
    wanted = parse_scopes(scopes)
    _check_name(name)
    _check_redirect_uris(redirect_uris)
    _check_website(website)
    if unknown_scopes(wanted):
        raise _refused(_("Scopes are not known to this server"))
    secret = secrets.token_urlsafe(32)
    application = Application.objects.create(
        name=name,
        website=website,
        redirect_uris=list(redirect_uris),
        scopes=list(wanted),
        client_id=secrets.token_urlsafe(32),
        client_secret_hash=hash_secret(secret),
        created_at=timezone.now(),
    )
    return application, secret


def _refused(fault: str) -> Unprocessable:
    return Unprocessable(_("Validation failed: %(faults)s") % {"faults": fault})


def _check_name(name: str) -> None:
    if not name:
        raise _refused(_("The app's name can't be blank"))
    if len(name) > MAX_NAME:
        raise _refused(_("The app's name may have at most %(most)d characters") % {"most": MAX_NAME})


def _check_redirect_uris(uris: Sequence[str]) -> None:
    if not uris:
        raise _refused(_("The redirect address can't be blank"))
    if sum(len(uri) for uri in uris) > MAX_REDIRECT_URIS:
        raise _refused(_("The redirect addresses are too long"))
    for uri in uris:
        # "icecubesapp://" has nothing behind its scheme, and is fine.
        match = _URI.fullmatch(uri)
        if match is None or match[1].lower() in _REFUSED_SCHEMES:
            raise _refused(_("The redirect address must be an absolute address without a fragment"))


def _check_website(website: str) -> None:
    if not website:
        return
    if len(website) > MAX_WEBSITE:
        raise _refused(_("The website's address is too long"))
    try:
        _is_website(website)
    except ValidationError as error:
        raise _refused(_("The website must be a valid address")) from error


def find_application(client_id: str) -> Application | None:
    """Return the app with this client id, or None."""
    # PostgreSQL refuses to compare with a NUL.
    return None if "\x00" in client_id else Application.objects.filter(client_id=client_id).first()


def authenticate_application(client_id: str, client_secret: str) -> Application:
    """Return the app that proves itself by its secret; raises OAuthError ``invalid_client``."""
    application = find_application(client_id)
    if application is None:
        raise OAuthError("invalid_client")
    if not hmac.compare_digest(hash_secret(client_secret), application.client_secret_hash):
        raise OAuthError("invalid_client")
    return application


def render_application(application: Application) -> dict[str, Any]:
    """Return the Application entity. Source: Mastodon docs, "Application"."""
    return {
        "id": str(application.pk),
        "name": application.name,
        "website": application.website or None,
        "scopes": application.scopes,
        "redirect_uris": application.redirect_uris,
        "redirect_uri": "\n".join(application.redirect_uris),
        "vapid_key": vapid.public_key(),
    }


def render_credential_application(application: Application, secret: str) -> dict[str, Any]:
    """Return what only the registering app gets. Source: Mastodon docs, "CredentialApplication"."""
    return render_application(application) | {
        "client_id": application.client_id,
        "client_secret": secret,
        "client_secret_expires_at": 0,
    }
