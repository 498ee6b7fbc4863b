"""Collections: made and changed, who is in them and may be, who sees what, who is told."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from accounts.relationships import block, follow
from tests.cast import ApiClient, api_client, make_account, make_remote_account
from tests.contract.contract import entity_faults
from tests.timelines.people import Person, let_follow, person
from timelines import collections
from timelines.entities.collection import load_tagged_collections
from timelines.models import Collection, Notification, StatusCollection

pytestmark = pytest.mark.django_db
PATH = "/api/v1/collections"
Run = Callable[[], None]


@pytest.fixture
def gerda(db: None) -> Person:
    """Somebody who wants to be found."""
    return person("gerda", discoverable=True)


def make(who: Person, *members: Account, **fields: Any) -> dict[str, Any]:
    """Make a collection with these members."""
    values = {"name": "Bäckereien", "sensitive": False, "discoverable": True}
    ids = [str(member.pk) for member in members]
    answer = who.app.post(PATH, {**values, "account_ids": ids, **fields})
    assert answer.status_code == 200, answer.content
    assert entity_faults("WrappedCollection", answer.json()) == []
    return answer.json()["collection"]


def put_in(who: Person, made: dict[str, Any], account: Account) -> Any:
    """Put an account into a collection and return the answer."""
    return who.app.post(f"{PATH}/{made['id']}/items", {"account_id": str(account.pk)})


def seen(app: ApiClient, made: dict[str, Any]) -> list[str]:
    """Return who is seen with a collection, the owner first."""
    answer = app.get(f"{PATH}/{made['id']}")
    assert answer.status_code == 200, answer.content
    assert entity_faults("CollectionWithAccounts", answer.json()) == []
    row = answer.json()["collection"]
    assert row["item_count"] == len(row["items"]) == len(answer.json()["accounts"]) - 1
    return [account["username"] for account in answer.json()["accounts"]]


def found(app: ApiClient, owner: Person, **params: Any) -> list[str]:
    """Return the names of the collections of somebody that an app finds."""
    answer = app.get(f"/api/v1/accounts/{owner.account.pk}/collections", params)
    assert answer.status_code == 200, answer.content
    assert entity_faults("Collections", answer.json()) == []
    return [row["name"] for row in answer.json()["collections"]]


# Made, changed, deleted


def test_a_collection_is_made_seen_changed_and_deleted(anna: Person, cem: Person) -> None:
    values = {"description": "Brot & <Kuchen>", "language": "de", "tag_name": "#Brot"}
    made = make(anna, **values)
    assert (made["description"], made["language"]) == ("Brot &amp; &lt;Kuchen&gt;", "de")
    assert made["tag"] == {"name": "brot", "url": "https://social.example/tags/brot"}
    assert (made["account_id"], made["local"], made["items"]) == (str(anna.account.pk), True, [])
    path = f"{PATH}/{made['id']}"

    changed = anna.app.put(path, {"name": " Neu ", "sensitive": "1", "tag_name": "", "language": None}).json()

    for part in (changed["collection"], made):
        part.pop("updated_at")
    assert changed["collection"] == made | {"name": "Neu", "sensitive": True, "tag": None, "language": None}
    assert anna.app.patch(path, {"discoverable": False}).json()["collection"]["name"] == "Neu"
    for method in ("put", "patch", "delete"):
        assert getattr(cem.app, method)(path).status_code == 403
    answer = anna.app.delete(path)
    assert (answer.status_code, answer.content) == (200, b"")
    for method in ("get", "put", "delete"):
        assert getattr(anna.app, method)(path).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"name": ""}, "name", "ERR_BLANK"),
        ({"name": None}, "name", "ERR_BLANK"),
        ({"name": "\x00"}, "name", "ERR_BLANK"),
        ({"name": "x" * 41}, "name", "ERR_TOO_LONG"),
        ({"description": "x" * 101}, "description", "ERR_TOO_LONG"),
        ({"language": "Deutsch!"}, "language", "ERR_INVALID"),
        ({"language": "x" * 1000}, "language", "ERR_INVALID"),
        ({"tag_name": "!!"}, "tag", "ERR_INVALID"),
        ({"tag_name": "x" * 201}, "tag", "ERR_INVALID"),
    ],
)
def test_wrong_values_are_refused(anna: Person, wrong: dict[str, Any], field: str, code: str) -> None:
    made = make(anna)
    good = {"name": "Gut", "sensitive": False, "discoverable": True}

    for answer in (anna.app.post(PATH, good | wrong), anna.app.put(f"{PATH}/{made['id']}", wrong)):
        assert answer.status_code == 422
        assert entity_faults("CollectionError", answer.json()) == []
        assert [fault["error"] for fault in answer.json()["error"]["details"][field]] == [code]
        assert answer.json()["error"]["error"].startswith("Validation failed")
    assert Collection.objects.get().name == "Bäckereien"


def test_what_has_to_be_said(anna: Person) -> None:
    details = anna.app.post(PATH).json()["error"]["details"]
    assert sorted(details) == ["discoverable", "name", "sensitive"]


@pytest.mark.parametrize("wrong", [{"name": ["x"]}, {"description": {"a": 1}}, {"tag_name": ["x"]}])
def test_what_is_no_text_is_400(anna: Person, wrong: dict[str, Any]) -> None:
    good = {"name": "Gut", "sensitive": False, "discoverable": True}
    assert anna.app.post(PATH, good | wrong).status_code == 400


def test_there_is_an_end(anna: Person, gerda: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    own = anna.see("/api/v1/accounts/verify_credentials")
    assert own["role"]["collection_limit"] == collections.COLLECTION_LIMIT == 10
    assert collections.MAX_ITEMS == 25
    monkeypatch.setattr(collections, "COLLECTION_LIMIT", 1)
    monkeypatch.setattr(collections, "MAX_ITEMS", 1)
    made = make(anna, gerda.account)

    assert put_in(anna, made, make_account("helga", discoverable=True)).status_code == 422
    again = anna.app.post(PATH, {"name": "Noch", "sensitive": False, "discoverable": True})
    assert again.json()["error"]["details"]["collections"][0]["error"] == "ERR_TOO_MANY"
    monkeypatch.setattr(collections, "MAX_ITEMS", 0)
    anna.app.delete(f"{PATH}/{made['id']}")
    values = {"name": "Viele", "sensitive": False, "discoverable": True}
    assert anna.app.post(PATH, values | {"account_ids": [str(gerda.account.pk)]}).status_code == 422
    assert not Collection.objects.exists()


# Who is in them


def test_accounts_are_put_in_and_taken_out(anna: Person, gerda: Person, cem: Person) -> None:
    helga = make_account("helga", discoverable=True)
    made = make(anna, gerda.account)
    answer = put_in(anna, made, helga)
    assert entity_faults("WrappedCollectionItem", answer.json()) == []
    item = answer.json()["collection_item"]
    assert (item["account_id"], item["state"]) == (str(helga.pk), "accepted")
    assert seen(api_client(), made) == ["anna", "gerda", "helga"]
    path = f"{PATH}/{made['id']}/items/{item['id']}"

    assert cem.app.delete(path).status_code == 403
    assert put_in(cem, made, helga).status_code == 403
    assert put_in(anna, made, helga).status_code == 422
    other = make(anna)
    assert anna.app.delete(f"{PATH}/{other['id']}/items/{item['id']}").status_code == 404
    answer = anna.app.delete(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert anna.app.delete(path).status_code == 404
    assert seen(anna.app, made) == ["anna", "gerda"]


def test_who_may_be_put_in(anna: Person, cem: Person, dora: Account) -> None:
    """Who wants to be found; whoever is locked by followers; nobody where a block is between."""
    locked = make_account("gustav", locked=True, discoverable=True)
    blocking = make_account("heide", discoverable=True)
    made = make(anna)

    for account in (cem.account, dora, locked):
        assert put_in(anna, made, account).status_code == 403
    let_follow(anna.account, locked)
    assert put_in(anna, made, locked).status_code == 200
    block(blocking, anna.account)
    assert put_in(anna, made, blocking).status_code == 403
    for unknown in ("1", "x", "-1", "9" * 40, "\x00", None):
        path = f"{PATH}/{made['id']}/items"
        assert anna.app.post(path, {"account_id": unknown}).status_code == 404
        values = {"name": "Neu", "sensitive": False, "discoverable": True, "account_ids": [unknown]}
        assert anna.app.post(PATH, values).status_code == 404
    values = {"name": "Neu", "sensitive": False, "discoverable": True, "account_ids": [str(dora.pk)]}
    assert anna.app.post(PATH, values).status_code == 403
    assert Collection.objects.count() == 1


def test_what_apps_are_told_about_who_may_be_put_in(anna: Person, gerda: Person, dora: Account) -> None:
    locked = make_account("gustav", locked=True, discoverable=True)
    follow(anna.account, locked)

    def told(account: Account) -> str:
        return anna.see(f"/api/v1/accounts/{account.pk}")["feature_approval"]["current_user"]

    assert (told(gerda.account), told(locked), told(anna.account)) == ("automatic", "denied", "denied")
    assert told(dora) == "missing"
    let_follow(anna.account, locked)
    assert told(locked) == "automatic"


def test_who_withdraws_is_not_put_in_again(anna: Person, gerda: Person, cem: Person) -> None:
    made = make(anna, gerda.account)
    path = f"{PATH}/{made['id']}/items/{made['items'][0]['id']}"

    for who in (anna, cem):
        assert who.app.post(f"{path}/revoke").status_code == 403
    assert gerda.app.post(f"{PATH}/1/items/1/revoke").status_code == 404
    answer = gerda.app.post(f"{path}/revoke")
    assert (answer.status_code, answer.content) == (200, b"")

    assert gerda.app.post(f"{path}/revoke").status_code == 404
    assert anna.app.delete(path).status_code == 404
    assert seen(anna.app, made) == ["anna"]
    assert put_in(anna, made, gerda.account).status_code == 422
    assert gerda.told() == []


def test_a_block_takes_each_out_of_the_others_collections(anna: Person, gerda: Person) -> None:
    Account.objects.filter(pk=anna.account.pk).update(discoverable=True)
    hers, mine = make(gerda, anna.account), make(anna, gerda.account)

    block(gerda.account, anna.account)

    assert seen(api_client(), mine) == ["anna"]
    assert seen(api_client(), hers) == ["gerda"]


# Who sees what


def test_what_is_not_to_be_found(anna: Person, cem: Person) -> None:
    made = make(anna, name="Leise", discoverable=False)
    make(anna, name="Laut")

    assert found(anna.app, anna) == ["Laut", "Leise"]
    assert found(cem.app, anna) == found(api_client(), anna) == ["Laut"]
    assert seen(cem.app, made) == seen(api_client(), made) == ["anna"]


def test_the_blocked_find_nothing_and_blocked_people_are_hidden(anna: Person, gerda: Person) -> None:
    cem = person("cem", discoverable=True)
    made = make(anna, gerda.account, cem.account)
    bertha = person("bertha")
    block(bertha.account, gerda.account)
    block(cem.account, bertha.account)

    assert seen(bertha.app, made) == ["anna"]
    assert seen(anna.app, made) == ["anna", "gerda", "cem"]
    block(anna.account, bertha.account)
    assert found(bertha.app, anna) == []
    assert bertha.app.get(f"{PATH}/{made['id']}").status_code == 404
    assert found(api_client(), anna) == ["Bäckereien"]


def test_the_suspended_are_hidden(anna: Person, gerda: Person) -> None:
    made = make(anna, gerda.account)
    Account.objects.filter(pk=gerda.account.pk).update(suspended_at="2026-01-01T00:00:00Z")
    assert seen(api_client(), made) == ["anna"]
    Account.objects.filter(pk=anna.account.pk).update(suspended_at="2026-01-01T00:00:00Z")
    assert api_client().get(f"{PATH}/{made['id']}").status_code == 404
    assert found(api_client(), anna) == []


def test_each_sees_for_oneself_where_one_is(anna: Person, gerda: Person, cem: Person) -> None:
    make(anna, gerda.account, name="Leise", discoverable=False)
    path = f"/api/v1/accounts/{gerda.account.pk}/in_collections"

    assert entity_faults("Collections", gerda.see(path)) == []
    assert [row["name"] for row in gerda.see(path)["collections"]] == ["Leise"]
    assert cem.app.get(path).status_code == 403
    assert cem.app.get("/api/v1/accounts/1/in_collections").status_code == 404


def test_collections_are_paged_by_offset(anna: Person) -> None:
    for name in ("eins", "zwei", "drei"):
        make(anna, name=name)

    assert found(anna.app, anna, limit=2) == ["drei", "zwei"]
    assert found(anna.app, anna, limit=2, offset=2) == ["eins"]
    path = f"/api/v1/accounts/{anna.account.pk}/collections"
    links = anna.app.get(path, {"limit": 1, "offset": 1})["Link"]
    assert '?limit=1&offset=2>; rel="next"' in links
    assert '?limit=1&offset=0>; rel="prev"' in links
    for offset in ("-1", "x", "9" * 40):
        assert anna.app.get(path, {"offset": offset}).status_code == 200


def test_old_addresses_answer_and_say_so(anna: Person, gerda: Person) -> None:
    made = make(anna, gerda.account)
    for path in (f"collections/{made['id']}", f"accounts/{anna.account.pk}/collections"):
        old, new = (anna.app.get(f"/api/{version}/{path}") for version in ("v1_alpha", "v1"))
        assert old.json() == new.json()
        assert old["Deprecation"].startswith("@")
        assert "Deprecation" not in new
    assert api_client().post("/api/v1_alpha/collections").status_code == 401


def test_a_page_costs_the_same_for_many(anna: Person) -> None:
    members = [make_account(f"andere{number}", discoverable=True) for number in range(5)]
    counts = []
    for size in (1, 5):
        made = make(anna, *members[:size], tag_name="brot")
        for path in (f"{PATH}/{made['id']}", f"/api/v1/accounts/{anna.account.pk}/collections"):
            with CaptureQueriesContext(connection) as queries:
                anna.see(path)
            counts.append(len(queries))
    assert counts[:2] == counts[2:]


# Who is told


def test_who_is_put_in_is_told(anna: Person, gerda: Person) -> None:
    made = make(anna, gerda.account)
    told = gerda.see("/api/v1/notifications")[0]
    assert entity_faults("Notification", told) == []
    assert (told["type"], told["account"]["acct"]) == ("added_to_collection", "anna")
    assert told["collection"] == made
    assert told["fallback"]["title"] == "@anna added you to the collection “Bäckereien”"
    page = gerda.see("/api/v2/notifications")
    assert entity_faults("GroupedNotificationsResults", page) == []
    group = page["notification_groups"][0]
    assert (group["type"], group["collection"]) == ("added_to_collection", made)
    assert group["group_key"].startswith("ungrouped-")
    known = gerda.see("/api/v1/notifications", **{"supported_types[]": "added_to_collection"})[0]
    assert "fallback" not in known
    item = made["items"][0]["id"]
    anna.app.delete(f"{PATH}/{made['id']}/items/{item}")
    assert gerda.told() == []


def test_who_is_in_it_is_told_of_the_last_change(anna: Person, gerda: Person) -> None:
    made = make(anna, gerda.account)
    path = f"{PATH}/{made['id']}"
    anna.app.put(path, {"name": "Bäckereien", "discoverable": False})
    assert [kind for kind, _ in gerda.told()] == ["added_to_collection"]
    anna.app.put(path, {"name": "Metzgereien"})
    anna.app.put(path, {"description": "Nur Wurst"})

    assert [kind for kind, _ in gerda.told()] == ["collection_update", "added_to_collection"]
    told = gerda.see("/api/v1/notifications")[0]
    assert entity_faults("Notification", told) == []
    assert told["collection"]["name"] == "Metzgereien"
    assert told["fallback"]["title"] == "@anna changed the collection “Metzgereien” that you are in"
    anna.app.delete(path)
    assert not Notification.objects.exists()


def test_the_policy_is_asked(anna: Person, gerda: Person) -> None:
    gerda.app.patch("/api/v2/notifications/policy", {"for_not_following": "drop"})
    make(anna, gerda.account)
    assert gerda.told() == []


# Statuses that link to them, and the page


def test_a_status_that_links_to_a_collection(anna: Person, gerda: Person, cem: Person, run_jobs: Run) -> None:
    made, other = make(anna, gerda.account), make(anna, name="Andere")
    status = cem.post(f"Seht: {made['url']} und https://social.example/collections/1 x")
    status_id = int(status["id"])
    linked = load_tagged_collections([status_id])[status_id]
    assert linked == cem.see(f"/api/v1/statuses/{status_id}")["tagged_collections"] == [made]
    assert load_tagged_collections([]) == {}

    cem.app.put(f"/api/v1/statuses/{status_id}", {"status": f"{other['url']} {made['url']}"})

    rows = load_tagged_collections([status_id, 1], cem.account)
    assert {row["name"] for row in rows[status_id]} == {"Bäckereien", "Andere"}
    cem.app.put(f"/api/v1/statuses/{status_id}", {"status": "Doch nicht"})
    assert load_tagged_collections([status_id]) == {}
    assert not StatusCollection.objects.exists()
    assert cem.see(f"/api/v1/statuses/{status_id}")["tagged_collections"] == []


def test_linked_collections_cost_one_statement(anna: Person, gerda: Person) -> None:
    made = [make(anna, gerda.account, name=f"Nr. {number}", tag_name="brot") for number in range(3)]
    ids = [int(anna.post(" ".join(row["url"] for row in made))["id"]) for _ in range(3)]
    block(anna.account, person("cem").account)
    with CaptureQueriesContext(connection) as queries:
        rows = load_tagged_collections(ids, gerda.account)
    assert len(queries) == 1
    assert [[row["id"] for row in rows[pk]] for pk in ids] == [sorted(row["id"] for row in made)] * 3
    assert load_tagged_collections(ids, Account.objects.get(username="cem")) == {}


def test_the_page_of_a_collection(anna: Person, gerda: Person) -> None:
    made = make(anna, gerda.account, name="Brot <b>", description="Gut & günstig", tag_name="Brot")
    page = Client(headers={"Accept-Language": "de"}).get(made["url"].partition("social.example")[2])
    assert page.status_code == 200
    for words in ("Brot &lt;b&gt;", "Gut &amp; günstig", "@gerda@", "angelegt von @anna@", "#Brot"):
        assert words in page.text, words
    assert "<script" not in page.text
    assert "X-Robots-Tag" not in page
    quiet = make(anna, discoverable=False, sensitive=True)
    page = Client(headers={"Accept-Language": "en"}).get(f"/collections/{quiet['id']}")
    assert page["X-Robots-Tag"] == "noindex"
    assert "Nobody is in this collection yet." in page.text
    assert "may be unsuitable" in page.text
    assert Client().get("/collections/1").status_code == 404
    assert Client().get(f"/collections/{'9' * 40}").status_code == 404


def test_strangers_elsewhere_stay_out(anna: Person) -> None:
    made = make(anna)
    assert put_in(anna, made, make_remote_account("emil", discoverable=True)).status_code == 403
