"""What a post costs in statements: before the answer, and in the job that hands it out."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from tests.timelines.people import Person, let_follow, person
from timelines.drafts import StatusDraft
from timelines.fanout import fan_out
from timelines.statuses import publish_status


def count(action: Callable[[], Any]) -> int:
    """Return how many statements something makes; a savepoint is no more than this test's own BEGIN."""
    with CaptureQueriesContext(connection) as captured:
        action()
    return sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries)


def post_again(who: Person, text: str = "Frisches #Brot") -> int:
    """Return what a post costs whose hashtags are known."""
    who.post(text)
    return count(lambda: who.app.post("/api/v1/statuses", {"status": text}, Idempotency_Key=text))


def test_writing_a_post_costs_few_statements(anna: Person) -> None:
    anna.post("Frisches #Brot")
    # The post, its hashtag found and put in, counters, who wants to be told, who is elsewhere.
    assert count(lambda: publish_status(anna.account, StatusDraft(text="Noch mehr #Brot"))) <= 6


def test_a_post_costs_the_same_however_many_follow(anna: Person, bertha: Person) -> None:
    few = post_again(anna)
    for number in range(5):
        let_follow(person(f"leserin{number}").account, anna.account)
    assert post_again(anna, "Noch mehr #Brot") == few <= 15


def test_five_mentions_cost_what_one_costs(anna: Person, bertha: Person, cem: Person) -> None:
    one = post_again(anna, "Guten Morgen, @bertha")
    for number in range(3):
        person(f"leserin{number}")
    assert post_again(anna, "Alle da? @bertha @cem @leserin0 @leserin1 @leserin2") == one


def test_a_follower_elsewhere_costs_what_is_owed_to_others(anna: Person, dora: Account) -> None:
    alone = post_again(anna)
    let_follow(dora, anna.account)
    # Two policies about the server of the follower, the activity, and its deliveries.
    assert post_again(anna, "Noch mehr #Brot") - alone <= 4


def test_handing_out_costs_the_same_however_many_follow(anna: Person, bertha: Person) -> None:
    status_id = int(anna.post("Frisches #Brot")["id"])
    few = count(lambda: fan_out(status_id=status_id))
    for number in range(5):
        let_follow(person(f"leserin{number}").account, anna.account)
    handed_out = count(lambda: fan_out(status_id=status_id))
    assert handed_out == few <= 9
