"""manage.py federation: what did not go through is seen, tried again or given up."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from federation import claims, delivery, peers
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
    assert not Delivery.objects.filter(pk=dead_delivery.pk).exists()


@pytest.mark.parametrize("kind", ["inbox", "deliveries"])
def test_nothing_is_dropped_by_mistake(kind: str, dead_item: InboxItem, dead_delivery: Delivery) -> None:
    with pytest.raises(CommandError):
        run(kind, "drop")


# manage.py peers


def ask_peers(*arguments: str) -> list[Any]:
    out = io.StringIO()
    call_command("peers", *arguments, "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_how_peers_are_doing(dead_delivery: Delivery) -> None:
    now = datetime.now(UTC)
    peers.note_success(["emil.example"], now)
    for day in range(7):
        peers.note_failures({"dora.example": 1}, now - timedelta(days=day))
    assert [row["host"] for row in ask_peers("list")] == ["dora.example", "emil.example"]
    for option in ("--failing", "--unavailable"):
        assert [row["host"] for row in ask_peers("list", option)] == ["dora.example"]
    [shown] = ask_peers("show", "DORA.example")
    assert (shown["failures"], len(shown["bad_days"]), shown["unavailable_since"] != "") == (7, 7, True)
    assert (shown["queued"], shown["dead"], shown["reasons"]) == (0, 1, ["answered 500"])


def test_a_peer_is_tried_again(dead_delivery: Delivery) -> None:
    now = datetime.now(UTC)
    peers.note_failures({"emil.example": 10}, now)
    assert not claims.is_anything_due(now)
    assert ask_peers("reset", "emil.example") == [{"host": "emil.example", "retried": 1}]
    assert claims.is_anything_due(datetime.now(UTC))
    assert ask_peers("list", "--failing") == []


def test_a_domain_is_blocked_and_unblocked(dead_delivery: Delivery) -> None:
    assert ask_peers("block", "example", "--comment", "all of them") == [{"host": "example", "dropped": 2}]
    assert peers.is_blocked("dora.example")
    assert ask_peers("show", "dora.example")[0]["policy"] == "suspend"
    assert ask_peers("unblock", "example") == [{"host": "example"}]
    assert not peers.is_blocked("dora.example")


@pytest.mark.parametrize("action", ["show", "reset", "unblock"])
@pytest.mark.parametrize("host", ["unknown.example", "no host"])
def test_a_peer_that_is_not_known(action: str, host: str) -> None:
    with pytest.raises(CommandError):
        call_command("peers", action, host)
