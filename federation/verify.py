"""From a request to a proven signer: `VerifiedRequest` is a value that the next step needs, never an `if`.

Called by the inbox doors and by ActivityPub GET views. Source: contract of the federation §2.2, §2.3.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.api.views import client_ip
from core.errors import AppError, BadRequest, Unauthenticated
from core.hosts import host_of
from federation.local import local_hosts
from federation.remote_keys import verify_with_key
from federation.signatures import SignatureInvalid, SignedRequest
from federation.signatures.incoming import read_signature, verify_signature

_UNQUOTED = "/:@!$&'()*+,;=~-._"
# Read by other servers alone, in the one wording that they know: not translated.
NOT_SIGNED = "Request not signed"
_BADLY_SIGNED = _("The request signature is not valid")


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """Proof that a request was signed with a key that `actor_uri` lists."""

    actor_uri: str
    key_id: str
    host: str


def verify_request(request: HttpRequest, *, now: datetime) -> VerifiedRequest:
    """Return who signed a request, GET or POST.

    Raises BadRequest when it is addressed to another host, Unauthenticated when it is not or wrongly signed,
    and Unavailable when the key's server cannot be reached right now.
    """
    _check_host(request)
    signed = _signed_request(request)
    try:
        signature = read_signature(signed, now)
    except SignatureInvalid as error:
        if error.reason == "malformed_content_digest":
            raise BadRequest(_BADLY_SIGNED, cause=error.reason) from error
        message = NOT_SIGNED if error.reason == "not_signed" else _BADLY_SIGNED
        raise Unauthenticated(message, cause=error.reason) from error
    try:
        key, _nothing = verify_with_key(
            signature.key_id, partial(verify_signature, signature, signed), source=client_ip(request)
        )
    except SignatureInvalid as error:
        raise Unauthenticated(_BADLY_SIGNED, cause=f"{error.reason} {signature.key_id[:300]}") from error
    return VerifiedRequest(key.actor_uri, key.key_id, host_of(key.actor_uri) or "")


def find_verified(request: HttpRequest, *, now: datetime) -> VerifiedRequest | None:
    """Return who signed a GET; None when nobody did or it cannot be proven: the reader is then anybody."""
    if "HTTP_SIGNATURE" not in request.META:
        return None
    try:
        return verify_request(request, now=now)
    except AppError:
        return None


def _check_host(request: HttpRequest) -> None:
    """A signature for another server must not be replayed here with that server's Host beside it."""
    default_port = ":443" if settings.WEB_SCHEME == "https" else ":80"
    host = str(request.META.get("HTTP_HOST", "")).lower().removesuffix(default_port)
    if host not in local_hosts():
        raise BadRequest(cause=f"Host is {host[:300]!r}")


def _signed_request(request: HttpRequest) -> SignedRequest:
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in request.META.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if request.META.get(name):
            headers[name.replace("_", "-").lower()] = str(request.META[name])
    method = request.method or "GET"
    body = None if method in ("GET", "HEAD") else request.body
    return SignedRequest(method, _raw_targets(request), headers, body, settings.WEB_SCHEME)


def _raw_targets(request: HttpRequest) -> tuple[str, ...]:
    """Return the spellings that the raw request target can have had.

    Some servers hand it on; granian's WSGI gives the path decoded and the query raw, so the usual ways to
    encode the path are tried: all of them name the same path, so none of them proves less.
    """
    for name in ("RAW_URI", "REQUEST_URI"):
        raw = request.META.get(name)
        if isinstance(raw, str) and raw.startswith("/"):
            return (raw,)
    query = str(request.META.get("QUERY_STRING", ""))
    suffix = f"?{query}" if query else ""
    upper = quote(request.path_info, safe=_UNQUOTED)
    return tuple(dict.fromkeys((upper + suffix, _lower_escapes(upper) + suffix)))


def _lower_escapes(path: str) -> str:
    first, *rest = path.split("%")
    return first + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)
