"""Every endpoint that is there keeps the contract: its answers, who may call it, how its lists are paged."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.cast import ApiClient, api_client, make_account
from tests.contract.cases import CASES, Case
from tests.contract.contract import Endpoint, endpoints, faults
from tests.contract.not_yet import NOT_YET, REFUSING
from tests.contract.world import World

pytestmark = pytest.mark.django_db

ALL = endpoints()
EVERYTHING = "profile read write follow push"
# Pages, and what was taken away: tested elsewhere or not at all. So is what the streaming process serves.
ELSEWHERE = {"html_or_redirect", "gone", "xml"}
STREAMING = "/api/v1/streaming"
CLOSED = [name for name in CASES if ALL[name].auth in ("user", "app")]
SCOPED = [name for name in CASES if ALL[name].scopes]
PAGED = [name for name in CASES if ALL[name].pagination["style"] == "link"]


def ask(world: World, name: str, client: ApiClient, **more: Any) -> Any:
    """Send the request of a case."""
    endpoint, case = ALL[name], CASES[name]
    path, data = _path(endpoint, case, world), world.filled(dict(case.data)) | more
    if endpoint.method == "GET":
        return client.get(path, data, **({"Accept": case.accept} if case.accept else {}))
    send = getattr(client, endpoint.method.lower())
    if case.multipart:
        return send(path, case.multipart(), encoding="multipart")
    return send(path, data)


def _path(endpoint: Endpoint, case: Case, world: World) -> str:
    values = iter(case.path)
    return re.sub(r":\w+", lambda _: next(values).format(**world.ids), endpoint.template)


@pytest.mark.parametrize("name", CASES)
def test_answers_keep_the_contract(world: World, name: str) -> None:
    endpoint = ALL[name]
    answer = ask(world, name, world.client(CASES[name].who, EVERYTHING))
    assert answer.status_code in endpoint.success, answer.content
    assert faults_of(endpoint, answer, signed_in=True) == []


def faults_of(endpoint: Endpoint, answer: Any, *, signed_in: bool) -> list[str]:
    """Return what is wrong with a successful answer; 204, and what returns nothing, has no body."""
    kind = endpoint.returns["kind"]
    if kind == "none" or answer.status_code == 204:
        return ["has a body"] if answer.content else []
    if kind == "string":
        return [] if answer.content else ["is empty"]
    return faults(endpoint, answer.json(), signed_in=signed_in)


@pytest.mark.parametrize("name", [name for name in CASES if name not in CLOSED])
def test_answers_to_strangers_keep_the_contract(world: World, name: str) -> None:
    endpoint = ALL[name]
    answer = ask(world, name, ApiClient())
    assert answer.status_code in endpoint.success, answer.content
    assert faults_of(endpoint, answer, signed_in=False) == []


@pytest.mark.parametrize("name", CLOSED)
def test_no_token_is_401(world: World, name: str) -> None:
    answer = ask(world, name, ApiClient())
    assert answer.status_code == 401, answer.content
    assert answer.json()["error"]


@pytest.mark.parametrize("name", SCOPED)
def test_a_token_without_any_of_the_scopes_is_403(world: World, name: str) -> None:
    scopes = {*ALL[name].scopes, *(scope.partition(":")[0] for scope in ALL[name].scopes)}
    others = {"profile", "read", "write", "follow", "push"} - scopes
    answer = ask(world, name, world.client(CASES[name].who, " ".join(sorted(others))))
    assert answer.status_code == 403, answer.content
    assert answer.json()["error"]


@pytest.mark.parametrize("name", SCOPED)
def test_any_one_of_the_scopes_is_enough(world: World, name: str) -> None:
    for scope in ALL[name].scopes:
        answer = ask(world, name, world.client(CASES[name].who, scope))
        assert answer.status_code not in (401, 403), (scope, answer.content)


@pytest.mark.parametrize("name", PAGED)
def test_lists_link_to_their_neighbours(world: World, name: str) -> None:
    paging = ALL[name].pagination
    answer = ask(world, name, api_client(world.anna, EVERYTHING), limit=1)
    rows = _rows(answer.json())
    if rows == []:
        assert "Link" not in answer
        return
    assert len(rows) == 1
    links = dict(re.findall(r'<[^>]*[?&](\w+)=[^>&]*>; rel="(\w+)"', answer["Link"]))
    # The first part of a ranking has none before it.
    wanted = (
        {"offset": "next"} if paging["next"] == "offset" else {paging["next"]: "next", paging["prev"]: "prev"}
    )
    assert links == wanted
    following = re.findall(r'<([^>]*)>; rel="next"', answer["Link"])[0]
    assert following.startswith("https://")
    second = api_client(world.anna, EVERYTHING).get(following)
    assert second.status_code == 200
    assert _rows(second.json()) != rows


def _rows(body: Any) -> list[Any]:
    """Return what a page lists: the body itself, or the groups of notifications or collections in it."""
    if isinstance(body, dict):
        body = body["collections" if "collections" in body else "notification_groups"]
    rows: list[Any] = body
    return rows


# Is every door known, and is everything known either there or written down as missing?


def routes() -> Iterator[tuple[str, Any]]:
    """Yield every address of this server, parameters as ``:``, with its view."""
    yield from _routes(get_resolver().url_patterns, "/")


def _routes(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + re.sub(r"<[^>]+>", ":", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern.callback


def routed_shapes() -> set[str]:
    """Return method and path of every door below /api."""
    return {
        f"{method.upper()} {route}"
        for route, view in routes()
        if route.startswith("/api/") and hasattr(view, "cls")
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view.cls, method)
    }


def test_every_door_is_in_the_contract() -> None:
    assert routed_shapes() - {shape for endpoint in ALL.values() for shape in endpoint.shapes} == set()


def test_every_door_has_a_case() -> None:
    assert routed_shapes() - {shape for name in (*CASES, *REFUSING) for shape in ALL[name].shapes} == set()


def test_what_has_no_case_is_written_down() -> None:
    missing = {
        name
        for name, endpoint in ALL.items()
        if name not in CASES
        and endpoint.returns["kind"] not in ELSEWHERE
        and not endpoint.template.startswith(STREAMING)
    }
    assert missing == set(NOT_YET)


def test_what_is_not_there_yet_is_404_in_json() -> None:
    app = api_client(make_account("otto"), EVERYTHING)
    answers = {
        name: getattr(app, ALL[name].method.lower())(re.sub(r":\w+", "1", ALL[name].template))
        for name in NOT_YET
        if "/api/" in name
    }
    assert [name for name, answer in answers.items() if answer.status_code != 404] == []
    assert [name for name, answer in answers.items() if not answer.json()["error"]] == []
