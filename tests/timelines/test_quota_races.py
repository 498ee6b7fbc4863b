"""The last free place of a quota, wanted by many at the same moment, with real threads and real commits."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cast import make_account
from tests.timelines.people import Person, person
from tests.timelines.test_races import AT_ONCE, at_once
from timelines import collections, filters, lists, tags
from timelines.models import (
    Collection,
    CollectionItem,
    FeaturedTag,
    Filter,
    FilterKeyword,
    List,
    Notification,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner() -> Iterator[Person]:
    """Anna; made here, since these tests commit."""
    yield person("anna")


def test_the_quota_of_filters_holds(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MAX_FILTERS", 2)
    data = {"title": "Brot", "context": ["home"], "keywords_attributes": [{"keyword": "brot"}]}

    answers = at_once(lambda _: owner.app.post("/api/v2/filters", data))

    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [422] * (AT_ONCE - 2)
    assert (Filter.objects.count(), FilterKeyword.objects.count()) == (2, 2)


def test_the_quota_of_keywords_holds(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MAX_KEYWORDS", 3)
    made = owner.app.post("/api/v2/filters", {"title": "Brot", "context": ["home"]}).json()
    path = f"/api/v2/filters/{made['id']}"

    def add(number: int) -> int:
        word = {"keyword": f"brot{number}"}
        if number % 2:
            return owner.app.post(f"{path}/keywords", word).status_code
        return owner.app.put(path, {"keywords_attributes": [word]}).status_code

    assert sorted(at_once(add)) == [200] * 3 + [422] * (AT_ONCE - 3)
    assert FilterKeyword.objects.count() == 3


def test_the_quota_of_lists_holds(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MAX_LISTS", 2)

    answers = at_once(lambda _: owner.app.post("/api/v1/lists", {"title": "Nachbarn"}))

    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [422] * (AT_ONCE - 2)
    assert List.objects.count() == 2


def test_the_quota_of_featured_hashtags_holds(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "MAX_FEATURED", 2)

    answers = at_once(lambda number: owner.app.post("/api/v1/featured_tags", {"name": f"brot{number}"}))

    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [422] * (AT_ONCE - 2)
    assert FeaturedTag.objects.count() == 2


def test_one_account_is_on_a_list_once(owner: Person) -> None:
    made = owner.app.post("/api/v1/lists", {"title": "Ich"}).json()
    path = f"/api/v1/lists/{made['id']}/accounts"

    answers = at_once(lambda _: owner.app.post(path, {"account_ids": [str(owner.account.pk)]}))

    assert sorted(answer.status_code for answer in answers) == [200] + [422] * (AT_ONCE - 1)


def test_one_hashtag_is_followed_once(owner: Person) -> None:
    answers = at_once(lambda _: owner.app.post("/api/v1/tags/brot/follow"))

    assert {answer.status_code for answer in answers} == {200}
    assert len(owner.see("/api/v1/followed_tags")) == 1


def test_the_last_place_in_a_collection_is_given_once(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "MAX_ITEMS", 2)
    members = [make_account(f"brot{number}", discoverable=True) for number in range(AT_ONCE)]
    path = f"/api/v1/collections/{_make_collection(owner).json()['collection']['id']}/items"

    answers = at_once(lambda number: owner.app.post(path, {"account_id": str(members[number].pk)}))

    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [422] * (AT_ONCE - 2)
    assert CollectionItem.objects.count() == Notification.objects.count() == 2


def test_one_account_is_in_a_collection_once(owner: Person) -> None:
    member = make_account("brot", discoverable=True)
    path = f"/api/v1/collections/{_make_collection(owner).json()['collection']['id']}/items"

    answers = at_once(lambda _: owner.app.post(path, {"account_id": str(member.pk)}))

    assert sorted(answer.status_code for answer in answers) == [200] + [422] * (AT_ONCE - 1)


def test_the_quota_of_collections_holds(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "COLLECTION_LIMIT", 2)

    answers = at_once(lambda _: _make_collection(owner))

    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [422] * (AT_ONCE - 2)
    assert Collection.objects.count() == 2


def _make_collection(owner: Person) -> Any:
    values = {"name": "Bäckereien", "sensitive": False, "discoverable": True}
    return owner.app.post("/api/v1/collections", values)
