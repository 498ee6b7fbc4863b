"""Parameters arrive as apps really send them (API behaviours section 2)."""

import pytest
from django.http import QueryDict

from core.api.parameters import (
    as_bool,
    as_id,
    as_ids,
    as_int,
    as_list,
    as_text,
    nest,
    nest_names,
    pairs_of_multipart,
    pairs_of_string,
)
from core.errors import BadRequest


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[b]=1&a[c][d]=2", {"a": {"b": "1", "c": {"d": "2"}}}),
        ("a[][x]=1&a[][y]=2&a[][x]=3", {"a": [{"x": "1", "y": "2"}, {"x": "3"}]}),
        ("id=1&id=2", {"id": "2"}),
        ("fields_attributes[0][name]=n", {"fields_attributes": {"0": {"name": "n"}}}),
        ("a]b=1", {}),
        ("a" + "[x]" * 20 + "=1", {}),
    ],
)
def test_rails_style_names_nest(query: str, expected: dict[str, object]) -> None:
    assert nest(pairs_of_string(query)) == expected


@pytest.mark.parametrize("query", ["a[]=1&a[b]=2", "a=1&a[b]=2", "a[b]=1&a[b][c]=2"])
def test_one_name_in_two_shapes_is_refused(query: str) -> None:
    with pytest.raises(BadRequest):
        nest(pairs_of_string(query))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"a": {"b[c]": 1}, "d": [1]}, {"a": {"b[c]": 1}, "d": [1]}),
        ({"f[0][name]": "n", "f[0][value]": True}, {"f": {"0": {"name": "n", "value": True}}}),
        ({"a[]": [1, "2"], "b[]": "3", "c": None}, {"a": [1, "2"], "b": ["3"], "c": None}),
        ({"a": {"b": 1}, "a[c]": [2]}, {"a": {"b": 1, "c": [2]}}),
        ({"a[][b]": 1, "a]b": 2, "[": 3}, {"a": [{"b": 1}]}),
    ],
)
def test_names_in_json_nest_too(body: dict[str, object], expected: dict[str, object]) -> None:
    assert nest_names(body) == expected


def test_json_in_two_shapes_is_refused() -> None:
    for body in ({"a": 1, "a[b]": 2}, {"a": [1], "a[b]": 2}, {"a[]": [1], "a[b]": 2}):
        with pytest.raises(BadRequest):
            nest_names(body)


def test_a_multipart_body_deals_its_columns_into_rows() -> None:
    body = QueryDict("a[][x]=1&a[][x]=3&a[][y]=2&a[][y]=4")
    assert nest(pairs_of_multipart(body)) == {"a": [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}]}


def test_a_flood_of_parameters_is_refused() -> None:
    with pytest.raises(BadRequest):
        pairs_of_string("&".join(f"a{n}=1" for n in range(1001)))


def test_lists_come_in_four_shapes() -> None:
    assert as_list(["1"]) == as_list("1") == as_list({"0": "1"}) == ["1"]
    assert as_list({"10": "c", "9": "b", "0": "a"}) == ["a", "b", "c"]
    assert as_list(None) == as_list("") == []


@pytest.mark.parametrize("value", ["false", "0", "f", "F", "FALSE", "off", "OFF", False])
def test_false_in_all_its_spellings(value: object) -> None:
    assert as_bool(value, default=True) is False


@pytest.mark.parametrize("value", ["true", "1", "no", "on", True, 1])
def test_anything_else_is_true_and_nothing_is_the_default(value: object) -> None:
    assert as_bool(value) is True
    assert as_bool(None, default=True) is as_bool("", default=True) is True


def test_ids_leave_out_what_cannot_be_one() -> None:
    assert as_ids(["5", "x", "5", "7", "-1", "99999999999999999999", None]) == [5, 7]
    assert as_id("٣") is None
    assert as_id(str(2**63)) is None


def test_numbers_are_clamped_and_texts_lose_nul() -> None:
    assert as_int("900", minimum=1, maximum=40) == 40
    assert as_int("many", minimum=1, maximum=40) is None
    assert as_text("a\x00b") == "ab"
    with pytest.raises(BadRequest):
        as_text(["a"])
