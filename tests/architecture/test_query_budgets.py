"""Hot pages cost the same number of queries for few and for 40 statuses: renderers ask nothing."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.entities.rendered import account_bytes
from accounts.relationships import follow
from media.models import CustomEmoji
from tests.cast import ApiClient, api_client, make_account, make_remote_account
from tests.timelines.people import Person, person
from timelines.entities.status_public import public_parts
from timelines.interactions import bookmark, favourite, reblog
from timelines.models import Mention, Status, Tag
from timelines.notifications import notify
from timelines.statuses import status_created

pytestmark = pytest.mark.django_db

# What nobody has read yet is rendered, in one batch whose queries do not count its statuses.
MOST_AT_FIRST = 20
# The smallest page with one of each kind: what a page does not have is not asked for.
FEW = 3


def queries(app: ApiClient, path: str, limit: int) -> tuple[int, int, int]:
    """Return how many queries a page takes at first and again, and how many entries it has."""
    for rendered in (public_parts, account_bytes):
        rendered.clear()
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            answer = app.get(path, {"limit": limit})
        assert answer.status_code == 200, answer.content
        counts.append(len(captured))
    body: Any = answer.json()
    return counts[0], counts[1], len(body)


@pytest.fixture
def reader() -> Person:
    """Somebody with 40 statuses to read, each with all that a status can have, half of them reblogs."""
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    reader = person("bertha")
    CustomEmoji.objects.create(
        shortcode="blob",
        domain="elsewhere.example",
        remote_url="https://elsewhere.example/b.png",
        updated_at=now,
    )
    for number in range(20):
        author = make_remote_account(f"autorin{number}", display_name=f"Autorin :blob: {number}")
        booster = make_account(f"freund{number}")
        status = Status.objects.create(
            uri=f"{author.uri}/1",
            account=author,
            is_local=False,
            content="<p>:blob: @bertha #thema</p>",
            visibility="public",
            language="de",
            created_at=now,
        )
        Mention.objects.create(status=status, account=reader.account)
        status.tags.add(Tag.objects.get_or_create(name="thema", display_name="Thema")[0])
        status_created(status)
        follow(reader.account, booster)
        reblog(booster, status)
        favourite(booster, status)
        favourite(reader.account, status)
        bookmark(reader.account, status)
        notify([reader.account.pk], "favourite", booster, origin_id=number + 1, status=status)
        own = Status.objects.create(
            uri=f"{reader.account.uri}/statuses/{number}",
            account=reader.account,
            is_local=True,
            content="<p>meins</p>",
            visibility="public",
            created_at=now,
        )
        own.tags.add(Tag.objects.get(name="thema"))
        favourite(reader.account, own)
        bookmark(reader.account, own)
    return reader


def test_pages_cost_the_same_for_few_and_for_forty(reader: Person) -> None:
    by_id = f"/api/v1/accounts/{reader.account.pk}/statuses"
    most = {
        "/api/v1/timelines/home": 4,
        "/api/v1/timelines/public": 4,
        "/api/v1/timelines/tag/thema": 4,
        "/api/v1/favourites": 4,
        "/api/v1/bookmarks": 4,
        "/api/v1/notifications": 8,
        by_id: 4,
    }
    reader.home()
    for path, limit in most.items():
        few, many = queries(reader.app, path, FEW), queries(reader.app, path, 40)
        assert many[2] == (20 if path == by_id else 40), path
        assert few[1] == many[1], (path, few, many)
        assert many[0] <= MOST_AT_FIRST and many[1] <= limit, (path, many)


def test_anonymous_pages_too(reader: Person) -> None:
    for path in ("/api/v1/timelines/public", "/api/v1/timelines/tag/thema"):
        few, many = queries(api_client(), path, FEW), queries(api_client(), path, 40)
        assert few[1] == many[1], path
        assert many[0] <= MOST_AT_FIRST and many[1] <= 2, (path, many)


def test_a_thread_of_fifty(reader: Person) -> None:
    root = reader.post("Anfang")
    for number in range(50):
        reader.post(f"{number}", in_reply_to_id=root["id"])
    path = f"/api/v1/statuses/{root['id']}/context"
    reader.see(path)
    with CaptureQueriesContext(connection) as captured:
        assert len(reader.see(path)["descendants"]) == 50
    assert len(captured) <= 8
