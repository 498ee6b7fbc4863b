"""What real apps cannot do without: the fields of `data/required-fields.yaml`, in every answer of the cases.

The file was read from the sources of the apps. The schemas of the contract are looser in places: what an app
crashes on is looked for in the answers themselves.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from tests.cast import api_client, make_account
from tests.contract.cases import CASES
from tests.contract.contract import DATA, parts
from tests.contract.test_endpoints import ALL, EVERYTHING, ask
from tests.contract.world import World, do, expect
from tests.jobs import run_waiting_jobs
from timelines.streaming.messages import Message

# So that the database is there when nothing but this file is run.
pytestmark = pytest.mark.django_db

Found = dict[str, list[Any]]

REQUIRED = yaml.load((DATA / "required-fields.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)

# Where the file calls an entity otherwise than the contract: its schema, and the way from there.
NAMES = {
    "Account.PublicRole": "AccountRole",
    "AccountCollection": "Collection",
    "AccountCollections": "Collections",
    "AccountWarning.Appeal": "Appeal",
    "AdminReport": "Admin_Report",
    "Announcement.AnnouncementStatus": "Announcement_Status",
    "CredentialedRole": "CredentialAccount role",
    "Instance.configuration": "Instance configuration",
    "Instance.configuration.accounts": "Instance configuration accounts",
    "Instance.configuration.media_attachments": "Instance configuration media_attachments",
    "Instance.configuration.polls": "Instance configuration polls",
    "Instance.configuration.statuses": "Instance configuration statuses",
    "Instance.configuration.translation": "Instance configuration translation",
    "Instance.contact": "Instance contact",
    "Instance.registrations": "Instance registrations",
    "Instance.thumbnail": "Instance thumbnail",
    "Instance.usage": "Instance usage",
    "MediaAttachment(upload)": "MediaAttachment",
    "MediaAttachment.meta.focus": "MediaAttachment meta focus",
    "MediaAttachment.meta.size": "MediaAttachment meta original",
    "Mention": "Status_Mention",
    "NodeInfo JRD": "NodeInfoDiscovery",
    "NodeInfo JRD.links": "NodeInfoDiscovery links",
    "NotificationPolicy.summary": "NotificationPolicy summary",
    "PartialAccount": "PartialAccountWithAvatar",
    "Poll::Option": "PollOption",
    "PreviewCard.author": "PreviewCardAuthor",
    "ScheduledStatus.Parameters": "ScheduledStatus params",
    "Source": "CredentialAccount source",
    "StatusEdit.Poll": "StatusEdit poll",
    "StatusEdit.Poll.Option": "StatusEdit poll options",
    "Tag(trending)": "TrendingTag",
    "Tag::History": "TagHistory",
    "Trends::Link": "Trends_Link",
    "V1::Filter": "V1_Filter",
    "V1::Instance": "V1_Instance",
    "V1::NotificationPolicy": "V1_NotificationPolicy",
    "streaming event": "StreamingEvent",
    "WebPushSubscription.alerts": "WebPushSubscription alerts",
}
# Nobody has these in this world, or this server never tells them: it translates nothing, lets nobody wait for
# an answer, and neither warnings nor severed relations are in the cases. They are looked at once they come.
RARE = {name for name in REQUIRED if name.startswith(("Translation", "AccountWarning", "AccountCollection"))}
RARE |= {"AdminReport", "Announcement.AnnouncementStatus", "AsyncRefresh", "RelationshipSeveranceEvent"}
RARE |= {"Collection", "CollectionItem", "CollectionWithAccounts"}
# Mastodon does not tell them either: the app that has them in its model never asks.
NOBODY_TELLS = {"Announcement": {"created_at", "text"}}


@pytest.fixture(scope="module")
def found(world: World) -> Found:
    """Every entity in every answer, by its name in the contract."""
    entities: Found = defaultdict(list)
    for name, case in CASES.items():
        with _undone():
            _keep(entities, name, ask(world, name, world.client(case.who, EVERYTHING)))
    with _undone():
        _look_closer(world, entities)
    # What a result tells of its filter, and a group that was asked for by its key, is less.
    results = [id(result["filter"]) for result in entities["FilterResult"]]
    entities["Filter"] = [one for one in entities["Filter"] if id(one) not in results]
    entities["NotificationGroup"] = [one for one in entities["NotificationGroup"] if "page_min_id" in one]
    return entities


def _look_closer(world: World, entities: Found) -> None:
    """Ask for what no case asks for."""
    expect(world.app.patch("/api/v2/notifications/policy", {"for_not_following": "accept"}))
    for name in ("maria", "nele"):
        do(api_client(make_account(name)), "/api/v1/statuses/{rich}/favourite", world.ids)
    run_waiting_jobs()
    few = world.app.get("/api/v2/notifications", {"expand_accounts": "partial_avatars"})
    _keep(entities, "GET /api/v2/notifications", few)
    path = f"/api/v1/statuses/{world.ids['rich']}"
    poll = {"options": ["Brot", "Kuchen", "Beides"], "expires_in": 3600}
    expect(world.app.put(path, {"status": "Anders", "poll": poll}))
    _keep(entities, "GET /api/v1/statuses/:id/history", world.app.get(f"{path}/history"))
    entities["TrendingTag"] += expect(world.app.get("/api/v1/trends/tags"))
    entities["Error"].append(world.app.get("/api/v1/statuses/1").json())
    frame = Message(event="update", payload="{}", has_media=False).websocket_frame(("user",), account_id=1)
    entities["StreamingEvent"].append(json.loads(frame))


def _keep(entities: Found, name: str, answer: Any) -> None:
    if answer.headers.get("Content-Type", "").startswith("application/json") and answer.content:
        for entity, value in parts(ALL[name], answer.json()):
            entities[entity].append(value)


@contextmanager
def _undone() -> Iterator[None]:
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _reached(values: list[Any], way: list[str]) -> Iterator[Any]:
    for value in values:
        for part in value if isinstance(value, list) else [value]:
            if not way:
                yield part
            elif isinstance(part, dict) and part.get(way[0]) is not None:
                yield from _reached([part[way[0]]], way[1:])


@pytest.mark.parametrize("entity", REQUIRED)
def test_apps_find_what_they_need(found: Found, entity: str) -> None:
    name, *way = NAMES.get(entity, entity).split(" ")
    values = list(_reached(found[name], way))
    assert values or entity in RARE, "no answer has one"
    for value in values:
        for field, apps in REQUIRED[entity].items():
            levels = {level.partition(" ")[0] for level in apps.values()}
            if field not in NOBODY_TELLS.get(entity, ()):
                assert _is_enough(value, field, levels), (field, apps, value)


def _is_enough(value: dict[str, Any], field: str, levels: set[str]) -> bool:
    if field not in value:
        return levels == {"nonnull"}
    return value[field] is not None or levels == {"key-must-exist"}


TYPES: list[tuple[str, str, Any]] = [
    ("NotificationGroup", "most_recent_notification_id", int),
    ("WebPushSubscription", "id", int),
    ("NotificationRequest", "notifications_count", str),
    ("TagHistory", "uses", str),
    ("TagHistory", "accounts", str),
    ("TagHistory", "day", str),
    ("Poll", "own_votes", list),
    # Tag knows nothing rather than null.
    ("Tag", "following", bool),
    ("Tag", "history", list),
    # An explicit null breaks Tusky.
    *(("Status", name, bool) for name in ("favourited", "reblogged", "bookmarked", "muted", "pinned")),
    ("Status", "tags", list),
]


@pytest.mark.parametrize(("entity", "field", "kind"), TYPES)
def test_apps_find_the_type_that_they_read(found: Found, entity: str, field: str, kind: type) -> None:
    values = [value[field] for value in found[entity] if field in value]
    assert values
    assert all(type(value) is kind for value in values)


def test_a_poll_always_says_when_it_ends(found: Found) -> None:
    assert all("expires_at" in poll for poll in found["Poll"])


@pytest.mark.parametrize("entity", ["Account", "CustomEmoji"])
def test_addresses_of_pictures_are_never_empty(found: Found, entity: str) -> None:
    for value in found[entity]:
        for name in ("avatar", "avatar_static", "header", "header_static", "url", "static_url"):
            assert value.get(name, "https:").startswith("http")


def test_times_have_milliseconds(found: Found) -> None:
    times = [
        text
        for values in found.values()
        for value in values
        if isinstance(value, dict)
        for name, text in value.items()
        if name.endswith("_at") and isinstance(text, str) and name != "last_status_at"
    ]
    assert times
    assert [text for text in times if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)] == []
