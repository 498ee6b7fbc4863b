"""How each endpoint of the contract is asked, in the world of `world.py`; and which are not there yet.

A case names what fills the parameters of its path, in order, and what is sent; braces hold names of ids.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.contract.world import PUSH
from tests.media.pictures import picture


def _upload() -> dict[str, Any]:
    return {"file": SimpleUploadedFile("bild.png", picture(), "image/png"), "description": "Orange und blau"}


@dataclass(frozen=True)
class Case:
    """One request that succeeds."""

    path: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    multipart: Callable[[], dict[str, Any]] | None = None
    # Asked as Anna, unless by an "app" itself or a "newcomer" who has not confirmed the address.
    who: str = "anna"
    accept: str = ""


def case(*path: str, who: str = "anna", **data: Any) -> Case:
    """Return a case; names of ``data`` with brackets come by ``**``."""
    return Case(path, data, who=who)


CASES: dict[str, Case] = {
    # accounts
    "GET /api/v1/accounts": case(**{"id[]": ["{anna}", "{dora}"]}),
    "GET /api/v1/accounts/:id": case("{anna}"),
    "GET /api/v1/accounts/:id/followers": case("{anna}"),
    "GET /api/v1/accounts/:id/following": case("{anna}"),
    "GET /api/v1/accounts/:id/statuses": case("{anna}"),
    "GET /api/v1/accounts/:id/endorsements": case("{anna}"),
    "GET /api/v1/accounts/:id/featured_tags": case("{anna}"),
    "GET /api/v1/accounts/:id/lists": case("{bertha}"),
    "POST /api/v1/accounts/:id/follow": case("{dora}", reblogs=False, notify=True),
    "POST /api/v1/accounts/:id/unfollow": case("{bertha}"),
    "POST /api/v1/accounts/:id/remove_from_followers": case("{bertha}"),
    "POST /api/v1/accounts/:id/block": case("{bertha}"),
    "POST /api/v1/accounts/:id/unblock": case("{frieda}"),
    "POST /api/v1/accounts/:id/mute": case("{bertha}", duration=60),
    "POST /api/v1/accounts/:id/unmute": case("{gustav}"),
    "POST /api/v1/accounts/:id/note": case("{bertha}", comment="Bäckerin"),
    "GET /api/v1/accounts/familiar_followers": case(**{"id[]": ["{bertha}", "{cem}"]}),
    "GET /api/v1/accounts/lookup": case(acct="anna"),
    "GET /api/v1/accounts/relationships": case(**{"id[]": ["{bertha}", "{frieda}", "{dora}"]}),
    "GET /api/v1/accounts/search": case(q="bert"),
    "GET /api/v1/accounts/verify_credentials": case(),
    "PATCH /api/v1/accounts/update_credentials": case(display_name="Anna B.", note="Neu #brot"),
    "GET /api/v1/blocks": case(),
    "GET /api/v1/mutes": case(),
    "GET /api/v1/domain_blocks": case(),
    "POST /api/v1/domain_blocks": case(domain="other.example"),
    "DELETE /api/v1/domain_blocks": case(domain="unwanted.example"),
    "GET /api/v1/domain_blocks/preview": case(domain="elsewhere.example"),
    "GET /api/v1/follow_requests": case(),
    "POST /api/v1/follow_requests/:account_id/authorize": case("{emil}"),
    "POST /api/v1/follow_requests/:account_id/reject": case("{emil}"),
    "GET /api/v1/preferences": case(),
    "GET /api/v1/profile": case(),
    "PATCH /api/v1/profile": case(display_name="Anna B."),
    "PUT /api/v1/profile": case(display_name="Anna B."),
    "DELETE /api/v1/profile/avatar": case(),
    "DELETE /api/v1/profile/header": case(),
    "GET /api/v1/endorsements": case(),
    "POST /api/v1/accounts/:id/endorse": case("{emil}"),
    "POST /api/v1/accounts/:id/pin": case("{emil}"),
    "POST /api/v1/accounts/:id/unendorse": case("{bertha}"),
    "POST /api/v1/accounts/:id/unpin": case("{bertha}"),
    "GET /api/v1/accounts/:id/identity_proofs": case("{bertha}"),
    "GET /api/v1/directory": case(order="active"),
    "DELETE /api/v1/suggestions/:account_id": case("{helga}"),
    # signing up
    "POST /api/v1/accounts": case(
        who="app",
        username="ida",
        email="ida@mail.example",
        password="correct horse battery",
        agreement=True,
        locale="de",
        time_zone="Europe/Berlin",
        invite_code="{invite_code}",
    ),
    "POST /api/v1/emails/confirmations": case(who="newcomer"),
    "GET /api/v1/emails/check_confirmation": case(who="newcomer"),
    "GET /invite/:invite_code": Case(("{invite_code}",), accept="application/json"),
    "GET /api/v1/featured_tags": case(),
    "POST /api/v1/featured_tags": case(name="Kuchen"),
    "DELETE /api/v1/featured_tags/:id": case("{featured_tag}"),
    "GET /api/v1/featured_tags/suggestions": case(),
    "GET /api/v1/followed_tags": case(),
    "GET /api/v1/suggestions": case(),
    "GET /api/v2/suggestions": case(),
    # apps
    "POST /api/v1/apps": case(
        client_name="App", redirect_uris="urn:ietf:wg:oauth:2.0:oob", scopes="read write"
    ),
    "GET /api/v1/apps/verify_credentials": case(),
    # statuses
    "GET /api/v1/statuses": case(**{"id[]": ["{rich}", "{reply}"]}),
    "POST /api/v1/statuses": case(status="Guten Morgen", visibility="unlisted", language="de"),
    "GET /api/v1/statuses/:id": case("{rich}"),
    "PUT /api/v1/statuses/:id": case("{rich}", status="Guten Abend"),
    "PATCH /api/v1/statuses/:id": case("{rich}", status="Guten Abend"),
    "DELETE /api/v1/statuses/:id": case("{rich}"),
    "GET /api/v1/statuses/:id/context": case("{reply}"),
    "GET /api/v1/statuses/:id/history": case("{edited}"),
    "GET /api/v1/statuses/:id/source": case("{rich}"),
    "GET /api/v1/statuses/:id/quotes": case("{rich}"),
    "POST /api/v1/statuses/:id/quotes/:quoting_status_id/revoke": case("{rich}", "{quoting}"),
    "PUT /api/v1/statuses/:id/interaction_policy": case("{rich}", quote_approval_policy="followers"),
    "PATCH /api/v1/statuses/:id/interaction_policy": case("{rich}", quote_approval_policy="nobody"),
    "POST /api/v1/statuses/:id/favourite": case("{answer}"),
    "POST /api/v1/statuses/:id/unfavourite": case("{rich}"),
    "POST /api/v1/statuses/:id/reblog": case("{rich}"),
    "POST /api/v1/statuses/:id/unreblog": case("{reply}"),
    "POST /api/v1/statuses/:id/bookmark": case("{answer}"),
    "POST /api/v1/statuses/:id/unbookmark": case("{rich}"),
    "POST /api/v1/statuses/:id/pin": case("{edited}"),
    "POST /api/v1/statuses/:id/unpin": case("{rich}"),
    "GET /api/v1/statuses/:id/favourited_by": case("{rich}"),
    "GET /api/v1/statuses/:id/reblogged_by": case("{rich}"),
    "GET /api/v1/polls/:id": case("{poll}"),
    "POST /api/v1/polls/:id/votes": case("{poll_of_bertha}", choices=[0]),
    "GET /api/v1/favourites": case(),
    "GET /api/v1/bookmarks": case(),
    "GET /api/v1/scheduled_statuses": case(),
    "GET /api/v1/scheduled_statuses/:id": case("{scheduled}"),
    "PUT /api/v1/scheduled_statuses/:id": case("{scheduled}", scheduled_at="2099-12-24T18:00:00Z"),
    "PATCH /api/v1/scheduled_statuses/:id": case("{scheduled}", scheduled_at="2099-12-24T18:00:00Z"),
    "DELETE /api/v1/scheduled_statuses/:id": case("{scheduled}"),
    "POST /api/v1/statuses/:id/mute": case("{rich}"),
    "POST /api/v1/statuses/:id/unmute": case("{rich}"),
    # media
    "POST /api/v1/media": Case(multipart=_upload),
    "POST /api/v2/media": Case(multipart=_upload),
    "GET /api/v1/media/:id": case("{unused_picture}"),
    "PUT /api/v1/media/:id": case("{unused_picture}", description="Neu", focus="0.5,-0.5"),
    "PATCH /api/v1/media/:id": case("{unused_picture}", description="Neu"),
    "DELETE /api/v1/media/:id": case("{unused_picture}"),
    "GET /api/v1/custom_emojis": case(),
    # timelines, search
    "GET /api/v1/timelines/home": case(),
    "GET /api/v1/timelines/public": case(),
    "GET /api/v1/timelines/tag/:hashtag": case("brot"),
    "GET /api/v1/tags/:name": case("brot"),
    "POST /api/v1/tags/:name/follow": case("kuchen"),
    "POST /api/v1/tags/:name/unfollow": case("brot"),
    "POST /api/v1/tags/:id/feature": case("kuchen"),
    "POST /api/v1/tags/:id/unfeature": case("brot"),
    "GET /api/v2/search": case(q="brot"),
    "GET /api/v1/timelines/link": case(url="https://genossenschaft.example/brot"),
    "GET /api/oembed": case(url="{rich_url}"),
    "GET /api/v1/peers/search": case(q="else"),
    "GET /api/v1/trends": case(),
    "GET /api/v1/trends/links": case(),
    "GET /api/v1/trends/statuses": case(),
    "GET /api/v1/trends/tags": case(),
    "GET /api/v1/markers": case(**{"timeline[]": ["home", "notifications"]}),
    "POST /api/v1/markers": case(home={"last_read_id": "{rich}"}),
    # lists
    "GET /api/v1/lists": case(),
    "POST /api/v1/lists": case(title="Nachbarn", replies_policy="followed", exclusive=True),
    "GET /api/v1/lists/:id": case("{list}"),
    "PUT /api/v1/lists/:id": case("{list}", title="Neu", replies_policy="none"),
    "PATCH /api/v1/lists/:id": case("{list}", title="Neu"),
    "DELETE /api/v1/lists/:id": case("{list}"),
    "GET /api/v1/lists/:id/accounts": case("{list}"),
    "POST /api/v1/lists/:id/accounts": case("{list}", account_ids=["{emil}"]),
    "DELETE /api/v1/lists/:id/accounts": case("{list}", account_ids=["{bertha}"]),
    "GET /api/v1/timelines/list/:list_id": case("{list}"),
    # filters
    "GET /api/v1/filters": case(),
    "POST /api/v1/filters": case(phrase="Kuchen", context=["home"], irreversible=True, expires_in=60),
    "GET /api/v1/filters/:id": case("{keyword}"),
    "PUT /api/v1/filters/:id": case("{keyword}", phrase="Kuchen", context=["home"]),
    "PATCH /api/v1/filters/:id": case("{keyword}", phrase="Kuchen"),
    "DELETE /api/v1/filters/:id": case("{keyword}"),
    "GET /api/v2/filters": case(),
    "POST /api/v2/filters": case(
        title="Kuchen",
        context=["home", "thread"],
        filter_action="blur",
        expires_in=60,
        keywords_attributes=[{"keyword": "Kuchen", "whole_word": False}],
    ),
    "GET /api/v2/filters/:id": case("{filter}"),
    "PUT /api/v2/filters/:id": case("{filter}", title="Neu", context=["public"]),
    "PATCH /api/v2/filters/:id": case("{filter}", filter_action="hide"),
    "DELETE /api/v2/filters/:id": case("{filter}"),
    "GET /api/v2/filters/:filter_id/keywords": case("{filter}"),
    "POST /api/v2/filters/:filter_id/keywords": case("{filter}", keyword="Torte", whole_word=True),
    "GET /api/v2/filters/keywords/:id": case("{keyword}"),
    "PUT /api/v2/filters/keywords/:id": case("{keyword}", keyword="Torte"),
    "PATCH /api/v2/filters/keywords/:id": case("{keyword}", whole_word=False),
    "DELETE /api/v2/filters/keywords/:id": case("{keyword}"),
    "GET /api/v2/filters/:filter_id/statuses": case("{filter}"),
    "POST /api/v2/filters/:filter_id/statuses": case("{filter}", status_id="{rich}"),
    "GET /api/v2/filters/statuses/:id": case("{filter_status}"),
    "DELETE /api/v2/filters/statuses/:id": case("{filter_status}"),
    "GET /api/v1/conversations": case(),
    "POST /api/v1/conversations/:id/read": case("{conversation}"),
    "POST /api/v1/conversations/:id/unread": case("{conversation}"),
    "DELETE /api/v1/conversations/:id": case("{conversation}"),
    "GET /api/v1/announcements": case(),
    "POST /api/v1/announcements/:id/dismiss": case("{announcement}"),
    "PUT /api/v1/announcements/:id/reactions/:name": case("{announcement}", "🎉"),
    "PATCH /api/v1/announcements/:id/reactions/:name": case("{announcement}", "🎉"),
    "DELETE /api/v1/announcements/:id/reactions/:name": case("{announcement}", "blobcat"),
    "POST /api/v1/reports": case(
        account_id="{bertha}", status_ids=["{reply}"], rule_ids=["1"], comment="Na!"
    ),
    "GET /api/v1/push/subscription": case(),
    "PUT /api/v1/push/subscription": case(data={"alerts": {"mention": True}}),
    "PATCH /api/v1/push/subscription": case(data={"alerts": {"mention": True}, "policy": "followed"}),
    "POST /api/v1/push/subscription": case(subscription=PUSH),
    "DELETE /api/v1/push/subscription": case(),
    "DELETE /api/web/push_subscriptions/:id": case("{push_signed}"),
    # notifications
    "GET /api/v1/notifications": case(),
    "GET /api/v1/notifications/:id": case("{notification}"),
    "POST /api/v1/notifications/:id/dismiss": case("{notification}"),
    "POST /api/v1/notifications/clear": case(),
    "GET /api/v1/notifications/unread_count": case(),
    "GET /api/v2/notifications": case(**{"types[]": ["mention", "favourite"], "expand_accounts": "full"}),
    "GET /api/v2/notifications/:group_key": case("ungrouped-{notification}"),
    "GET /api/v2/notifications/:group_key/accounts": case("ungrouped-{notification}"),
    "POST /api/v2/notifications/:group_key/dismiss": case("ungrouped-{notification}"),
    "POST /api/v2/notifications/clear": case(),
    "GET /api/v2/notifications/unread_count": case(),
    "GET /api/v1/notifications/policy": case(),
    "GET /api/v2/notifications/policy": case(),
    "GET /api/v1/notifications/requests": case(),
    "GET /api/v1/notifications/requests/:id": case("{request}"),
    "POST /api/v1/notifications/requests/:id/accept": case("{request}"),
    "POST /api/v1/notifications/requests/:id/dismiss": case("{request}"),
    "POST /api/v1/notifications/requests/accept": case(**{"id[]": ["{request}"]}),
    "POST /api/v1/notifications/requests/dismiss": case(**{"id[]": ["{request}"]}),
    "PUT /api/v1/notifications/policy": case(filter_bots=True),
    "PATCH /api/v1/notifications/policy": case(filter_bots=True),
    "PUT /api/v2/notifications/policy": case(for_bots="drop"),
    "PATCH /api/v2/notifications/policy": case(for_bots="drop"),
    "GET /api/v1/notifications/requests/merged": case(),
    # what is not offered here
    "GET /api/v1/annual_reports": case(),
    "GET /api/v1/annual_reports/:year/state": case("2026"),
    "POST /api/v1/annual_reports/:year/generate": case("2026"),
    "GET /api/v1/donation_campaigns": case(),
    # about this server
    "GET /api/v1/instance": case(),
    "GET /api/v2/instance": case(),
    "GET /api/v1/instance/activity": case(),
    "GET /api/v1/instance/domain_blocks": case(),
    "GET /api/v1/instance/extended_description": case(),
    "GET /api/v1/instance/languages": case(),
    "GET /api/v1/instance/peers": case(),
    "GET /api/v1/instance/privacy_policy": case(),
    "GET /api/v1/instance/rules": case(),
    "GET /api/v1/instance/terms_of_service": case(),
    "GET /api/v1/instance/terms_of_service/:date": case("{terms_day}"),
    "GET /api/v1/instance/translation_languages": case(),
    "GET /health": case(),
    "GET /.well-known/webfinger": case(resource=f"acct:anna@{settings.LOCAL_DOMAIN}"),
    "GET /.well-known/nodeinfo": case(),
    "GET /.well-known/oauth-authorization-server": case(),
    "GET /nodeinfo/2.0": case(),
    "GET /oauth/userinfo": case(),
    "GET /oauth/token/info": case(),
    "POST /oauth/introspect": case(token="gone", client_id="{client_id}", client_secret="{client_secret}"),
    "POST /oauth/userinfo": case(),
    "POST /oauth/token": case(
        grant_type="client_credentials", client_id="{client_id}", client_secret="{client_secret}"
    ),
    "POST /oauth/revoke": case(token="gone", client_id="{client_id}", client_secret="{client_secret}"),
}
