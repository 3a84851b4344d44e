"""The time limit in force: who sets it, who sees it, and when it is up."""

from __future__ import annotations

import time

import pytest

from optimizer.errors import InputError, SolverError
from optimizer.execution import clock
from optimizer.execution.clock import GRACE, TimeLimitError


def test_nothing_is_in_force_unless_it_is_set() -> None:
    clock.check("anything")
    clock.adopt(1e-9)
    clock.check("anything")
    assert clock.deadline() is None


def test_time_is_up_after_the_grace() -> None:
    now = time.monotonic()
    with clock.limited(5.0, now - 5.0 - 0.5 * GRACE):
        clock.check("this")
        assert clock.deadline() == pytest.approx(now - 0.5 * GRACE)
    with (
        clock.limited(5.0, now - 5.0 - GRACE),
        pytest.raises(TimeLimitError, match="the time limit passed before this was done; allow more time"),
    ):
        clock.check("this was done")
    assert issubclass(TimeLimitError, SolverError)
    clock.check("this")


def test_the_earlier_of_two_limits_holds() -> None:
    now = time.monotonic()
    for outer, inner, holds in (
        (5.0, 9.0, 5.0),
        (9.0, 5.0, 5.0),
        (None, 5.0, 5.0),
        (5.0, None, 5.0),
        (None, None, None),
    ):
        with clock.limited(outer, now):
            with clock.limited(inner, now):
                assert clock.deadline() == (None if holds is None else now + holds)
            assert clock.deadline() == (None if outer is None else now + outer)
    assert clock.deadline() is None


def test_a_case_brings_a_limit_where_none_was_given() -> None:
    now = time.monotonic()
    for given, own, holds in ((None, 3.0, 3.0), (5.0, 3.0, 5.0), (None, None, None)):
        with clock.limited(given, now):
            clock.adopt(own)
            assert clock.deadline() == (None if holds is None else now + holds)
        assert clock.deadline() is None


def test_a_limit_may_be_lifted_and_set_to_a_moment() -> None:
    now = time.monotonic()
    with clock.until(now - 100.0):
        with clock.lifted():
            clock.check("this")
            assert clock.deadline() is None
        with pytest.raises(TimeLimitError):
            clock.check("this")
        with clock.until(None):
            assert clock.deadline() == now - 100.0
    for wrong in (0.0, -1.0, float("nan"), float("inf"), "1"):
        with pytest.raises(InputError), clock.limited(wrong):  # type: ignore[arg-type]
            pass


def test_long_lists_are_watched() -> None:
    assert list(clock.watched(range(3000), "it was told")) == list(range(3000))
    seen = []
    with pytest.raises(TimeLimitError), clock.until(time.monotonic() - GRACE + 0.05):
        for item in clock.watched(iter(int, 1), "it was told"):
            seen.append(item)
    assert len(seen) % 1024 == 0 and seen
