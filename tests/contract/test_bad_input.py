"""Whatever is sent, an endpoint answers as the contract says or refuses in its words; it never breaks.

Each parameter in turn gets what it must not have while the others are as in the case of the endpoint. An
exception in a door comes out here as it is, so that a 500 shows where it was raised.
"""

import re
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.pubsub import connection
from tests.cast import ApiClient
from tests.contract.cases import CASES
from tests.contract.contract import Endpoint, endpoints
from tests.contract.world import World

pytestmark = pytest.mark.django_db

GROUPS = {
    "accounts",
    "apps",
    "blocks",
    "directory",
    "domain_blocks",
    "emails",
    "endorsements",
    "follow_requests",
    "mutes",
    "preferences",
    "profile",
    "suggestions",
}
ALL = endpoints()
# Addresses of pages and of statuses have tests of their own.
ELSEWHERE = {"GET /invite/:invite_code"}
NAMES = [name for name in CASES if ALL[name].group in GROUPS and name not in ELSEWHERE]
EVERYTHING = "profile read write follow push"

# Wrong type, too long, negative, huge, NUL, half of a surrogate pair (as bytes in forms), unknown, nothing.
BAD = (
    None,
    "",
    "x" * 70_000,
    -1,
    2**63,
    "9" * 5000,
    1.5,
    "a\x00b\u202e",
    [None, [["x"]], "x" * 300],
    {"0": {"name": None, "value": "\x00"}, "a": {"b": ["c"]}},
)
MESSAGES = {400, 401, 403, 404, 413, 422, 429, 503}


def ask(
    world: World,
    name: str,
    client: ApiClient,
    changes: dict[str, Any],
    encoding: str = "json",
    ids: tuple[str, ...] = (),
) -> Any:
    """Send the request of a case with some parameters changed, as if it were the first of the day."""
    endpoint, case = ALL[name], CASES[name]
    values = iter(ids or [value.format(**world.ids) for value in case.path])
    path = re.sub(r":\w+", lambda _: quote(next(values), safe=""), endpoint.template)
    data = _filled(dict(case.data), world) | changes
    connection().flushdb()
    with transaction.atomic():
        if endpoint.method == "GET":
            answer = client.get(path, {key: _flat(value) for key, value in data.items()})
        else:
            answer = _send(client, endpoint, path, data, encoding)
        transaction.set_rollback(True)
    return answer


def _send(client: ApiClient, endpoint: Endpoint, path: str, data: dict[str, Any], encoding: str) -> Any:
    send = getattr(client, endpoint.method.lower())
    if encoding == "json":
        return send(path, {key.removesuffix("[]"): value for key, value in data.items()})
    return send(path, {key: _flat(value) for key, value in data.items()}, encoding=encoding)


def _flat(value: Any) -> Any:
    """Return what a form can hold."""
    if isinstance(value, list):
        return [_flat(item) for item in value if not isinstance(item, list)]
    return "" if value is None else str(value)


def _filled(value: Any, world: World) -> Any:
    if isinstance(value, str):
        return value.format(**world.ids)
    if isinstance(value, list):
        return [_filled(item, world) for item in value]
    return value


def check(endpoint: Endpoint, answer: Any) -> None:
    """Demand success as listed, or an error as every app reads it."""
    if answer.status_code in endpoint.success:
        return
    assert answer.status_code in MESSAGES, (endpoint.name, answer.status_code, answer.content)
    assert isinstance(answer.json()["error"], str) and answer.json()["error"]


def parameters(name: str) -> list[str]:
    """Return the names of what an endpoint takes, those inside maps by their outermost one too."""
    found = [param.replace(":index", "0") for param in ALL[name].params]
    return list(dict.fromkeys([*found, *(param.partition("[")[0] for param in found)]))


@pytest.mark.parametrize("name", [name for name in NAMES if ALL[name].params])
def test_every_parameter_may_be_wrong(world: World, name: str) -> None:
    client = world.client(CASES[name].who, EVERYTHING)
    for number, parameter in enumerate(parameters(name)):
        for turn, bad in enumerate(BAD):
            encoding = ("json", "form", "multipart")[(number + turn) % 3]
            check(ALL[name], ask(world, name, client, {parameter: bad}, encoding))


WRONG_IDS = ("0", "-1", "1", "abc", "1.5", "9" * 400, str(2**63), "\x00", "%00", "٣", "a b", "\ufffd")


@pytest.mark.parametrize("name", [name for name in NAMES if CASES[name].path])
def test_an_id_that_is_none_is_not_found(world: World, name: str) -> None:
    client = world.client(CASES[name].who, EVERYTHING)
    for wrong in WRONG_IDS:
        answer = ask(world, name, client, {}, ids=(wrong,))
        assert answer.status_code == 404, (wrong, answer.content)
        assert answer.json()["error"]
    half_a_pair = re.sub(r":\w+", "%ED%A0%80", ALL[name].template)
    assert getattr(client, ALL[name].method.lower())(half_a_pair).status_code == 404


def test_an_id_that_is_none_is_no_reason_to_skip_the_token() -> None:
    for name in NAMES:
        if CASES[name].path and ALL[name].auth == "user":
            path = re.sub(r":\w+", "abc", ALL[name].template)
            answer = getattr(ApiClient(), ALL[name].method.lower())(path)
            assert answer.status_code == 401, name


BODIES = (
    (b"{", "application/json"),
    (b"[]", "application/json"),
    (b'"text"', "application/json"),
    (b'{"id": "\\ud800", "domain": "\\ud800"}', "application/json"),
    (b"\xff\xfe", "application/json"),
    (b"a=%ED%A0%80&domain=%ED%A0%80&note=%ED%A0%80", "application/x-www-form-urlencoded"),
    (b"a[b]=1&a[]=2", "application/x-www-form-urlencoded"),
    (b"nothing of the kind", "multipart/form-data; boundary=x"),
    (b"x", "text/plain"),
)


@pytest.mark.parametrize("name", [name for name in NAMES if ALL[name].method != "GET"])
def test_a_body_that_cannot_be_read(world: World, name: str) -> None:
    endpoint, case = ALL[name], CASES[name]
    values = iter(value.format(**world.ids) for value in case.path)
    path = re.sub(r":\w+", lambda _: next(values), endpoint.template)
    token = world.client(case.who, EVERYTHING).token
    client = Client(headers={"Authorization": f"Bearer {token}"})
    for body, content_type in BODIES:
        connection().flushdb()
        with transaction.atomic():
            answer = client.generic(endpoint.method, path, body, content_type=content_type, secure=True)
            transaction.set_rollback(True)
        check(endpoint, answer)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("name", [name for name in NAMES if ALL[name].params])
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_that_is_sent_breaks_anything(world: World, name: str, data: st.DataObject) -> None:
    changes = data.draw(st.dictionaries(st.sampled_from(parameters(name)), values, min_size=1))
    encoding = data.draw(st.sampled_from(["json", "form", "multipart"]))
    check(ALL[name], ask(world, name, world.client(CASES[name].who, EVERYTHING), changes, encoding))
