"""Doors of the protocol that need no account: inboxes, the instance actor, host-meta and NodeInfo's index."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from core.errors import AppError
from federation import nodeinfo
from federation.doors import document_door
from federation.inbox import accept_request
from federation.keys import create_signing_key, instance_actor_uri, public_key_document
from federation.responses import activity_response, error_response, json_response
from federation.vocab import AS2, SECURITY

_THREE_DAYS = 259_200
_HALF_AN_HOUR = 1800
_TEN_MINUTES = 600


def inbox_view(request: HttpRequest, recipient_uri: str = "") -> HttpResponse:
    """Take an activity in and answer 202, or the error.

    Accounts' door for personal inboxes decides about 404 and 410 first and then calls this with the owner's
    uri. The door itself must be `csrf_exempt` and POST only.
    """
    try:
        accept_request(request, recipient_uri=recipient_uri, now=timezone.now())
    except AppError as error:
        return error_response(error)
    return HttpResponse(status=202)


@csrf_exempt
@require_POST
def shared_inbox(request: HttpRequest) -> HttpResponse:
    """POST /inbox."""
    return inbox_view(request)


@csrf_exempt
@require_POST
def actor_inbox(request: HttpRequest) -> HttpResponse:
    """POST /actor/inbox."""
    return inbox_view(request, instance_actor_uri())


@require_safe
def actor(request: HttpRequest) -> HttpResponse:
    """GET /actor: the actor that stands for the server; readable unsigned, or nobody could check our keys."""
    uri = instance_actor_uri()
    create_signing_key(uri)
    document: dict[str, Any] = {
        "@context": [AS2, SECURITY, {"manuallyApprovesFollowers": "as:manuallyApprovesFollowers"}],
        "id": uri,
        "type": "Application",
        "preferredUsername": settings.LOCAL_DOMAIN,
        "url": f"{settings.BASE_URL}/about/more?instance_actor=true",
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "manuallyApprovesFollowers": True,
        "publicKey": public_key_document(uri),
        "endpoints": {"sharedInbox": f"{settings.BASE_URL}/inbox"},
    }
    return activity_response(document, max_age=_TEN_MINUTES)


@document_door
def actor_outbox(request: HttpRequest) -> HttpResponse:
    """GET /actor/outbox: the server says nothing of its own."""
    document = {
        "@context": AS2,
        "id": f"{instance_actor_uri()}/outbox",
        "type": "OrderedCollection",
        "totalItems": 0,
        "orderedItems": [],
    }
    return activity_response(document, max_age=_TEN_MINUTES)


@require_safe
def host_meta(request: HttpRequest) -> HttpResponse:
    """GET /.well-known/host-meta."""
    response = HttpResponse(
        nodeinfo.render_host_meta_xml(), content_type="application/xrd+xml; charset=utf-8"
    )
    return _kept(response, _THREE_DAYS)


@require_safe
def host_meta_json(request: HttpRequest) -> HttpResponse:
    """GET /.well-known/host-meta.json."""
    response = json_response(nodeinfo.render_host_meta_json(), content_type="application/json; charset=utf-8")
    return _kept(response, _THREE_DAYS)


@require_safe
def well_known_nodeinfo(request: HttpRequest) -> HttpResponse:
    """GET /.well-known/nodeinfo."""
    response = json_response(
        nodeinfo.render_links(instance_actor_uri()), content_type="application/json; charset=utf-8"
    )
    return _kept(response, _THREE_DAYS)


def nodeinfo_response(version: str, usage: nodeinfo.Usage) -> HttpResponse:
    """Return GET /nodeinfo/<version>, for the door above that can count."""
    response = json_response(
        nodeinfo.render_nodeinfo(version, usage), content_type=nodeinfo.content_type(version)
    )
    return _kept(response, _HALF_AN_HOUR)


def _kept(response: HttpResponse, seconds: int) -> HttpResponse:
    response["Cache-Control"] = f"max-age={seconds}, public"
    return response
