"""Ids rise with time, within a burst and across backdated rows."""

from datetime import UTC, datetime, timedelta

import time_machine

from core.ids import id_at, new_id, time_of_id


def test_a_burst_of_ids_rises_and_never_repeats() -> None:
    made = [new_id() for _ in range(100_000)]
    assert made == sorted(set(made))


def test_a_backdated_id_carries_its_time_and_sorts_before_newer_ones() -> None:
    moment = datetime(2020, 5, 17, 12, 30, 15, 250_000, tzinfo=UTC)
    old = new_id(moment)
    assert time_of_id(old) == moment
    assert id_at(moment) <= old < id_at(moment + timedelta(milliseconds=1))
    assert old < new_id()


def test_a_time_in_the_future_counts_as_now() -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    future = new_id(datetime.now(UTC) + timedelta(days=400))
    assert before < time_of_id(future) < datetime.now(UTC) + timedelta(seconds=2)


def test_an_id_fits_a_signed_bigint_for_centuries() -> None:
    assert id_at(datetime(2500, 1, 1, tzinfo=UTC)) < 2**63


def test_a_clock_that_ran_ahead_and_was_set_back_leaves_no_ids_in_the_future() -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(days=14)):
        ahead = new_id()
    assert new_id() < ahead
    assert abs(time_of_id(new_id()) - datetime.now(UTC)) < timedelta(seconds=1)
