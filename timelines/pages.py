"""Pages that other places link to: a hashtag, a collection, "follow from my server", "share"; and emoji.

Routed by genosocial/urls.py. Source: API behaviours section 19 ("URL patterns"); contract of the federation
1.2, 4.3.
"""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.documents import tag_url
from accounts.models import Account, User
from accounts.people import find_own_account
from accounts.relationships import follow
from core.errors import NotFound
from core.pages import spend
from core.ratelimit import Limit
from core.text import clean_text, normalise_tag
from federation.doors import document_door
from federation.responses import activity_response
from federation.vocab import CONTEXT
from media.documents import render_emoji_tag
from media.models import CustomEmoji
from timelines import collections
from timelines.listings import PublicFilter, tag_rows
from timelines.models import Status
from timelines.search import Wish, search

_TAG_PAGE = 20
_RESOLVING = Limit("authorize_interaction", 30, 300)
_MAX_SHARED = 5_000


@require_safe
def tag_page(request: HttpRequest, name: str) -> HttpResponse:
    """GET /tags/<name>: the latest public posts of this server under a hashtag; not for search engines."""
    normalised = normalise_tag(name)
    if not normalised:
        raise NotFound()
    rows = tag_rows(None, PublicFilter(local=True), normalised).select_related("account")
    context = {
        "name": name,
        "statuses": list(rows.order_by("-pk")[:_TAG_PAGE]),
        "url": tag_url(normalised),
    }
    response = render(request, "timelines/tag.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
def collection_page(request: HttpRequest, collection_id: int) -> HttpResponse:
    """GET /collections/<id>: a collection and who is in it; for search engines only if it may be found."""
    row = collections.get_collection(None, collection_id)
    owner, *members = collections.load_accounts_in(row, None)
    context = {"collection": row, "owner": owner, "members": members}
    response = render(request, "timelines/collection.html", context)
    if not row.discoverable:
        response["X-Robots-Tag"] = "noindex"
    return response


@document_door
def emoji(request: HttpRequest, emoji_id: int) -> HttpResponse:
    """GET /emojis/<id>: a custom emoji of ours as other servers read it."""
    found = CustomEmoji.objects.enabled().filter(pk=emoji_id, domain__isnull=True).first()
    if found is None:
        raise NotFound()
    return activity_response({"@context": CONTEXT, **render_emoji_tag(found)}, max_age=300)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def authorize_interaction(request: HttpRequest) -> HttpResponse:
    """GET, POST /authorize_interaction?uri=: what somebody wants to follow or answer from another server.

    Shows an account with a button to follow it, or how to find a post in one's app.
    """
    uri = clean_text((request.POST or request.GET).get("uri", "")).strip()[:2_048]
    assert isinstance(request.user, User)
    viewer = find_own_account(request.user)
    if not uri or viewer is None:
        raise NotFound()
    spend(request, (_RESOLVING, str(request.user.pk)))
    thing = _resolve(viewer, uri)
    if request.method == "POST" and isinstance(thing, Account):
        follow(viewer, thing)
        return render(request, "timelines/interaction.html", {"account": thing, "asked": True, "uri": uri})
    key = "account" if isinstance(thing, Account) else "status"
    return render(request, "timelines/interaction.html", {key: thing, "uri": uri})


def _resolve(viewer: Account, uri: str) -> Account | Status:
    found = search(viewer, Wish(text=uri.removeprefix("acct:"), resolve=True, limit=1))
    if found.account_ids:
        return Account.objects.get(pk=found.account_ids[0])
    if found.status_ids:
        return Status.objects.get(pk=found.status_ids[0])
    raise NotFound(_("Nothing is to be found at this address."))


@require_safe
def share(request: HttpRequest) -> HttpResponse:
    """GET /share?text=: the text that a page wants to be posted, and how to post it with one's app."""
    parts = (clean_text(request.GET.get(name, "")).strip() for name in ("title", "text", "url"))
    text = "\n".join(part for part in parts if part)[:_MAX_SHARED]
    return render(request, "timelines/share.html", {"text": text, "server_address": settings.WEB_DOMAIN})
