"""The home feed: what belongs into it, what is left out, and that it never depends on Redis."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from accounts.models import Account, Follow
from accounts.relationships import block, block_domain, follow, mute, unfollow, unmute
from core import pubsub, ratelimit
from core.ids import new_id
from tests.timelines.people import Person, let_follow, person
from timelines import feeds
from timelines.fanout import fan_out, sweep_fan_out
from timelines.models import Status

pytestmark = pytest.mark.django_db
Run = Callable[[], None]


def test_home_shows_own_and_followed_newest_first(
    anna: Person, bertha: Person, cem: Person, run_jobs: Run
) -> None:
    assert bertha.home() == []
    anna.post("eins")
    bertha.post("zwei")
    cem.post("fremd")
    run_jobs()

    assert bertha.home() == ["zwei", "eins"]
    assert cem.home() == ["fremd"]


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
def test_followers_read_at_home_what_is_for_them(
    anna: Person, bertha: Person, run_jobs: Run, visibility: str
) -> None:
    bertha.home()
    anna.post("Hallo", visibility=visibility)
    run_jobs()

    assert bertha.home() == ["Hallo"]


def test_a_direct_message_reaches_the_home_of_a_mentioned_follower_only(
    anna: Person, bertha: Person, cem: Person, run_jobs: Run
) -> None:
    other = person("frida")
    let_follow(other.account, anna.account)
    for reader in (bertha, cem, other):
        reader.home()
    anna.post("@bertha @cem psst", visibility="direct")
    run_jobs()

    assert [len(reader.home()) for reader in (anna, bertha, cem, other)] == [1, 1, 0, 0]


def test_replies_to_strangers_stay_away(anna: Person, bertha: Person, cem: Person, run_jobs: Run) -> None:
    bertha.home()
    foreign, own = cem.post("fremd"), anna.post("Frage")
    mine = bertha.post("meins")
    anna.post("an Cem", in_reply_to_id=foreign["id"])
    anna.post("weiter", in_reply_to_id=own["id"])
    anna.post("an Bertha", in_reply_to_id=mine["id"])
    run_jobs()

    assert bertha.home() == ["an Bertha", "weiter", "meins", "Frage"]
    follow(bertha.account, cem.account)
    run_jobs()
    assert bertha.home() == ["an Bertha", "weiter", "an Cem", "meins", "Frage", "fremd"]


def test_reblogs_come_unless_they_are_hidden(
    anna: Person, bertha: Person, cem: Person, run_jobs: Run
) -> None:
    bertha.home()
    anna.do("reblog", cem.post("gut gesagt"))
    run_jobs()

    assert bertha.home() == ["gut gesagt"]
    follow(bertha.account, anna.account, show_reblogs=False)
    assert bertha.home() == []


def test_a_page_shows_a_status_once(anna: Person, bertha: Person, run_jobs: Run) -> None:
    bertha.home()
    status = anna.post("einmal")
    anna.post("dazwischen")
    anna.do("reblog", status)
    run_jobs()

    assert bertha.home() == ["dazwischen", "einmal"]


def test_chosen_languages(anna: Person, bertha: Person, run_jobs: Run) -> None:
    follow(bertha.account, anna.account, languages=["de"])
    bertha.home()
    anna.post("deutsch", language="de")
    anna.post("english", language="en")
    run_jobs()

    assert bertha.home() == ["deutsch"]


def test_mutes_and_blocked_domains_hide_at_once_and_give_back(
    anna: Person, bertha: Person, cem: Person, dora: Account, run_jobs: Run
) -> None:
    bertha.home()
    anna.do("reblog", cem.post("von Cem"))
    anna.post("sagt @cem")
    run_jobs()

    mute(bertha.account, cem.account)
    assert bertha.home() == []
    unmute(bertha.account, cem.account)
    assert len(bertha.home()) == 2
    mute(bertha.account, anna.account)
    assert bertha.home() == []


def test_blocked_domains_are_left_out(anna: Person, bertha: Person, dora: Account, run_jobs: Run) -> None:
    status = Status.objects.create(
        uri="https://elsewhere.example/1",
        account=dora,
        is_local=False,
        visibility="public",
        created_at=datetime.now(UTC),
    )
    anna.do("reblog", {"id": str(status.pk)})
    run_jobs()
    assert len(bertha.home()) == 1

    block_domain(bertha.account, "elsewhere.example")

    assert bertha.home() == []


def test_a_block_and_an_unfollow_empty_the_feed(anna: Person, bertha: Person, run_jobs: Run) -> None:
    anna.post("Hallo")
    run_jobs()
    assert bertha.home() == ["Hallo"]

    unfollow(bertha.account, anna.account)
    run_jobs()
    assert bertha.home() == []
    follow(bertha.account, anna.account)
    run_jobs()
    assert bertha.home() == ["Hallo"]
    block(anna.account, bertha.account)
    run_jobs()
    assert bertha.home() == []


def test_deleted_statuses_leave(anna: Person, bertha: Person, run_jobs: Run) -> None:
    bertha.home()
    status = anna.post("weg")
    run_jobs()
    anna.app.delete(f"/api/v1/statuses/{status['id']}")

    assert bertha.home() == []


def test_the_feed_is_rebuilt_when_redis_lost_it(anna: Person, bertha: Person, run_jobs: Run) -> None:
    for number in range(3):
        anna.post(str(number))
    run_jobs()
    assert bertha.home() == ["2", "1", "0"]

    pubsub.connection().flushdb()

    assert bertha.home() == ["2", "1", "0"]
    anna.post("3")
    run_jobs()
    assert bertha.home() == ["3", "2", "1", "0"]
    assert pubsub.connection().zcard(f"feed:home:{bertha.account.pk}") == 5


def test_home_answers_without_redis(
    anna: Person, bertha: Person, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna.post("trotzdem")
    run_jobs()
    nobody = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.5)
    for user_of_redis in (pubsub, ratelimit):
        monkeypatch.setattr(user_of_redis, "connection", lambda: nobody)

    assert bertha.home() == ["trotzdem"]


def test_a_status_published_while_the_feed_is_built_is_not_lost(
    anna: Person, bertha: Person, run_jobs: Run
) -> None:
    """The moment between the query and its result: the job of a new status, then a change of follows."""
    from unittest.mock import patch

    anna.post("alt")
    run_jobs()
    made: list[Status] = []
    read_rows = feeds.feed_rows

    def rows_and_then_a_new_status(account: Account) -> Any:
        found = Status.objects.filter(pk__in=list(read_rows(account).values_list("pk", flat=True)))
        made.append(Status.objects.get(pk=anna.post("neu")["id"]))
        run_jobs()
        return found

    with patch.object(feeds, "feed_rows", rows_and_then_a_new_status):
        feeds._build(bertha.account)

    assert bertha.home() == ["neu", "alt"]

    def rows_and_then_a_drop(account: Account) -> Any:
        feeds.drop(account.pk)
        return read_rows(account)

    feeds.drop(bertha.account.pk)
    with patch.object(feeds, "feed_rows", rows_and_then_a_drop):
        feeds._build(bertha.account)
    assert not pubsub.connection().exists(f"feed:home:{bertha.account.pk}")


def test_feeds_are_capped_and_what_is_older_comes_from_the_database(
    anna: Person, bertha: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "CAP", 5)
    start = datetime.now(UTC) - timedelta(days=1)
    for number in range(9):
        moment = start + timedelta(minutes=number)
        Status.objects.create(
            id=new_id(moment),
            uri=f"{anna.account.uri}/statuses/{number}",
            account=anna.account,
            is_local=True,
            content=f"<p>{number}</p>",
            visibility="public",
            created_at=moment,
        )
    bertha.home()
    for status_id in Status.objects.values_list("pk", flat=True):
        fan_out(status_id=status_id)

    assert pubsub.connection().zcard(f"feed:home:{bertha.account.pk}") == 6
    assert bertha.home() == [str(number) for number in range(8, -1, -1)]


def test_home_pages_both_ways(anna: Person, bertha: Person, run_jobs: Run) -> None:
    ids = [anna.post(str(number))["id"] for number in range(7)]
    run_jobs()
    for _ in range(2):
        # First from PostgreSQL, then from Redis.
        assert bertha.home(limit=3) == ["6", "5", "4"]
        assert bertha.home(limit=3, max_id=ids[4]) == ["3", "2", "1"]
        assert bertha.home(limit=3, min_id=ids[1]) == ["4", "3", "2"]
        assert bertha.home(limit=3, since_id=ids[1]) == ["6", "5", "4"]
        assert bertha.home(max_id=ids[4], min_id=ids[1]) == ["3", "2"]
    answer = bertha.app.get("/api/v1/timelines/home", {"limit": 3})
    assert f"limit=3&max_id={ids[4]}" in answer["Link"]
    assert f"limit=3&min_id={ids[6]}" in answer["Link"]
    assert "Link" not in bertha.app.get("/api/v1/timelines/home", {"max_id": ids[0]})


def test_both_rules_of_what_belongs_into_a_feed_agree(
    anna: Person, bertha: Person, cem: Person, dora: Account
) -> None:
    """Every kind of status × every reader: the rows of the reader's feed are those handed to the reader."""
    reader, silent = person("frida"), person("gerd")
    for who, options in (
        (bertha, {"show_reblogs": False}),
        (cem, {"languages": ["fr"]}),
        (reader, {}),
        (silent, {}),
    ):
        follow(who.account, anna.account, **options)
    follow(reader.account, cem.account)
    foreign, mine = cem.post("fremd"), bertha.post("Berthas")
    own = anna.post("deutsch", language="de")
    anna.post("français", language="fr")
    for visibility in ("unlisted", "private", "direct"):
        anna.post(f"@bertha @frida {visibility}", visibility=visibility)
    for parent in (foreign, mine, own):
        anna.post("Antwort", in_reply_to_id=parent["id"])
        anna.do("reblog", parent)

    for status in Status.objects.select_related("account"):
        handed = set(feeds.receiving_followers(status).values_list("account", flat=True))
        if status.account.is_local:
            handed.add(status.account_id)
        for who in (anna, bertha, cem, reader, silent):
            belongs = feeds.feed_rows(who.account).filter(pk=status.pk).exists()
            assert belongs == (who.account.pk in handed), (who.account, status.content, status.visibility)


def test_a_lost_job_is_found_again(anna: Person, bertha: Person, run_jobs: Run) -> None:
    from django.db import connection

    bertha.home()
    anna.post("verloren")
    connection.run_on_commit.clear()
    assert bertha.home() == []
    now = datetime.now(UTC)

    sweep_fan_out(now)
    assert bertha.home() == []
    sweep_fan_out(now + timedelta(minutes=2))

    assert bertha.home() == ["verloren"]
    assert not Status.objects.filter(fanned_out_at__isnull=True).exists()


def test_a_job_that_runs_twice_is_harmless(anna: Person, bertha: Person, run_jobs: Run) -> None:
    bertha.home()
    status = anna.post("einmal")
    run_jobs()

    fan_out(status_id=int(status["id"]))

    assert bertha.home() == ["einmal"]


def test_many_followers_are_served_in_batches(
    anna: Person, bertha: Person, cem: Person, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from timelines import fanout

    monkeypatch.setattr(fanout, "_BATCH", 1)
    follow(cem.account, anna.account)
    readers = (bertha, cem)
    for reader in readers:
        reader.home()
    anna.post("für alle")
    run_jobs()

    assert [reader.home() for reader in readers] == [["für alle"], ["für alle"]]
    assert Follow.objects.count() == 2
