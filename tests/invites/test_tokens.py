"""The secret of a link: strong, and readable however it was copied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invites.tokens import ALPHABET, new_token, normalise_token

TOKEN = "7H3K9QWEABCDFGHJKMNPRSTVXY"


def test_a_new_token_has_130_bits_and_is_its_own_one_spelling() -> None:
    tokens = {new_token() for _ in range(200)}
    assert len(tokens) == 200
    assert {len(token) for token in tokens} == {26}
    assert set("".join(tokens)) == set(ALPHABET)
    assert all(normalise_token(token) == token for token in tokens)


@pytest.mark.parametrize(
    "spelling",
    [
        TOKEN.lower(),
        f" {TOKEN} ",
        "7H3K-9QWE-ABCD-FGHJ-KMNP-RSTV-XY",
        "7h3k 9qwe abcd fghj kmnp rstv xy",
        f"{TOKEN}.",
        f"{TOKEN}>",
        f"{TOKEN}).",
    ],
)
def test_what_people_and_mail_programs_make_of_a_token_is_still_read(spelling: str) -> None:
    assert normalise_token(spelling) == TOKEN


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert normalise_token("OIL" + TOKEN[3:]) == "011" + TOKEN[3:]


@pytest.mark.parametrize(
    "spelling", ["", TOKEN[:-1], TOKEN + "7", "U" + TOKEN[1:], "Ä" + TOKEN[1:], TOKEN * 400]
)
def test_what_cannot_be_a_token_is_none(spelling: str) -> None:
    assert normalise_token(spelling) is None


@given(st.text())
def test_reading_never_fails_and_reading_twice_changes_nothing(text: str) -> None:
    token = normalise_token(text)
    assert token is None or normalise_token(token) == token
