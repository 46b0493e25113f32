"""Clock, random streams, levels and quantities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sim.machine.clock import Activity, Clock
from sim.machine.streams import Streams
from sim.measures.level import Level
from sim.units import Bytes, Duration, Rate, Ratio


def test_the_clock_stays_an_int_whatever_integers_it_is_given() -> None:
    clock = Clock()

    def process() -> Activity:
        yield clock.timeout(np.int64(7))
        yield clock.timeout(True)

    clock.process(process())
    clock.run_until(np.int64(20))
    assert type(clock.now) is int
    assert clock.now == 20
    with pytest.raises(TypeError):
        clock.timeout(1.5)  # type: ignore[arg-type] # that is the point


def test_the_clock_says_until_when_nothing_happens() -> None:
    clock = Clock()
    assert clock.quiet_until_ns is None
    clock.timeout(30)
    assert clock.quiet_until_ns == 30


def test_streams_depend_on_their_name_seed_and_repetition_alone() -> None:
    def draws(seed: int, repetition: int, name: str) -> list[float]:
        return [float(x) for x in Streams(seed, repetition).generator(name).random(4)]

    assert draws(1, 0, "a") == draws(1, 0, "a")
    different = [draws(1, 0, "a"), draws(2, 0, "a"), draws(1, 1, "a"), draws(1, 0, "b")]
    assert len({tuple(d) for d in different}) == 4
    # The number itself, so that no release changes everybody's results unnoticed.
    assert Streams(20210426).generator("workload/redis/keys").integers(0, 10**6) == 491021


def test_a_level_weighs_by_time() -> None:
    clock = Clock()
    level = Level(clock, 10)
    assert level.mean() == 10
    clock.run_until(30)
    level.set(40)
    clock.run_until(40)
    assert level.mean() == (10 * 30 + 40 * 10) / 40
    assert level.highest == 40


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Bytes, "996MiB", 996 * 2**20),
        (Bytes, "1.5GB", 1_500_000_000),
        (Bytes, "0.5 GiB", 2**29),
        (Bytes, 4096, 4096),
        (Duration, "250us", 250_000),
        (Duration, "0.3us", 300),
        (Duration, "135s", 135 * 10**9),
        (Duration, "2min", 120 * 10**9),
        (Duration, 0, 0),
        (Rate, "80k/s", 80_000.0),
        (Rate, "0.5/s", 0.5),
        (Ratio, "1/11", 1 / 11),
        (Ratio, "25%", 0.25),
        (Ratio, 1, 1.0),
    ],
)
def test_quantities_are_read_exactly(kind: Any, text: object, value: float) -> None:
    assert TypeAdapter(kind).validate_python(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Bytes, "-1"),
        (Bytes, True),
        (Bytes, "10 apples"),
        (Bytes, 1.5),
        (Bytes, "9" * 300),
        (Bytes, None),
        (Duration, 5),
        (Duration, "1.5ns"),
        (Duration, "-3s"),
        (Duration, math.nan),
        (Duration, "1e999s"),
        (Rate, "0/s"),
        (Rate, "5"),
        (Ratio, "3/2"),
        (Ratio, "1/0"),
        (Ratio, math.inf),
    ],
)
def test_what_is_no_quantity_is_refused(kind: Any, text: object) -> None:
    with pytest.raises(ValidationError, match="expected a"):
        TypeAdapter(kind).validate_python(text)


@given(st.text(max_size=12) | st.floats() | st.integers())
def test_any_input_is_a_size_or_refused(text: object) -> None:
    try:
        size = TypeAdapter(Bytes).validate_python(text)
    except ValidationError:
        return
    assert 0 <= size <= 2**53
