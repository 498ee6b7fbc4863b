"""Filters v2 and v1: how they are made and changed, and what they find."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast import ApiClient
from tests.contract.contract import entity_faults
from tests.timelines.people import Person
from tests.timelines.test_edits import upload
from timelines import filters
from timelines.models import Filter

pytestmark = pytest.mark.django_db
V1, V2 = "/api/v1/filters", "/api/v2/filters"


def make(who: Person, *words: str, whole_word: bool = True, **fields: Any) -> dict[str, Any]:
    """Make a filter with these keywords."""
    keywords = [{"keyword": word, "whole_word": whole_word} for word in words]
    data = {"title": "Brot", "context": ["home"], "keywords_attributes": keywords, **fields}
    answer = who.app.post(V2, data)
    assert answer.status_code == 200, answer.content
    return answer.json()


def words_of(made: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return the keywords of a filter, and whether each is a whole word."""
    return [(keyword["keyword"], keyword["whole_word"]) for keyword in made["keywords"]]


def found(who: Person, status: dict[str, Any]) -> list[tuple[list[str], list[str]]]:
    """Return what a person's filters find in a status: keywords and statuses of each."""
    seen = who.see(f"/api/v1/statuses/{status['id']}")
    return [(entry["keyword_matches"], entry["status_matches"]) for entry in seen["filtered"]]


# Made and changed


def test_a_filter_is_made_seen_changed_and_deleted(anna: Person, cem: Person) -> None:
    made = make(anna, "brot", expires_in=3600, filter_action="hide", context=["home", "thread", "home"])
    assert entity_faults("Filter", made) == []
    assert (made["title"], made["context"], made["filter_action"]) == ("Brot", ["home", "thread"], "hide")
    assert anna.see(V2) == [made]
    assert anna.see(f"{V2}/{made['id']}") == made

    changed = anna.app.put(f"{V2}/{made['id']}", {"title": "Neu", "expires_in": ""}).json()
    assert changed == made | {"title": "Neu", "expires_at": None}
    for app, status in ((cem.app, 404), (anna.app, 200), (anna.app, 404)):
        assert app.delete(f"{V2}/{made['id']}").status_code == status
    assert anna.see(V2) == []


@pytest.mark.parametrize(
    ("encoding", "keywords"),
    [
        ("json", [{"keyword": "a", "whole_word": False}, {"keyword": "b"}]),
        ("json", {"0": {"keyword": "a", "whole_word": "false"}, "1": {"keyword": "b"}, "2": {"keyword": ""}}),
        ("form", "keywords_attributes[][keyword]=a&keywords_attributes[][whole_word]=0"
         "&keywords_attributes[][keyword]=b&keywords_attributes[][whole_word]=true"),
        ("form", "keywords_attributes[0][keyword]=a&keywords_attributes[0][whole_word]=f"
         "&keywords_attributes[1][keyword]=b"),
    ],
)  # fmt: skip
def test_keywords_come_in_every_shape(anna: Person, encoding: str, keywords: Any) -> None:
    if encoding == "json":
        data: Any = {"title": "Brot", "context": "home", "keywords_attributes": keywords}
    else:
        data = f"title=Brot&context[]=home&{keywords}"
    answer = anna.app.post(V2, data, encoding=encoding)

    assert answer.status_code == 200, answer.content
    assert words_of(answer.json()) == [("a", False), ("b", True)]


def test_a_lone_keyword_is_a_list_of_one(anna: Person) -> None:
    form = "title=Brot&context=home&keywords_attributes[keyword]=a&filter_action=explode"
    made = anna.app.post(V2, form, encoding="form").json()

    assert words_of(made) == [("a", True)]
    assert made["filter_action"] == "warn"


def test_keywords_are_changed_added_and_destroyed_with_their_filter(anna: Person, cem: Person) -> None:
    made, foreign = make(anna, "a", "b"), make(cem, "fremd")
    first, second = (keyword["id"] for keyword in made["keywords"])
    changes = [
        {"id": first, "keyword": "A", "whole_word": False},
        {"id": second, "_destroy": "1"},
        {"keyword": "c"},
        {"keyword": "never", "_destroy": True},
    ]
    changed = anna.app.put(f"{V2}/{made['id']}", {"keywords_attributes": changes}).json()
    assert words_of(changed) == [("A", False), ("c", True)]

    theirs = [{"keyword": "d"}, {"id": foreign["keywords"][0]["id"], "keyword": "mine"}]
    assert anna.app.put(f"{V2}/{made['id']}", {"keywords_attributes": theirs}).status_code == 404
    assert words_of(anna.see(f"{V2}/{made['id']}")) == [("A", False), ("c", True)]
    assert words_of(cem.see(V2)[0]) == [("fremd", True)]


def test_keywords_have_addresses_of_their_own(anna: Person, cem: Person) -> None:
    made = make(anna)
    base = f"{V2}/{made['id']}/keywords"
    keyword = anna.app.post(base, {"keyword": " brot  backen ", "whole_word": "false"}).json()
    assert (keyword["keyword"], keyword["whole_word"]) == ("brot backen", False)
    assert anna.see(base) == [keyword]
    one = f"{V2}/keywords/{keyword['id']}"
    assert anna.app.patch(one, {"keyword": "Kuchen"}).json() == keyword | {"keyword": "Kuchen"}
    assert anna.see(one)["keyword"] == "Kuchen"
    for path in (base, one):
        assert cem.app.get(path).status_code == 404
    assert cem.app.delete(one).status_code == 404
    assert anna.app.delete(one).json() == {}
    assert anna.app.get(one).status_code == 404


def test_single_statuses_are_filtered(anna: Person, cem: Person) -> None:
    made, status = make(cem), anna.post()
    secret = anna.post("geheim", visibility="private")
    base = f"{V2}/{made['id']}/statuses"
    entry = cem.app.post(base, {"status_id": status["id"]}).json()
    assert entry["status_id"] == status["id"]
    assert cem.app.post(base, {"status_id": status["id"]}).status_code == 422
    for hidden in (secret["id"], "1", "", "x", None):
        assert cem.app.post(base, {"status_id": hidden}).status_code == 404
    assert found(cem, status) == [([], [status["id"]])]
    assert cem.see(V2)[0]["statuses"] == cem.see(base) == [entry]
    one = f"{V2}/statuses/{entry['id']}"
    assert anna.app.get(one).status_code == 404
    assert cem.see(one) == entry
    anna.app.delete(f"/api/v1/statuses/{status['id']}")
    assert cem.see(base) == []


def test_a_status_is_let_go_again(anna: Person, cem: Person) -> None:
    made, status = make(cem), anna.post()
    entry = cem.app.post(f"{V2}/{made['id']}/statuses", {"status_id": status["id"]}).json()

    assert cem.app.delete(f"{V2}/statuses/{entry['id']}").json() == {}
    assert found(cem, status) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "x" * 257},
        {"context": []},
        {"context": ["home", "everywhere"]},
        {"context": [{"home": 1}]},
        {"expires_in": "soon"},
        {"expires_in": -1},
        {"expires_in": "9" * 30},
        {"keywords_attributes": [{"keyword": "x" * 513}]},
        {"keywords_attributes": [{"keyword": " ", "whole_word": True}]},
        {"keywords_attributes": ["brot"]},
        {"keywords_attributes": "brot"},
    ],
)
def test_wrong_values_are_refused_and_change_nothing(anna: Person, wrong: dict[str, Any]) -> None:
    made = make(anna, "brot")
    good = {"title": "Gut", "context": ["home"]}

    assert anna.app.post(V2, good | wrong).status_code == 422
    assert anna.app.put(f"{V2}/{made['id']}", {"title": "Gut", **wrong}).status_code == 422
    assert anna.see(V2) == [made]


@pytest.mark.parametrize("missing", ["title", "context"])
def test_title_and_context_are_needed(anna: Person, missing: str) -> None:
    data = {"title": "Brot", "context": ["home"]}
    del data[missing]

    assert anna.app.post(V2, data).status_code == 422


@pytest.mark.parametrize("strange", ["0", "-1", "x", "9" * 30, "\x00"])
def test_unknown_ids_are_404(anna: Person, strange: str) -> None:
    for path in (
        f"{V1}/{strange}",
        f"{V2}/{strange}",
        f"{V2}/keywords/{strange}",
        f"{V2}/statuses/{strange}",
    ):
        assert anna.app.get(path).status_code == 404


def test_there_is_an_end(anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MAX_FILTERS", "MAX_KEYWORDS", "MAX_STATUSES"):
        monkeypatch.setattr(filters, limit, 1)
    made = make(anna, "brot")
    first, second = anna.post(), anna.post()

    assert anna.app.post(V2, {"title": "Noch", "context": ["home"]}).status_code == 422
    assert anna.app.post(f"{V2}/{made['id']}/keywords", {"keyword": "noch"}).status_code == 422
    path = f"{V2}/{made['id']}/statuses"
    assert anna.app.post(path, {"status_id": first["id"]}).status_code == 200
    assert anna.app.post(path, {"status_id": second["id"]}).status_code == 422


# v1


def test_v1_sees_each_keyword_as_a_filter(anna: Person) -> None:
    data = {"phrase": "Kuchen", "context": ["home", "public"], "irreversible": "true", "expires_in": 60}
    made = anna.app.post(V1, data).json()
    assert entity_faults("V1_Filter", made) == []
    assert (made["phrase"], made["irreversible"], made["whole_word"]) == ("Kuchen", True, False)
    (whole,) = anna.see(V2)
    assert (whole["title"], whole["filter_action"]) == ("Kuchen", "hide")
    assert whole["keywords"][0]["id"] == made["id"]

    changes = {"phrase": "Torte", "whole_word": True, "irreversible": False, "expires_in": ""}
    changed = anna.app.put(f"{V1}/{made['id']}", changes).json()
    assert changed == made | {
        "phrase": "Torte", "whole_word": True, "irreversible": False, "expires_at": None
    }  # fmt: skip
    assert anna.see(f"{V1}/{made['id']}") == changed
    assert anna.see(V2)[0]["title"] == "Torte"
    assert anna.app.delete(f"{V1}/{made['id']}").json() == {}
    assert anna.see(V2) == anna.see(V1) == []


def test_v1_does_not_change_what_other_keywords_share(anna: Person) -> None:
    made = make(anna, "a", "b", filter_action="blur")
    first, second = anna.see(V1)
    path = f"{V1}/{first['id']}"

    same = {"phrase": "A", "context": ["home"], "irreversible": False, "expires_in": "", "whole_word": False}
    assert anna.app.put(path, same).status_code == 200
    for shared in ({"context": ["public"]}, {"irreversible": True}, {"expires_in": 60}):
        assert anna.app.put(path, {"phrase": "X", **shared}).status_code == 422
    now = anna.see(f"{V2}/{made['id']}")
    assert words_of(now) == [("A", False), ("b", True)]
    assert (now["context"], now["filter_action"], now["expires_at"]) == (["home"], "blur", None)
    anna.app.delete(path)
    assert [phrase["id"] for phrase in anna.see(V1)] == [second["id"]]


@pytest.mark.parametrize(
    "wrong", [{"phrase": ""}, {"phrase": None}, {"context": ["x"]}, {"phrase": "x" * 513}]
)
def test_v1_refuses_what_v2_refuses(anna: Person, wrong: dict[str, Any]) -> None:
    assert anna.app.post(V1, {"phrase": "a", "context": ["home"], **wrong}).status_code == 422
    assert anna.see(V1) == []


# What they find


@pytest.mark.parametrize(
    ("keyword", "whole_word", "text", "matches"),
    [
        ("brot", True, "Das BROT ist gut", True),
        ("brot", True, "Brotzeit", False),
        ("brot", False, "Abendbrotzeit", True),
        ("brot", True, "Brotzeit mit brot.", True),
        ("brot", True, "brot_zeit", False),
        ("grün", True, "gru\u0308n", True),
        ("straße", True, "STRASSE", True),
        ("#brot", True, "schönes #brot", True),
        ("#brot", True, "a#brot", True),
        ("#brot", True, "#brotzeit", False),
        ("c++", True, "ich mag c++17", True),
        (".*", True, "Kein Muster", False),
        ("(a+)+$", True, "a" * 500, False),
        ("guten tag", True, "Guten\n\nTag", True),
        ("मस्ते", True, "नमस्ते", False),
        ("<p>", False, "Absatz", False),
        ("&amp;", False, "Brot & Butter", False),
        ("brot & butter", True, "Brot & Butter", True),
    ],
)
def test_what_a_keyword_finds(
    anna: Person, cem: Person, keyword: str, whole_word: bool, text: str, matches: bool
) -> None:
    make(cem, keyword, whole_word=whole_word)

    assert found(cem, anna.post(text)) == ([([keyword], [])] if matches else [])


def test_warnings_alt_texts_and_poll_options_are_searched(anna: Person, cem: Person) -> None:
    make(cem, "warnung", "bild", "kuchen", "nichts")
    assert found(cem, anna.post("x", spoiler_text="Warnung")) == [(["warnung"], [])]
    picture = upload(anna)
    anna.app.put(f"/api/v1/media/{picture}", {"description": "Ein Bild"})
    assert found(cem, anna.post("x", media_ids=[picture])) == [(["bild"], [])]
    polled = anna.post("x", poll={"options": ["Kuchen", "Torte"], "expires_in": 3600})
    assert found(cem, polled) == [(["kuchen"], [])]


def test_a_reblog_shows_what_its_original_shows(anna: Person, cem: Person) -> None:
    made = make(cem, "brot")
    reblog = anna.do("reblog", anna.post("brot"))

    seen = cem.see(f"/api/v1/statuses/{reblog['id']}")
    assert seen["filtered"] == seen["reblog"]["filtered"] != []
    head = seen["filtered"][0]["filter"]
    assert head == {key: made[key] for key in ("id", "title", "context", "expires_at", "filter_action")}
    assert entity_faults("Status", seen) == []


def test_nothing_is_removed_and_expired_filters_find_nothing(
    anna: Person, bertha: Person, anybody: ApiClient, run_jobs: Callable[[], None]
) -> None:
    made = make(bertha, "brot", filter_action="hide", expires_in=60)
    status = anna.post("brot")
    run_jobs()

    assert bertha.home() == ["brot"]
    assert found(bertha, status) == [(["brot"], [])]
    assert "filtered" not in anybody.get(f"/api/v1/statuses/{status['id']}").json()
    Filter.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert found(bertha, status) == []
    assert [entry["id"] for entry in bertha.see(V2)] == [made["id"]]


def test_filters_cost_one_query_a_page(anna: Person, cem: Person) -> None:
    def cost() -> int:
        # What is rendered for everybody is there after the first time.
        cem.see("/api/v1/timelines/public")
        with CaptureQueriesContext(connection) as queries:
            cem.see("/api/v1/timelines/public")
        return len(queries)

    anna.post("brot")
    without = cost()
    for _ in range(3):
        status = anna.post("brot und kuchen")
        made = make(cem, "brot", "kuchen")
        cem.app.post(f"{V2}/{made['id']}/statuses", {"status_id": status["id"]})

    assert cost() == without + 1


def test_apps_learn_that_filters_changed(anna: Person, run_jobs: Callable[[], None]) -> None:
    from core import pubsub

    listener = pubsub.connection().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(pubsub.wire_name(f"timeline:{anna.account.pk}"))
    listener.get_message(timeout=1)
    make(anna, "brot")
    run_jobs()

    message = listener.get_message(timeout=1)
    listener.close()
    assert message is not None
    assert b"filters_changed" in message["data"]
