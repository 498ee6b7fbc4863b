"""What accounts show to other servers: WebFinger, actors, whom they follow; and a page for people.

Routed by genosocial/urls.py. Source: contract of the federation 1.1, 1.4, 5.1.
"""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls.converters import StringConverter
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.documents import load_actor, note_html
from accounts.followers_sync import followers_on
from accounts.models import Account, Follow
from core.errors import AppError, Forbidden, Gone, NotFound
from federation.doors import answer_collection, document_door, page_door, page_number
from federation.peers import is_blocked
from federation.responses import activity_response, error_response
from federation.verify import verify_request
from federation.views import inbox_view
from federation.webfinger import LocalSubject, answer_webfinger
from media.documents import mime_type_of
from media.files import file_url

PAGE_SIZE = 12
_ACTOR_MAX_AGE_SECONDS = 180


class NameConverter(StringConverter):
    """What stands in an address where the name of an account of ours does; nothing else is looked for."""

    regex = "[A-Za-z0-9_.-]{1,100}"


def get_local_account(username: str) -> Account:
    """Return an account of ours by its name, in any case. Raises NotFound, and Gone for a deleted one."""
    account = Account.objects.with_handle(username, None).first()
    if account is not None and account.deleted_at is not None:
        raise Gone()
    if account is None or not Account.objects.visible().filter(pk=account.pk).exists():
        raise NotFound()
    return account


@require_safe
def webfinger(request: HttpRequest) -> HttpResponse:
    """GET /.well-known/webfinger."""
    return answer_webfinger(request, _subject)


def _subject(username: str) -> LocalSubject:
    account = get_local_account(username)
    avatar = account.avatar if account.suspended_at is None else ""
    return LocalSubject(
        username=account.username,
        actor_uri=account.uri,
        profile_url=account.url,
        avatar_url=file_url(avatar) if avatar else "",
        avatar_type=mime_type_of(avatar) if avatar else "",
    )


def _to_profile(request: HttpRequest, username: str) -> HttpResponse:
    return redirect(get_local_account(username).url)


def _profile_page(request: HttpRequest, username: str) -> HttpResponse:
    account = get_local_account(username)
    shown = account.suspended_at is None
    context = {"account": account, "note": note_html(account) if shown else "", "shown": shown}
    response = render(request, "accounts/profile.html", context)
    response["Link"] = f'<{account.uri}>; rel="alternate"; type="application/activity+json"'
    return response


@page_door(_to_profile)
def actor(request: HttpRequest, username: str) -> HttpResponse:
    """GET /users/<username>: the actor document; people are sent to the profile page."""
    return _answer_actor(username)


@page_door(_profile_page)
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """GET /@<username>: the same document; for people the profile page."""
    return _answer_actor(username)


def _answer_actor(username: str) -> HttpResponse:
    return activity_response(load_actor(get_local_account(username)), max_age=_ACTOR_MAX_AGE_SECONDS)


@csrf_exempt
@require_POST
def inbox(request: HttpRequest, username: str) -> HttpResponse:
    """POST /users/<username>/inbox."""
    try:
        account = get_local_account(username)
    except AppError as error:
        return error_response(error)
    return inbox_view(request, recipient_uri=account.uri)


@document_door
def followers(request: HttpRequest, username: str) -> HttpResponse:
    """GET /users/<username>/followers: how many, and page by page who, unless that is hidden."""
    account = get_local_account(username)
    follows = Follow.objects.accepted().filter(target=account, account__suspended_at__isnull=True)
    uris = follows.order_by("-id").values_list("account__uri", flat=True)
    return _answer_people(request, account, f"{account.uri}/followers", account.followers_count, uris)


@document_door
def following(request: HttpRequest, username: str) -> HttpResponse:
    """GET /users/<username>/following: how many, and page by page whom, unless that is hidden."""
    account = get_local_account(username)
    follows = Follow.objects.accepted().filter(account=account, target__suspended_at__isnull=True)
    uris = follows.order_by("-id").values_list("target__uri", flat=True)
    return _answer_people(request, account, f"{account.uri}/following", account.following_count, uris)


@document_door
def followers_synchronization(request: HttpRequest, username: str) -> HttpResponse:
    """GET /users/<username>/followers_synchronization: the followers on the server of whoever signed."""
    account = get_local_account(username)
    asker = verify_request(request, now=timezone.now())
    if is_blocked(asker.host):
        raise Forbidden()
    found = followers_on(account, asker.host) if account.suspended_at is None else []
    uri = f"{account.uri}/followers_synchronization"
    response = answer_collection(uri, "OrderedCollection", {"orderedItems": found}, private=True)
    response["Cache-Control"] = "private, no-store"
    return response


def _answer_people(
    request: HttpRequest, account: Account, uri: str, total: int, uris: "QuerySet[Follow, str]"
) -> HttpResponse:
    hidden = account.hide_collections or account.suspended_at is not None
    if "page" not in request.GET:
        first = {} if hidden else {"first": f"{uri}?page=1"}
        return answer_collection(uri, "OrderedCollection", {"totalItems": total, **first})
    if hidden:
        raise NotFound()
    number = page_number(request)
    start = (number - 1) * PAGE_SIZE
    found = list(uris[start : start + PAGE_SIZE + 1])
    links = {"next": f"{uri}?page={number + 1}"} if len(found) > PAGE_SIZE else {}
    links |= {"prev": f"{uri}?page={number - 1}"} if number > 1 else {}
    return answer_collection(
        f"{uri}?page={number}",
        "OrderedCollectionPage",
        {"totalItems": total, "partOf": uri, "orderedItems": found[:PAGE_SIZE], **links},
    )
