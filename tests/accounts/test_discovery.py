"""People one does not know yet: the directory, suggestions, and who may be put into collections."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts import relationships
from accounts.models import Account, Follow, User
from tests.cast import ApiClient, api_client, make_account, make_remote_account

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def names(answer) -> list[str]:
    return [account["username"] for account in answer.json()]


def findable(name: str, **fields) -> Account:
    return make_account(name, discoverable=True, **fields)


def directory(client: ApiClient | None = None, **params) -> list[str]:
    return names((client or ApiClient()).get("/api/v1/directory", params))


def test_the_directory_is_ordered_and_paged():
    for days, name in enumerate(("bertha", "cem", "frieda")):
        findable(name, last_status_at=NOW - timedelta(days=days))
    findable("silent")
    make_remote_account("dora", discoverable=True, last_status_at=NOW - timedelta(hours=1))
    assert directory() == ["bertha", "dora", "cem", "frieda", "silent"]
    assert directory(order="new") == ["dora", "silent", "frieda", "cem", "bertha"]
    assert directory(local="true", limit=2) == ["bertha", "cem"]
    assert directory(local="true", limit=2, offset=2) == ["frieda", "silent"]


def test_who_does_not_want_to_be_found_or_must_not_is_not_in_the_directory():
    make_account("hidden")
    findable("unconfirmed")
    User.objects.update(confirmed_at=None)
    findable("silenced", silenced_at=NOW)
    findable("suspended", suspended_at=NOW)
    findable("gone", deleted_at=NOW)
    findable("moved", moved_to=make_account("there"))
    assert directory() == []


def test_the_directory_leaves_out_whom_the_viewer_does_not_want_to_see():
    anna = make_account("anna")
    wanted, blocked, blocking, muted = (findable(name) for name in ("w", "x", "y", "z"))
    make_remote_account("dora", "elsewhere.example", discoverable=True)
    relationships.block(anna, blocked)
    relationships.block(blocking, anna)
    relationships.mute(anna, muted)
    relationships.block_domain(anna, "elsewhere.example")
    assert directory(api_client(anna)) == [wanted.username]
    assert len(directory()) == 5


@pytest.fixture
def circle() -> dict[str, Account]:
    """Anna follows Bertha and Cem; both follow Frieda, Cem follows Gustav; Helga has many followers."""
    people = {name: findable(name) for name in ("bertha", "cem", "frieda", "gustav", "helga")}
    people["anna"] = make_account("anna")
    for follower, followed in (
        ("anna", "bertha"),
        ("anna", "cem"),
        ("bertha", "frieda"),
        ("cem", "frieda"),
        ("cem", "gustav"),
        ("bertha", "anna"),
    ):
        relationships.follow(people[follower], people[followed])
    Account.objects.filter(username="helga").update(followers_count=70)
    return people


def suggestions(viewer: Account, **params) -> list[tuple[str, list[str], str]]:
    found = api_client(viewer).get("/api/v2/suggestions", params).json()
    return [(item["account"]["username"], item["sources"], item["source"]) for item in found]


def test_friends_of_friends_come_before_the_most_followed(circle):
    both = ["friends_of_friends", "most_followed"]
    assert suggestions(circle["anna"]) == [
        ("frieda", both, "past_interactions"),
        ("gustav", both, "past_interactions"),
        ("helga", ["most_followed"], "global"),
    ]
    assert [item[0] for item in suggestions(circle["anna"], limit=1, offset=1)] == ["gustav"]
    assert names(api_client(circle["anna"]).get("/api/v1/suggestions")) == ["frieda", "gustav", "helga"]


def test_nobody_is_suggested_whom_one_knows_or_does_not_want(circle):
    anna = circle["anna"]
    Account.objects.filter(username="frieda").update(locked=True)
    relationships.follow(anna, Account.objects.get(username="frieda"))
    relationships.mute(anna, circle["gustav"])
    assert [item[0] for item in suggestions(anna)] == ["helga"]
    client = api_client(anna, "read write:accounts")
    for _ in range(2):
        answer = client.delete(f"/api/v1/suggestions/{circle['helga'].pk}")
        assert (answer.status_code, answer.json()) == (200, {})
    assert suggestions(anna) == []
    assert client.delete("/api/v1/suggestions/1").status_code == 404
    # It was Anna's decision alone.
    assert "helga" in [item[0] for item in suggestions(circle["gustav"])]


def test_friends_who_hide_whom_they_follow_give_nobody_away(circle):
    Account.objects.filter(username="cem").update(hide_collections=True)
    found = dict(item[:2] for item in suggestions(circle["anna"]))
    assert found["gustav"] == ["most_followed"]
    assert found["frieda"] == ["friends_of_friends", "most_followed"]


def test_suggestions_cost_the_same_for_few_and_for_many(circle, django_assert_max_num_queries):
    client = api_client(circle["anna"])
    client.get("/api/v2/suggestions")
    for rounds in range(2):
        with django_assert_max_num_queries(6):
            client.get("/api/v2/suggestions")
        for number in range(20):
            relationships.follow(circle["cem"], findable(f"friend{rounds}_{number}"))


@pytest.mark.parametrize(
    ("fields", "automatic", "anonymous", "stranger", "follower", "oneself"),
    [
        ({"discoverable": True}, ["public"], "denied", "automatic", "automatic", "automatic"),
        (
            {"discoverable": True, "locked": True},
            ["followers"],
            "denied",
            "denied",
            "automatic",
            "automatic",
        ),
        ({}, [], "denied", "denied", "denied", "denied"),
    ],
)
def test_who_may_put_somebody_into_a_collection(fields, automatic, anonymous, stranger, follower, oneself):
    anna, bertha, cem = make_account("anna", **fields), make_account("bertha"), make_account("cem")
    Follow.objects.create(account=bertha, target=anna, created_at=NOW, accepted_at=NOW)
    asked = {None: anonymous, cem: stranger, bertha: follower, anna: oneself}
    for viewer, expected in asked.items():
        answer = api_client(viewer).get(f"/api/v1/accounts/{anna.pk}").json()
        assert answer["feature_approval"] == {
            "automatic": automatic,
            "manual": [],
            "current_user": expected,
        }, viewer


def test_nothing_is_known_of_collections_elsewhere():
    dora = make_remote_account("dora", discoverable=True)
    answer = api_client(make_account("anna")).get(f"/api/v1/accounts/{dora.pk}").json()
    assert answer["feature_approval"] == {"automatic": [], "manual": [], "current_user": "missing"}
