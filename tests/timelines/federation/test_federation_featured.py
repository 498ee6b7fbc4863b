"""What remote accounts show on their profiles: told by Add and Remove, or read whole."""

from typing import Any

import pytest

from accounts.models import Account
from accounts.remote import upsert_account
from tests.peer import Document, Person, verdicts
from timelines.models import FeaturedTag, Status, StatusPin

pytestmark = pytest.mark.django_db


@pytest.fixture
def featured(anna: Account, dora: Person) -> str:
    """The address of what Dora, whom we know, features."""
    dora.change(featured=f"{dora.uri}/featured", featuredTags=f"{dora.uri}/tags")
    dora.account()
    return f"{dora.uri}/featured"


def pins() -> list[str]:
    return list(StatusPin.objects.order_by("-pk").values_list("status__uri", flat=True))


def shown_tags() -> list[str]:
    return list(FeaturedTag.objects.order_by("pk").values_list("tag__name", flat=True))


def collection(dora: Person, name: str, items: list[Any], **changes: Any) -> None:
    document = {"id": f"{dora.uri}/{name}", "type": "OrderedCollection", "orderedItems": items, **changes}
    dora.serve({key: value for key, value in document.items() if value is not None})


def test_a_status_is_pinned_and_unpinned(dora: Person, featured: str) -> None:
    note = dora.serve(dora.note())
    dora.does("Add", note["id"], target=featured)
    dora.does("Add", note["id"], target=featured)
    assert pins() == [note["id"]]
    dora.does("Remove", note["id"], target=featured)
    assert pins() == []


def test_a_hashtag_is_shown_and_not_shown_any_more(dora: Person, featured: str) -> None:
    hashtag = {"type": "Hashtag", "name": "#Cats", "href": f"{dora.peer.base}/tags/cats"}
    dora.does("Add", hashtag, target=featured)
    dora.does("Add", {**hashtag, "name": "Dogs"}, target=f"{dora.uri}/tags")
    assert shown_tags() == ["cats", "dogs"]
    dora.does("Remove", hashtag, target=featured)
    assert shown_tags() == ["dogs"]


@pytest.mark.parametrize("target", [None, 5, "https://x.example/featured", "", {"id": "/featured"}])
def test_what_is_added_elsewhere_is_no_pin(dora: Person, featured: str, target: Any) -> None:
    dora.does("Add", dora.serve(dora.note())["id"], target=target)
    assert pins() == []


def test_only_the_author_pins_and_only_what_is_for_all(dora: Person, emil: Person, featured: str) -> None:
    emil.does("Add", dora.serve(dora.note())["id"], target=featured)
    dora.does("Add", emil.serve(emil.note())["id"], target=featured)
    assert verdicts()[-1][1].startswith("refused")
    dora.does("Add", dora.serve(dora.note(to=[emil.uri], cc=[]))["id"], target=featured)
    dora.does("Add", {"type": "Hashtag", "name": "!"}, target=featured)
    assert (pins(), shown_tags()) == ([], [])


@pytest.mark.parametrize("shape", ["items", "first embedded", "first fetched"])
def test_all_that_is_featured_is_read_with_the_actor(dora: Person, emil: Person, shape: str) -> None:
    inline, by_id = dora.note(), dora.serve(dora.note())
    foreign: list[Document] = [emil.note(), dora.note(attributedTo=emil.uri)]
    items = [inline, by_id["id"], *foreign, None, 7, "https://x.example/1"]
    page = {"id": f"{dora.uri}/featured/1", "type": "OrderedCollectionPage", "orderedItems": items}
    if shape == "items":
        collection(dora, "featured", items)
    elif shape == "first embedded":
        collection(dora, "featured", None, first=page)
    else:
        collection(dora, "featured", None, first=dora.serve(page)["id"])
    collection(dora, "tags", [{"type": "Hashtag", "name": "#Cats"}, {"name": 4}, "x"])
    dora.change(featured=f"{dora.uri}/featured", featuredTags=f"{dora.uri}/tags")
    dora.account()
    dora.run_jobs()

    assert pins() == [inline["id"], by_id["id"]]
    assert shown_tags() == ["cats"]


def test_what_is_featured_no_longer_goes(dora: Person, featured: str) -> None:
    note = dora.serve(dora.note())
    dora.does("Add", note["id"], target=featured)
    collection(dora, "featured", [])
    from django.core.cache import cache

    cache.clear()
    upsert_account(dora.document)
    dora.run_jobs()
    assert pins() == []
    assert Status.objects.filter(uri=note["id"]).exists()
