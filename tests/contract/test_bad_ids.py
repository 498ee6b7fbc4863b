"""Ids that name nothing, or nothing that the asker may know of, are not found, in paths and parameters."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cast import ApiClient
from tests.contract.asking import ALL, NAMES, Asker, one_of_each_door, parameters, rows_written
from tests.contract.cases import CASES
from tests.contract.others import Others, kind_of
from tests.contract.world import World

pytestmark = pytest.mark.django_db

WRONG_IDS = ("0", "-1", "999999999", "abc", "1.5", "9" * 400, str(2**63), "\x00", "٣", "\ufffd")
WRONG_NAMES = ("%00", "a b", "x" * 3000, "/", "..", "ungrouped-", "ungrouped-" + "9" * 40)
# Browsers that forget a subscription do not care whether it was there.
LENIENT = {"DELETE /api/web/push_subscriptions/:id"}
WITH_IDS = [name for name in NAMES if name not in LENIENT and any("{" in part for part in CASES[name].path)]
WITH_PATHS = [name for name in NAMES if CASES[name].path]


@pytest.fixture(scope="module")
def others(world: World, django_db_blocker: Any) -> Others:
    """What Anna must not reach, made once in the world of this module."""
    with django_db_blocker.unblock():
        return Others(world)


@pytest.mark.parametrize("name", WITH_IDS)
def test_what_is_not_there_or_not_hers_is_not_found(world: World, others: Others, name: str) -> None:
    asker = Asker(world, name)
    for ids in _wrong_paths(world, others, name):
        answer = asker.ask({}, ids=ids)
        assert answer.status_code == 404, (ids, answer.content)


@pytest.mark.parametrize("name", sorted(LENIENT))
def test_what_is_not_there_changes_nothing_where_nobody_cares(
    world: World, others: Others, name: str
) -> None:
    asker, made_up = Asker(world, name), [[wrong] for wrong in WRONG_IDS]
    for ids in (*made_up, *([wrong] for wrong in others.wrong(kind_of(CASES[name].path[0])))):
        before = rows_written()
        assert asker.ask({}, ids=ids).status_code == 200
        assert rows_written() == before, ids


def _wrong_paths(world: World, others: Others, name: str) -> Iterator[list[str]]:
    """Yield what fills a path, with one of its ids wrong."""
    right = [value.format(**world.ids) for value in CASES[name].path]
    for place, value in enumerate(CASES[name].path):
        if "{" not in value:
            continue
        for wrong in (*WRONG_IDS, *others.wrong(kind_of(value))):
            filled = re.sub(r"\{\w+\}", lambda _, wrong=wrong: wrong, value)
            yield right[:place] + [filled] + right[place + 1 :]


@pytest.mark.parametrize("name", WITH_PATHS)
def test_any_path_has_an_answer(world: World, name: str) -> None:
    asker = Asker(world, name)
    for wrong in WRONG_NAMES if name in WITH_IDS else (*WRONG_IDS, *WRONG_NAMES):
        asker.ask({}, ids=[wrong] * len(CASES[name].path))
    half_a_pair = re.sub(r":\w+", "%ED%A0%80", ALL[name].template)
    method = getattr(asker.client, ALL[name].method.lower())
    asker.sent(lambda: method(half_a_pair))


def test_an_id_that_is_none_is_no_reason_to_skip_the_token(world: World) -> None:
    for name in WITH_PATHS:
        if ALL[name].auth == "user":
            path = re.sub(r":\w+", "abc", ALL[name].template)
            answer = getattr(ApiClient(), ALL[name].method.lower())(path)
            assert answer.status_code == 401, name


NAMING = re.compile(r"(^|_|\[)ids?(\[\])?\]?$")
PAGING = {"max_id", "min_id", "since_id", "client_id"}
NAMED = {
    name: [each for each in parameters(name) if NAMING.search(each) and each not in PAGING]
    for name in one_of_each_door(NAMES)
}


@pytest.mark.parametrize("name", [name for name in NAMED if NAMED[name]])
def test_parameters_name_nothing_that_is_not_hers(world: World, others: Others, name: str) -> None:
    asker = Asker(world, name)
    for parameter in NAMED[name]:
        for wrong in (*WRONG_IDS, *_meant(others, parameter)):
            asker.ask({parameter: [wrong] if parameter.endswith("[]") else wrong})
        asker.ask({parameter: others.everything})


def _meant(others: Others, parameter: str) -> list[str]:
    """Return ids that Anna must not reach, of what a parameter asks for: a status unless it says so."""
    kinds = [kind for kind in others.of_others if kind in parameter] or ["status"]
    return [wrong for kind in (*kinds, "account") for wrong in others.wrong(kind)]
