"""Clock, random streams, levels and quantities."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sim.machine.clock import Activity, Clock, steps
from sim.machine.streams import Streams
from sim.measures.level import Level
from sim.units import Bytes, Count, Duration, Rate, Ratio


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
        (Bytes, "6.1GiB", 6_549_825_126),  # of 6549825126.4
        (Bytes, ".5KiB", 512),
        (Bytes, "1.0001Mi", 1_048_681),
        (Bytes, "1.0001MiB", 1_048_681),
        (Bytes, "16gib", 2**34),
        (Bytes, "2KB", 2000),
        # What Redis's configuration and most people mean.
        (Bytes, "16G", 2**34),
        (Bytes, "1.5K", 1536),
        (Bytes, "16gb", 2**34),
        (Bytes, "1.1gb", 1_181_116_006),
        (Bytes, "1mb", 2**20),
        (Bytes, "1m", 10**6),
        (Bytes, "4k", 4000),
        # Redis's units do not look at the case; terabytes go on as the others do.
        (Bytes, "16Gb", 2**34),
        (Bytes, "1kb", 1024),
        (Bytes, "1b", 1),
        (Bytes, "2 bytes", 2),
        (Bytes, "1tb", 2**40),
        (Bytes, "1t", 10**12),
        (Count, "12", 12),
        (Duration, "2 hours", 2 * 3600 * 10**9),
        (Duration, "10 seconds", 10**10),
        (Duration, "15mins", 15 * 60 * 10**9),
        (Duration, "1d", 86_400 * 10**9),
        (Duration, "250\u03bcs", 250_000),
        (Rate, "4k rps", 4000.0),
        (Rate, "80K/s", 80_000.0),
        (Rate, "4000 requests/s", 4000.0),
        (Rate, "2 Mqps", 2e6),
        (Rate, "3kops/s", 3000.0),
        (Count, 7, 7),
        (Count, "10k", 10_000),
        (Count, "2K", 2000),
        (Count, "1.5M", 1_500_000),
        (Duration, "15m", 15 * 60 * 10**9),
        (Duration, "1.5h", 90 * 60 * 10**9),
        (Rate, "4000 rps", 4000.0),
        (Rate, "80krps", 80_000.0),
        (Ratio, "20%", 0.2),
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
        (Bytes, "1.0001kB"),
        (Bytes, "0.0001KiB"),
        (Bytes, "1mB"),
        (Bytes, "1P"),
        (Count, "1.00001k"),
        (Count, "1m"),
        (Count, "1_000"),
        (Duration, "1w"),
        (Duration, "1m30s"),
        (Rate, "60/min"),
        (Rate, "3Hz"),
        (Duration, "15M"),
        (Rate, "4000"),
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


def test_steps_and_events_of_a_moment_come_in_the_order_in_which_they_were_asked_for() -> None:
    clock = Clock()
    seen: list[tuple[int, str]] = []

    def see(what: str) -> None:
        seen.append((clock.now, what))

    def begin() -> None:
        see("begin")
        clock.soon(lambda: see("first step"))
        clock.event().succeed().callbacks.append(lambda _: see("first event"))
        clock.soon(lambda: see("second step"))
        clock.timeout(0).callbacks.append(lambda _: see("second event"))
        clock.next(lambda: see("before all"))
        urgent = clock.event()
        urgent.callbacks.append(lambda _: see("and then"))
        clock.happens(urgent)
        assert clock.quiet_until_ns == 10

    clock.later(20, lambda: see("last"))
    clock.timeout(10).callbacks.append(lambda _: see("an event"))
    clock.later(10, begin)
    clock.timeout(10).callbacks.append(lambda _: see("another event"))
    clock.run_to_end()
    assert seen == [
        (10, "an event"),
        (10, "begin"),
        (10, "before all"),
        (10, "and then"),
        (10, "another event"),
        (10, "first step"),
        (10, "first event"),
        (10, "second step"),
        (10, "second event"),
        (20, "last"),
    ]


def test_a_step_goes_on_with_a_generator_as_far_as_it_goes() -> None:
    seen: list[int] = []

    def doing() -> Generator[None, None, None]:
        for number in range(2):
            seen.append(number)
            yield

    step = steps(doing())
    for _ in range(4):
        step()
    assert seen == [0, 1]


def test_the_clock_stops_between_the_steps_of_a_moment_and_the_next() -> None:
    clock = Clock()
    seen: list[int] = []
    for at_ns in (5, 7, 7, 9):
        clock.later(at_ns, lambda: seen.append(clock.now))
    clock.run_until(7)
    assert seen == [5]
    clock.run_until(8)
    assert seen == [5, 7, 7]
