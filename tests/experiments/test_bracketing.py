"""The search for a capacity against what is known of made-up fields."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.language.amounts import Dimension
from experiments.planning.bracketing import MOST_PROBES, Stretch, search
from experiments.planning.searched_field import value_of
from results.metrics.capacity import FieldValue, Found, Probe, Wanted

GIB = 2**30


def stretch(
    start: float,
    low: float | None = None,
    high: float | None = None,
    *,
    dimension: Dimension = "size",
    whole: bool = False,
) -> Stretch:
    made = partial(value_of, dimension, whole=whole)
    ends = [None if end is None else made(end) for end in (low, high)]
    return Stretch(made(start), ends[0], ends[1], made, whole)


@dataclass(frozen=True)
class Strained(Probe):
    """A made-up probe that says how much of its limit is used."""

    made_up: float = 0.0

    @property
    def strain(self) -> float:
        """As it was made up."""
        return self.made_up


def _unknown(_: float) -> float:
    return 0.0


def searched(
    where: Stretch,
    each: Callable[[float], Sequence[bool]],
    wanted: Wanted | None = None,
    largest: float = math.inf,
    strain: Callable[[float], float] = _unknown,
) -> Found:
    """The search, where a value meets if most of its repetitions do; some are not taken."""
    probing = search(where, wanted)
    asked = next(probing)
    try:
        while True:
            asked = probing.send([_probe(value, each, largest, strain) for value in asked])
    except StopIteration as end:
        found: Found = end.value
        assert len({probe.value.amount for probe in found.probes}) == len(found.probes)
        assert len(found.probes) <= MOST_PROBES
        return found


def _probe(
    value: FieldValue,
    each: Callable[[float], Sequence[bool]],
    largest: float,
    strain: Callable[[float], float],
) -> Probe | None:
    if value.amount > largest:
        return None
    passed = each(value.amount)
    met = 2 * sum(passed) > len(passed)
    return Strained(value, met, passed, made_up=strain(value.amount))


def values(found: Found) -> list[object]:
    """What was tried, in order."""
    return [probe.value.data for probe in found.probes]


@given(st.floats(1.0, 511.9), st.floats(1.0, 512.0))
def test_the_answer_meets_and_a_hundredth_more_misses(last_gib: float, start_gib: float) -> None:
    where = stretch(start_gib * GIB, GIB, 512 * GIB)
    found = searched(where, lambda size: [size <= last_gib * GIB])
    assert found.best is not None
    assert found.beyond is not None
    assert found.best.value.amount <= last_gib * GIB < found.beyond.value.amount
    assert found.beyond.value.amount <= 1.01 * found.best.value.amount
    assert 1.01 * found.best.value.amount > last_gib * GIB
    assert not found.contradictions


@given(st.floats(1.0, 511.9), st.floats(0.3, 6.0), st.floats(0.0, 0.3))
def test_strain_shows_the_way(last_gib: float, power: float, waves: float) -> None:
    def strain(size: float) -> float:
        distance = math.log(size / (last_gib * GIB))
        return math.exp(power * distance + waves * math.sin(distance))

    where = stretch(30 * GIB, GIB, 512 * GIB)
    found = searched(where, lambda size: [strain(size) <= 1], strain=strain)
    assert found.best is not None
    assert found.beyond is not None
    assert found.best.value.amount <= last_gib * GIB < found.beyond.value.amount
    assert found.beyond.value.amount <= 1.01 * found.best.value.amount
    assert len(found.probes) <= 14


def test_a_limit_near_the_start_takes_six_values() -> None:
    found = searched(
        stretch(30 * GIB, GIB, 512 * GIB),
        lambda size: [size <= 38 * GIB],
        strain=lambda size: (size / (38 * GIB)) ** 1.3,
    )
    assert values(found)[:2] == ["30GiB", "42GiB"]
    assert len(found.probes) <= 6
    assert found.best is not None
    assert found.best.value.amount == pytest.approx(38 * GIB, rel=0.01)


def test_strain_that_misleads_costs_only_time() -> None:
    def strain(size: float) -> float:
        return 0.999 if size <= 38 * GIB else 1e9  # as if it were reached at once

    found = searched(stretch(30 * GIB), lambda size: [size <= 38 * GIB], strain=strain)
    assert found.best is not None
    assert found.beyond is not None
    assert found.beyond.value.amount <= 1.01 * found.best.value.amount


@given(st.integers(1, 999), st.sampled_from(Wanted))
def test_whole_numbers_are_told_apart(last: int, wanted: Wanted) -> None:
    where = stretch(1, 1, 1000, dimension="number", whole=True)
    is_largest = wanted is Wanted.LARGEST
    found = searched(where, lambda n: [(n <= last) is is_largest])
    assert found.wanted is wanted
    assert found.best is not None
    assert found.beyond is not None
    answers = (last, last + 1) if is_largest else (last + 1, last)
    assert (found.best.value.data, found.beyond.value.data) == answers
    assert len(found.probes) <= MOST_PROBES


@given(st.floats(-11.9, 11.9), st.sampled_from(Wanted))
def test_open_ends_are_moved_on(exponent: float, wanted: Wanted) -> None:
    border = GIB * 2**exponent
    is_largest = wanted is Wanted.LARGEST
    found = searched(stretch(GIB), lambda size: [(size <= border) is is_largest], wanted)
    assert found.best is not None
    assert found.beyond is not None
    ends = sorted((found.best.value.amount, found.beyond.value.amount))
    assert ends[0] <= border <= ends[1] <= 1.01 * ends[0]
    assert len(found.probes) <= MOST_PROBES


@pytest.mark.parametrize(
    ("meets", "best", "beyond"), [(True, "512GiB", None), (False, None, "1GiB")]
)
def test_everything_or_nothing_meets(meets: bool, best: str | None, beyond: str | None) -> None:
    found = searched(stretch(30 * GIB, GIB, 512 * GIB), lambda _: [meets])
    assert [probe and probe.value.data for probe in (found.best, found.beyond)] == [best, beyond]
    assert {"1GiB", "512GiB"} <= set(values(found))  # perhaps more is better
    found = searched(stretch(30 * GIB, GIB, 512 * GIB), lambda _: [meets], Wanted.LARGEST)
    assert [probe and probe.value.data for probe in (found.best, found.beyond)] == [best, beyond]
    assert ("1GiB" in values(found)) is not meets


def _at_least(border: float, size: float) -> list[bool]:
    return [size >= border]


def test_where_only_greater_values_meet_the_smallest_is_wanted() -> None:
    for border in (3 * GIB, 30 * GIB, 300 * GIB):
        where = stretch(20 * GIB, GIB, 512 * GIB)
        found = searched(where, partial(_at_least, border))
        assert found.wanted is Wanted.SMALLEST
        assert found.best is not None
        assert found.beyond is not None
        assert found.beyond.value.amount < border <= found.best.value.amount
        assert found.best.value.amount <= 1.01 * found.beyond.value.amount


def test_an_open_end_goes_as_far_as_the_field_does() -> None:
    found = searched(stretch(GIB), lambda _: [True], largest=6 * GIB)
    assert found.best is not None
    assert 5.94 * GIB <= found.best.value.amount <= 6 * GIB
    assert (found.beyond, found.refused) == (None, True)
    found = searched(stretch(GIB), lambda size: [size < 5 * GIB], largest=6 * GIB)
    assert found.best is not None
    assert 4.95 * GIB <= found.best.value.amount <= 5 * GIB
    assert (found.beyond is None, found.refused) == (False, False)
    found = searched(stretch(GIB), lambda _: [True])
    assert found.best is not None
    assert (found.best.value.data, found.beyond, found.refused) == ("4TiB", None, False)


def test_an_open_end_stops_at_the_other() -> None:
    found = searched(stretch(GIB, high=5 * GIB), lambda _: [True])
    assert values(found) == ["1GiB", "1.4GiB", "2.744GiB", "5GiB"]
    found = searched(stretch(4, dimension="number", whole=True), lambda _: [False])
    assert values(found) == [4, 6, 2, 1]


def test_what_contradicts_is_told() -> None:
    # Who looks at neighbours first does not see what is far away where nothing is promised.
    found = searched(stretch(GIB, GIB, 256 * GIB), lambda size: [size < 3 * GIB or size > 32 * GIB])
    assert found.best is not None
    assert 2.97 * GIB <= found.best.value.amount < 3 * GIB
    found = searched(
        stretch(9 * GIB, GIB, 256 * GIB), lambda size: [size < 2 * GIB or 4 * GIB < size < 11 * GIB]
    )
    assert found.best is not None
    assert 10.89 * GIB <= found.best.value.amount < 11 * GIB
    (pair, *_) = found.contradictions
    assert not pair[0].met
    assert pair[1].met
    assert 2 * GIB <= pair[0].value.amount <= 4 * GIB < pair[1].value.amount


def test_where_repetitions_differ_there_is_an_interval() -> None:
    borders = [10 * GIB, 11 * GIB, 12 * GIB]
    found = searched(
        stretch(8 * GIB, GIB, 512 * GIB), lambda size: [size <= border for border in borders]
    )
    assert found.interval is not None
    assert found.best is not None
    meet, miss = found.interval
    assert meet is not None
    assert miss is not None
    # As near as the simulations that are left bring them.
    assert meet.value.amount <= 10 * GIB <= 1.02 * meet.value.amount
    assert found.best.value.amount <= 11 * GIB <= 1.01 * found.best.value.amount
    assert 12 * GIB <= miss.value.amount <= 1.1 * 12 * GIB
    assert len(found.probes) <= MOST_PROBES


def test_one_repetition_has_no_interval() -> None:
    found = searched(stretch(GIB, GIB, 4 * GIB), lambda size: [size < 2 * GIB])
    assert found.interval is None


@pytest.mark.parametrize(
    ("dimension", "amount", "whole", "value"),
    [
        ("size", 13_250_000_000, False, (13_249_974_108, "12.34GiB")),
        ("size", 700, False, (700, "700B")),
        ("duration", 12_345_678, False, (12_350_000, "12.35ms")),
        ("rate", 12_345.678, False, (12_350, "12.35k/s")),
        ("rate", 0.5, False, (0.5, "0.5/s")),
        ("share", 0.123456, False, (0.1235, 0.1235)),
        ("number", 1234.56, False, (1235, 1235)),
        ("number", 123_456.7, True, (123_457, 123_457)),
    ],
)
def test_values_are_such_as_people_type(
    dimension: Dimension, amount: float, whole: bool, value: tuple[float, object]
) -> None:
    assert value_of(dimension, amount, whole=whole) == value
