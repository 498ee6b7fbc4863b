"""manage.py federation: what did not go through is seen, tried again or given up."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from federation import delivery
from federation.models import Delivery, InboxItem

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> list[Any]:
    out = io.StringIO()
    call_command("federation", *arguments, "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture
def dead_item() -> InboxItem:
    return InboxItem.objects.create(
        activity_id="https://dora.example/likes/1",
        actor_uri="https://dora.example/users/dora",
        host="dora.example",
        activity_type="Like",
        body="{}",
        state=InboxItem.State.DEAD,
        attempts=10,
        last_error="ZeroDivisionError: by zero",
        received_at=datetime.now(UTC),
    )


@pytest.fixture
def dead_delivery() -> Delivery:
    document = {"id": "https://social.example/1", "type": "Create"}
    inboxes = ["https://dora.example/inbox", "https://emil.example/inbox"]
    with transaction.atomic():
        delivery.deliver(document, sender_uri="https://social.example/users/anna", inboxes=inboxes)
    Delivery.objects.filter(host="dora.example").update(state="dead", attempts=16, last_error="answered 500")
    return Delivery.objects.get(host="dora.example")


def test_a_dead_activity_is_listed_with_its_reason_and_tried_again(dead_item: InboxItem) -> None:
    [row] = run("inbox", "list")
    assert (row["id"], row["type"], row["reason"]) == (dead_item.pk, "Like", "ZeroDivisionError: by zero")
    assert run("inbox", "list", "--host", "emil.example") == []
    assert run("inbox", "show", "--id", str(dead_item.pk)) == [{**row, "body": "{}"}]
    assert run("inbox", "retry", "--id", str(dead_item.pk)) == [{"count": 1}]
    dead_item.refresh_from_db()
    assert (dead_item.state, dead_item.attempts) == ("queued", 0)
    assert run("inbox", "list") == []


def test_a_dead_activity_is_dropped(dead_item: InboxItem) -> None:
    assert run("inbox", "drop", "--host", "dora.example") == [{"count": 1}]
    dead_item.refresh_from_db()
    assert (dead_item.state, dead_item.body) == ("done", "")


def test_dead_deliveries_are_listed_and_tried_again(dead_delivery: Delivery) -> None:
    [row] = run("deliveries", "list")
    [shown] = run("deliveries", "show", "--id", str(row["id"]))
    assert json.loads(shown["body"])["type"] == "Create"
    assert (row["peer"], row["reason"]) == ("https://dora.example/inbox", "answered 500")
    assert [row["peer"] for row in run("deliveries", "list", "--state", "queued")] == [
        "https://emil.example/inbox"
    ]
    assert run("deliveries", "retry") == [{"count": 1}]
    dead_delivery.refresh_from_db()
    assert (dead_delivery.state, dead_delivery.attempts) == ("queued", 0)


def test_dead_deliveries_are_dropped(dead_delivery: Delivery) -> None:
    assert run("deliveries", "drop", "--host", "dora.example") == [{"count": 1}]
    dead_delivery.refresh_from_db()
    assert dead_delivery.state == "dropped"


@pytest.mark.parametrize("kind", ["inbox", "deliveries"])
def test_nothing_is_dropped_by_mistake(kind: str, dead_item: InboxItem, dead_delivery: Delivery) -> None:
    with pytest.raises(CommandError):
        run(kind, "drop")
