"""Whatever is sent, an endpoint answers as the contract says or refuses in its words; it never breaks.

Every parameter gets what it must not have while the others are as in the case of the endpoint. What is
refused leaves nothing behind. Ids are tried in `test_bad_ids.py`.
"""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.asking import ALL, NAMES, Asker, one_of_each_door, parameters, whole_parameters
from tests.contract.world import World

pytestmark = pytest.mark.django_db

DOORS = one_of_each_door(NAMES)
WITH_PARAMETERS = [name for name in DOORS if ALL[name].params]
ENCODINGS = ("json", "form", "multipart")
# Wrong type, too long, negative, huge, NUL, unknown, nothing. Half of a surrogate pair is in BODIES.
BAD = (
    None,
    "x" * 70_000,
    -1,
    2**63,
    "9" * 5000,
    "a\x00b\u202e",
    [None, [["x"]], "x" * 300],
    {"0": {"name": None, "value": "\x00"}, "a": {"b": ["c"]}},
)
FILES = {"file", "thumbnail", "avatar", "header"}


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_every_parameter_may_be_wrong(world: World, name: str) -> None:
    asker = Asker(world, name)
    for names in (parameters(name), whole_parameters(name)):
        alone: set[str] = set()
        for turn in range(len(BAD)):
            changes = dict(zip(names, BAD[turn:] + BAD * 2, strict=False))
            all_wrong(asker, changes, alone, ENCODINGS[turn % 3])


def all_wrong(asker: Asker, changes: dict[str, object], alone: set[str], encoding: str) -> None:
    """Send bad values at once; those which are refused hide the others, and are sent alone from then on."""
    for name in alone & changes.keys():
        asker.ask({name: changes[name]}, encoding)
    together = [name for name in changes if name not in alone]
    if not together or not asker.refuses(asker.ask({name: changes[name] for name in together}, encoding)):
        return
    if len(together) == 1:
        alone.add(together[0])
        return
    for half in (together[: len(together) // 2], together[len(together) // 2 :]):
        all_wrong(asker, {name: changes[name] for name in half}, alone, encoding)


@pytest.mark.parametrize("name", [name for name in DOORS if FILES & {*ALL[name].params}])
def test_every_file_may_be_none(world: World, name: str) -> None:
    asker = Asker(world, name)
    for parameter in FILES & {*ALL[name].params}:
        for file in (
            SimpleUploadedFile("leer.png", b"", "image/png"),
            SimpleUploadedFile("a\x00b.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "image/png"),
            SimpleUploadedFile("../" * 99 + "x.svg", b"<svg onload='alert(1)'/>", "\ud7ff/\x01"),
        ):
            asker.ask({parameter: file}, "multipart")


BODIES = (
    (b"{", "application/json"),
    (b"[]", "application/json"),
    (b'"text"', "application/json"),
    (b"\xff\xfe", "application/json"),
    (b"[" * 5000, "application/json"),
    (b"a[b]=1&a[]=2", "application/x-www-form-urlencoded"),
    (b"nothing of the kind", "multipart/form-data; boundary=x"),
    (b"nothing of the kind", "multipart/form-data"),
    (b"x", "text/plain"),
    (b"x", "\xff"),
)


@pytest.mark.parametrize("name", [name for name in DOORS if ALL[name].method != "GET"])
def test_a_body_that_cannot_be_read(world: World, name: str) -> None:
    asker = Asker(world, name)
    for body, content_type in BODIES:
        asker.raw(body, content_type)


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_half_of_a_surrogate_pair(world: World, name: str) -> None:
    asker = Asker(world, name)
    pairs = "&".join(f"{parameter}=%ED%A0%80" for parameter in parameters(name))
    asker.raw(b"", "application/json", pairs)
    if ALL[name].method != "GET":
        asker.raw(pairs.encode(), "application/x-www-form-urlencoded")
        asker.raw(b'{"%s": "\\ud800"}' % parameters(name)[0].encode(), "application/json")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("group", sorted({ALL[name].group for name in WITH_PARAMETERS}))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_that_is_sent_breaks_anything(world: World, group: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in WITH_PARAMETERS if ALL[name].group == group]))
    changes = data.draw(st.dictionaries(st.sampled_from(parameters(name)), values, min_size=1))
    Asker(world, name).ask(changes, data.draw(st.sampled_from(ENCODINGS)))
