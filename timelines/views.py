"""What statuses show to other servers: notes, activities, collections; and a page for people.

Routed by genosocial/urls.py. What only some may see needs a signature by one of them; everybody else gets
the same 404 as for what does not exist. Source: contract of the federation 2.8, 5.1.
"""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.documents import tag_url
from accounts.models import Account
from accounts.views import get_local_account
from core.errors import NotFound
from federation.doors import answer_collection, document_door, page_door, signer_uri
from federation.responses import activity_response
from timelines import tags
from timelines.documents import (
    load_note,
    load_notes,
    render_announce,
    render_create,
    render_note,
    render_stamp,
    with_context,
)
from timelines.models import Quote, Status
from timelines.visibility import OPEN, visible, visible_to

OUTBOX_PAGE = 20
REPLIES_PAGE = 60
_MAX_AGE_SECONDS = 60


class Reader:
    """Who asks: nobody in particular, or an account that signed the request."""

    def __init__(self, request: HttpRequest) -> None:
        uri = signer_uri(request)
        self.account = Account.objects.available().filter(uri=uri).first() if uri else None

    @property
    def caching(self) -> dict[str, Any]:
        """No shared cache may keep what was made for somebody in particular."""
        return {"private": True} if self.account is not None else {"max_age": _MAX_AGE_SECONDS}


def _get_status(reader: Reader, username: str, status_id: int) -> Status:
    """Return a status of ours that the reader may see. Raises NotFound."""
    rows = Status.objects.filter(
        pk=status_id, account__domain__isnull=True, account__username__iexact=username
    )
    statuses = visible_to(rows, reader.account)
    status = statuses.select_related("account", "in_reply_to", "reblog_of__account").first()
    if status is None:
        raise NotFound()
    return status


def _get_note(reader: Reader, username: str, status_id: int) -> Status:
    status = _get_status(reader, username, status_id)
    if status.reblog_of_id is not None:
        raise NotFound()
    return status


# One status


def _to_page(request: HttpRequest, username: str, status_id: int) -> HttpResponse:
    return redirect(_public_status(username, status_id).url)


def _status_page(request: HttpRequest, username: str, status_id: int) -> HttpResponse:
    status = _public_status(username, status_id)
    response = render(request, "timelines/status.html", {"status": status})
    response["Link"] = f'<{status.uri}>; rel="alternate"; type="application/activity+json"'
    return response


def _public_status(username: str, status_id: int) -> Status:
    """Return what any person may read. Raises NotFound."""
    rows = Status.objects.originals().filter(
        pk=status_id, account__domain__isnull=True, account__username__iexact=username
    )
    status = visible_to(rows, None).select_related("account").first()
    if status is None:
        raise NotFound()
    return status


@page_door(_to_page)
def note(request: HttpRequest, username: str, status_id: int) -> HttpResponse:
    """GET /users/<username>/statuses/<id>: the note; people are sent to its page."""
    return _answer_note(request, username, status_id)


@page_door(_status_page)
def status_page(request: HttpRequest, username: str, status_id: int) -> HttpResponse:
    """GET /@<username>/<id>: the same note; for people its page."""
    return _answer_note(request, username, status_id)


def _answer_note(request: HttpRequest, username: str, status_id: int) -> HttpResponse:
    reader = Reader(request)
    status = _get_note(reader, username, status_id)
    return activity_response(with_context(render_note(load_note(status))), **reader.caching)


@document_door
def activity(request: HttpRequest, username: str, status_id: int) -> HttpResponse:
    """GET /users/<username>/statuses/<id>/activity: the Create, or the Announce of a reblog."""
    reader = Reader(request)
    status = _get_status(reader, username, status_id)
    document = render_announce(status) if status.reblog_of_id else render_create(load_note(status))
    return activity_response(with_context(document), **reader.caching)


@document_door
def likes(request: HttpRequest, username: str, status_id: int) -> HttpResponse:
    """GET …/likes: how many."""
    reader = Reader(request)
    status = _get_note(reader, username, status_id)
    uri = f"{status.uri}/likes"
    return answer_collection(uri, "Collection", {"totalItems": status.favourites_count}, **reader.caching)


@document_door
def shares(request: HttpRequest, username: str, status_id: int) -> HttpResponse:
    """GET …/shares: how many."""
    reader = Reader(request)
    status = _get_note(reader, username, status_id)
    uri = f"{status.uri}/shares"
    return answer_collection(uri, "Collection", {"totalItems": status.reblogs_count}, **reader.caching)


@document_door
def replies(request: HttpRequest, username: str, status_id: int) -> HttpResponse:
    """GET …/replies: the ids of open replies; first the author's own, then page by page those of others."""
    reader = Reader(request)
    status = _get_note(reader, username, status_id)
    uri = f"{status.uri}/replies"
    if request.GET.get("page") != "true":
        first = _replies_page(status, uri, others=False, min_id=0)
        return answer_collection(uri, "Collection", {"first": first}, **reader.caching)
    others = request.GET.get("only_other_accounts") == "true"
    page = _replies_page(status, uri, others=others, min_id=_cursor(request, "min_id") or 0)
    page_uri, kind = page.pop("id"), page.pop("type")
    return answer_collection(page_uri, kind, page, **reader.caching)


def _replies_page(status: Status, uri: str, *, others: bool, min_id: int) -> dict[str, Any]:
    own = Q(account_id=status.account_id)
    rows = Status.objects.kept().filter(
        ~own if others else own,
        in_reply_to=status,
        visibility__in=OPEN,
        account__suspended_at__isnull=True,
        pk__gt=min_id,
    )
    found = list(rows.order_by("pk").values_list("pk", "uri")[: REPLIES_PAGE + 1])
    shown, more = found[:REPLIES_PAGE], len(found) > REPLIES_PAGE
    suffix = "&only_other_accounts=true" if others else ""
    page: dict[str, Any] = {
        "id": f"{uri}?min_id={min_id}&page=true{suffix}",
        "type": "CollectionPage",
        "partOf": uri,
        "items": [found_uri for _pk, found_uri in shown],
    }
    if more:
        page["next"] = f"{uri}?min_id={shown[-1][0]}&page=true{suffix}"
    elif not others:
        page["next"] = f"{uri}?min_id=0&page=true&only_other_accounts=true"
    return page


@document_door
def context(request: HttpRequest, account_id: int, status_id: int) -> HttpResponse:
    """GET /contexts/<account>-<status>: the ids of the open posts of a thread that began here."""
    reader = Reader(request)
    rows = Status.objects.filter(pk=status_id, account_id=account_id, is_local=True)
    root = visible_to(rows, reader.account).select_related("account").first()
    if root is None:
        raise NotFound()
    uri, after = root.conversation_uri, _cursor(request, "min_id") or 0
    page = _thread_page(uri, after)
    if request.GET.get("page") == "true":
        return answer_collection(page.pop("id"), page.pop("type"), page, **reader.caching)
    properties = {"attributedTo": root.account.uri, "first": page}
    return answer_collection(uri, "Collection", properties, **reader.caching)


def _thread_page(uri: str, after: int) -> dict[str, Any]:
    rows = Status.objects.originals().filter(conversation_uri=uri, pk__gt=after, visibility__in=OPEN)
    found = list(visible_to(rows, None).order_by("pk").values_list("pk", "uri")[: REPLIES_PAGE + 1])
    page: dict[str, Any] = {
        "id": f"{uri}?min_id={after}&page=true",
        "type": "CollectionPage",
        "partOf": uri,
        "items": [status_uri for _pk, status_uri in found[:REPLIES_PAGE]],
    }
    if len(found) > REPLIES_PAGE:
        page["next"] = f"{uri}?min_id={found[REPLIES_PAGE - 1][0]}&page=true"
    return page


@document_door
def quote_authorization(request: HttpRequest, username: str, quote_id: int) -> HttpResponse:
    """GET /users/<username>/quote_authorizations/<id>: the consent of an author of ours to a quote."""
    reader = Reader(request)
    quotes = Quote.objects.filter(
        visible("quoted__", reader.account),
        pk=quote_id,
        state=Quote.State.ACCEPTED,
        quoted__account__domain__isnull=True,
        quoted__account__username__iexact=username,
    )
    quote = quotes.exclude(approval_uri="").select_related("status", "quoted__account").first()
    if quote is None:
        raise NotFound()
    return activity_response(with_context(render_stamp(quote)), **reader.caching)


# Lists of an account


@document_door
def outbox(request: HttpRequest, username: str) -> HttpResponse:
    """GET /users/<username>/outbox: what an account published, newest first, if the reader may see it."""
    account = get_local_account(username)
    uri = f"{account.uri}/outbox"
    reader = Reader(request)
    if request.GET.get("page") != "true":
        links = {"first": f"{uri}?page=true", "last": f"{uri}?min_id=0&page=true"}
        total = account.statuses_count if account.suspended_at is None else 0
        return answer_collection(uri, "OrderedCollection", {"totalItems": total, **links}, **reader.caching)
    min_id, max_id = _cursor(request, "min_id"), _cursor(request, "max_id")
    statuses = _outbox_page(account, reader, min_id=min_id, max_id=max_id)
    links = {}
    if statuses:
        links["prev"] = f"{uri}?min_id={statuses[0].pk}&page=true"
        links["next"] = f"{uri}?max_id={statuses[-1].pk}&page=true"
    asked = [
        f"{name}={value}" for name, value in (("min_id", min_id), ("max_id", max_id)) if value is not None
    ]
    return answer_collection(
        f"{uri}?{'&'.join([*asked, 'page=true'])}",
        "OrderedCollectionPage",
        {"partOf": uri, "orderedItems": _render_activities(statuses), **links},
        **reader.caching,
    )


def _outbox_page(account: Account, reader: Reader, *, min_id: int | None, max_id: int | None) -> list[Status]:
    statuses = visible_to(Status.objects.filter(account=account), reader.account)
    statuses = statuses.select_related("account", "in_reply_to", "reblog_of__account")
    if max_id is not None:
        statuses = statuses.filter(pk__lt=max_id)
    if min_id is not None:
        return list(statuses.filter(pk__gt=min_id).order_by("pk")[:OUTBOX_PAGE])[::-1]
    return list(statuses.order_by("-pk")[:OUTBOX_PAGE])


def _render_activities(statuses: list[Status]) -> list[dict[str, Any]]:
    notes = {
        found.status.pk: found for found in load_notes([row for row in statuses if row.reblog_of_id is None])
    }
    return [render_create(notes[row.pk]) if row.pk in notes else render_announce(row) for row in statuses]


@document_door
def featured(request: HttpRequest, username: str) -> HttpResponse:
    """GET /users/<username>/collections/featured: pinned notes; what is not for everybody as an id."""
    account = get_local_account(username)
    reader = Reader(request)
    pinned = visible_to(Status.objects.filter(account=account, pins__account=account), reader.account)
    statuses = list(pinned.select_related("account", "in_reply_to").order_by("-pins__id"))
    notes = {
        found.status.pk: found for found in load_notes([row for row in statuses if row.visibility in OPEN])
    }
    items = [render_note(notes[row.pk]) if row.pk in notes else row.uri for row in statuses]
    uri = f"{account.uri}/collections/featured"
    return answer_collection(
        uri, "OrderedCollection", {"totalItems": len(items), "orderedItems": items}, **reader.caching
    )


@document_door
def featured_tags(request: HttpRequest, username: str) -> HttpResponse:
    """GET /users/<username>/collections/tags: the hashtags on the profile."""
    account = get_local_account(username)
    uri = f"{account.uri}/collections/tags"
    items = [
        {"type": "Hashtag", "href": tag_url(row.tag.name), "name": f"#{row.tag.display_name}"}
        for row in tags.featured_tags(account)
    ]
    properties = {"totalItems": len(items), "items": items}
    return answer_collection(uri, "Collection", properties, max_age=_MAX_AGE_SECONDS)


def _cursor(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
