"""Lists: made and changed, who is on them, what is read there and what leaves home."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Account
from accounts.relationships import block, follow, mute, unfollow
from tests.cast import make_account
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, let_follow, person, text_of
from timelines import lists
from timelines.models import Status

pytestmark = pytest.mark.django_db
LISTS = "/api/v1/lists"
Run = Callable[[], None]


def make(who: Person, *members: Account, **fields: Any) -> dict[str, Any]:
    """Make a list with these members."""
    answer = who.app.post(LISTS, {"title": "Nachbarn", **fields})
    assert answer.status_code == 200, answer.content
    assert put_on(who, answer.json(), *members) == 200
    return answer.json()


def put_on(who: Person, made: dict[str, Any], *members: Account) -> int:
    """Put accounts on a list and return the status of the answer."""
    data = {"account_ids": [str(member.pk) for member in members]}
    return who.app.post(f"{LISTS}/{made['id']}/accounts", data).status_code


def on(who: Person, made: dict[str, Any], **params: Any) -> list[str]:
    """Return who is on a list, the latest first."""
    return [account["username"] for account in who.see(f"{LISTS}/{made['id']}/accounts", **params)]


def read(who: Person, made: dict[str, Any], **params: Any) -> list[str]:
    """Return the texts of a list's timeline."""
    return [text_of(status) for status in who.see(f"/api/v1/timelines/list/{made['id']}", **params)]


def test_a_list_is_made_seen_changed_and_deleted(bertha: Person, cem: Person) -> None:
    made = make(bertha)
    assert entity_faults("List", made) == []
    assert (made["replies_policy"], made["exclusive"]) == ("list", False)
    path = f"{LISTS}/{made['id']}"
    changed = bertha.app.put(path, {"title": " Neu ", "replies_policy": "none", "exclusive": "1"}).json()
    assert changed == made | {"title": "Neu", "replies_policy": "none", "exclusive": True}
    assert bertha.app.patch(path, {"exclusive": False}).json()["title"] == "Neu"
    assert bertha.see(LISTS) == [bertha.see(path)]
    for method in ("get", "put", "delete"):
        assert getattr(cem.app, method)(path).status_code == 404
    assert bertha.app.delete(path).json() == {}
    assert bertha.app.get(path).status_code == 404


@pytest.mark.parametrize("wrong", [{"title": ""}, {"title": "x" * 257}, {"replies_policy": "all"}])
def test_wrong_values_are_refused(bertha: Person, wrong: dict[str, Any]) -> None:
    made = make(bertha)

    assert bertha.app.post(LISTS, {"title": "Gut", **wrong}).status_code == 422
    assert bertha.app.put(f"{LISTS}/{made['id']}", wrong).status_code == 422
    assert bertha.app.post(LISTS).status_code == 422
    assert bertha.see(LISTS) == [made]


def test_there_is_an_end(bertha: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lists.MAX_LISTS == 50
    monkeypatch.setattr(lists, "MAX_LISTS", 1)
    make(bertha)

    assert bertha.app.post(LISTS, {"title": "Noch"}).status_code == 422


def test_who_can_be_on_a_list(anna: Person, bertha: Person, cem: Person, dora: Account) -> None:
    locked = make_account("gustav", locked=True)
    follow(bertha.account, locked)
    follow(bertha.account, dora)
    made = make(bertha, anna.account, locked, dora, bertha.account)
    assert on(bertha, made) == ["bertha", "dora", "gustav", "anna"]

    assert put_on(bertha, made, cem.account) == 422
    assert put_on(bertha, made, anna.account) == 422
    path = f"{LISTS}/{made['id']}/accounts"
    for unknown in ("1", "x", "-1", "9" * 40):
        assert bertha.app.post(path, {"account_ids": [unknown]}).status_code == 404
    assert cem.app.post(path, {"account_ids": [str(cem.account.pk)]}).status_code == 404
    assert [entry["id"] for entry in bertha.see(f"/api/v1/accounts/{anna.account.pk}/lists")] == [made["id"]]
    assert bertha.see(f"/api/v1/accounts/{cem.account.pk}/lists") == []
    assert bertha.app.get("/api/v1/accounts/1/lists").status_code == 404
    assert bertha.app.delete(path, {"account_ids": [str(dora.pk), str(cem.account.pk)]}).json() == {}
    assert on(bertha, made) == ["bertha", "gustav", "anna"]


def test_one_wrong_member_puts_nobody_on(anna: Person, bertha: Person, cem: Person) -> None:
    made = make(bertha)

    assert put_on(bertha, made, anna.account, cem.account) == 422
    assert on(bertha, made) == []


def test_members_are_paged_or_all_at_once(anna: Person, bertha: Person) -> None:
    others = [make_account(f"andere{number}") for number in range(3)]
    for other in others:
        follow(bertha.account, other)
    made = make(bertha, *others)

    answer = bertha.app.get(f"{LISTS}/{made['id']}/accounts", {"limit": 2})
    assert [account["username"] for account in answer.json()] == ["andere2", "andere1"]
    following = answer["Link"].partition(">")[0].removeprefix("<")
    assert [account["username"] for account in bertha.app.get(following).json()] == ["andere0"]
    everybody = bertha.app.get(f"{LISTS}/{made['id']}/accounts", {"limit": 0})
    assert len(everybody.json()) == 3
    assert "Link" not in everybody


def test_who_is_no_longer_followed_leaves_the_lists(anna: Person, bertha: Person, run_jobs: Run) -> None:
    made = make(bertha, anna.account)
    anna.post("Hallo")
    assert read(bertha, made) == ["Hallo"]

    unfollow(bertha.account, anna.account)
    assert on(bertha, made) == read(bertha, made) == []
    let_follow(bertha.account, anna.account)
    assert on(bertha, made) == []
    assert put_on(bertha, made, anna.account) == 200
    block(anna.account, bertha.account)
    assert on(bertha, made) == []


def test_what_is_read_in_a_list(anna: Person, bertha: Person, cem: Person) -> None:
    made = make(bertha, anna.account)
    anna.post("öffentlich")
    anna.post("für Folgende", visibility="private")
    anna.post("@bertha psst", visibility="direct")
    bertha.post("meins")
    foreign = cem.post("fremd")
    anna.do("reblog", foreign)

    assert read(bertha, made) == ["fremd", "für Folgende", "öffentlich"]
    follow(bertha.account, anna.account, show_reblogs=False)
    assert read(bertha, made) == ["für Folgende", "öffentlich"]
    follow(bertha.account, anna.account, languages=["fr"])
    anna.post("bonjour", language="fr")
    assert read(bertha, made)[0] == "bonjour"
    anna.post("hello", language="en")
    assert read(bertha, made)[0] == "bonjour"
    mute(bertha.account, anna.account)
    assert read(bertha, made) == []
    assert cem.app.get(f"/api/v1/timelines/list/{made['id']}").status_code == 404


def test_a_request_is_not_read_before_it_is_granted(bertha: Person) -> None:
    from accounts.relationships import accept_follow

    locked = person("gustav", locked=True)
    request = follow(bertha.account, locked.account)
    made = make(bertha, locked.account)
    locked.post("nur für Folgende")

    assert read(bertha, made) == []
    accept_follow(request)
    assert read(bertha, made) == ["nur für Folgende"]


def test_replies_follow_the_policy(anna: Person, bertha: Person, cem: Person) -> None:
    followed, member = person("frida"), person("gustav")
    for other in (followed, member):
        follow(bertha.account, other.account)
    made = make(bertha, anna.account, member.account)
    for name, who in (("fremd", cem), ("gefolgt", followed), ("Mitglied", member), ("ich", bertha)):
        anna.post(f"an {name}", in_reply_to_id=who.post("x", visibility="unlisted")["id"])
    anna.post("an mich selbst", in_reply_to_id=anna.post("y")["id"])

    always = {"an mich selbst", "an ich", "y"}
    for policy, more in (
        ("none", set()),
        ("list", {"an Mitglied"}),
        ("followed", {"an Mitglied", "an gefolgt"}),
    ):
        bertha.app.put(f"{LISTS}/{made['id']}", {"replies_policy": policy})
        assert {text for text in read(bertha, made) if text != "x"} == always | more, policy


def test_members_of_an_exclusive_list_are_not_at_home(
    anna: Person, bertha: Person, cem: Person, run_jobs: Run
) -> None:
    follow(bertha.account, cem.account)
    anna.post("von Anna")
    cem.post("von Cem")
    run_jobs()
    assert bertha.home() == ["von Cem", "von Anna"]

    made = make(bertha, anna.account)
    bertha.app.put(f"{LISTS}/{made['id']}", {"exclusive": True})
    run_jobs()
    assert bertha.home() == ["von Cem"]
    assert read(bertha, made) == ["von Anna"]
    anna.post("noch eins")
    run_jobs()
    assert bertha.home() == ["von Cem"]
    assert put_on(bertha, made, cem.account) == 200
    run_jobs()
    assert bertha.home() == []
    bertha.app.delete(f"{LISTS}/{made['id']}/accounts", {"account_ids": [str(cem.account.pk)]})
    run_jobs()
    assert bertha.home() == ["von Cem"]
    bertha.app.delete(f"{LISTS}/{made['id']}")
    run_jobs()
    assert bertha.home() == ["noch eins", "von Cem", "von Anna"]


def test_a_list_pages_both_ways(anna: Person, bertha: Person) -> None:
    made = make(bertha, anna.account)
    ids = [anna.post(str(number))["id"] for number in range(7)]

    assert read(bertha, made, limit=3) == ["6", "5", "4"]
    assert read(bertha, made, limit=3, max_id=ids[4]) == ["3", "2", "1"]
    assert read(bertha, made, limit=3, min_id=ids[1]) == ["4", "3", "2"]
    assert read(bertha, made, limit=3, since_id=ids[1]) == ["6", "5", "4"]
    assert read(bertha, made, max_id=ids[4], min_id=ids[1]) == ["3", "2"]
    answer = bertha.app.get(f"/api/v1/timelines/list/{made['id']}", {"limit": 3})
    assert f"max_id={ids[4]}" in answer["Link"]
    assert f"min_id={ids[6]}" in answer["Link"]


def test_what_is_left_out_does_not_end_the_list(anna: Person, bertha: Person, cem: Person) -> None:
    """A page of nothing but reblogs of somebody muted still leads to what is older."""
    made = make(bertha, anna.account)
    old = anna.post("alt")
    for number in range(4):
        anna.do("reblog", cem.post(str(number)))
    mute(bertha.account, cem.account)

    answer = bertha.app.get(f"/api/v1/timelines/list/{made['id']}", {"limit": 2})
    assert answer.json() == []
    following = answer["Link"].partition(">")[0].removeprefix("<")
    assert [status["id"] for status in bertha.app.get(following).json()] == [old["id"]]


def test_a_list_of_many_is_found_by_two_statements(bertha: Person, django_assert_num_queries: Any) -> None:
    from core.api.pagination import Page

    def fill(number: int) -> Account:
        member = make_account(f"mitglied{number}")
        follow(bertha.account, member)
        Status.objects.create(
            uri=f"{member.uri}/1", account=member, is_local=True, visibility="public",
            created_at=datetime.now(UTC),
        )  # fmt: skip
        return member

    made = make(bertha, *(fill(number) for number in range(4)))
    row = lists.get_list(bertha.account, made["id"])
    with django_assert_num_queries(1):
        _listing, looked_at = lists.list_page(row, Page(20))
    assert len(looked_at) == 4
    assert len(read(bertha, made)) == 4


def test_which_lists_hold_a_status_is_asked_for_all_at_once(
    anna: Person, bertha: Person, cem: Person, django_assert_num_queries: Any
) -> None:
    let_follow(cem.account, anna.account)
    made = [make(bertha, anna.account), make(cem, anna.account), make(cem), make(cem, anna.account)]
    bertha.app.put(f"{LISTS}/{made[0]['id']}", {"replies_policy": "none"})
    status = Status.objects.get(pk=anna.post()["id"])
    reply = Status.objects.get(pk=anna.post("@cem ja", in_reply_to_id=cem.post()["id"])["id"])
    ids = [int(each["id"]) for each in made]

    with django_assert_num_queries(3):
        assert {row.pk for row in lists.holding(ids, status)} == {ids[0], ids[1], ids[3]}
    assert {row.pk for row in lists.holding(ids, reply)} == {ids[1], ids[3]}
    mute(cem.account, anna.account)
    assert [row.pk for row in lists.holding(ids, status)] == [ids[0]]
    assert lists.holding(ids[2:3], status) == []
