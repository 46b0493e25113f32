"""Service times given by quantiles: their mean, their draws, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from sim.configuration import read_back
from workloads.programs.shared.service_time import Service, ServiceTime, parse_service


class Served(BaseModel):
    """Something with a service time."""

    service: Service


def test_the_mean_is_the_area_under_the_inverse() -> None:
    time = parse_service({"p50": "40us", "p0": "20us", "p100": "100us"})
    assert time.mean_ns == pytest.approx((30_000 + 70_000) / 2)
    assert time.quantile_ns(0.25) == 30_000
    assert time.quantile_ns(0.75) == 70_000


def test_draws_have_the_mean_and_the_quantiles() -> None:
    time = parse_service({"p0": "20us", "p50": "40us", "p99": "50us", "p100": "1ms"})
    count = 200_000
    drawn = time.draw(np.random.default_rng(1), count)
    assert drawn.dtype == np.int64
    assert drawn.min() >= 20_000
    assert drawn.max() <= 10**6
    # Four standard errors of the mean, and of the share below a quantile.
    assert drawn.mean() == pytest.approx(time.mean_ns, abs=4 * drawn.std() / count**0.5)
    for share in (0.1, 0.5, 0.9, 0.99, 0.999):
        below = (drawn <= time.quantile_ns(share)).mean()
        assert below == pytest.approx(share, abs=4 * (share * (1 - share) / count) ** 0.5)


def test_a_constant_is_drawn_exactly() -> None:
    time = parse_service("35us")
    assert time == ServiceTime.constant(35_000)
    assert set(time.draw(np.random.default_rng(1), 100).tolist()) == {35_000}
    assert time.mean_ns == 35_000


@pytest.mark.parametrize(
    ("written", "shares", "quantiles_ns"),
    [
        ("35us", [0, 1], [35_000] * 2),
        (
            {"p0": "20us", "p99.9999999": "40us", "p100": "1ms"},
            [0, 0.999999999, 1],
            [20_000, 40_000, 10**6],
        ),
    ],
)
@pytest.mark.parametrize("any_type", [False, True])
def test_a_model_shows_it_as_plain_data_and_reads_it_back(
    written: Any, shares: list[float], quantiles_ns: list[int], any_type: bool
) -> None:
    served = Served.model_validate({"service": written})
    dumped = served.model_dump(mode="json", serialize_as_any=any_type)
    assert dumped == {"service": {"shares": shares, "quantiles_ns": quantiles_ns}}
    assert read_back(Served, dumped) == served


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (35, "expected a duration"),
        ("0us", "above 0"),
        ([], "expected a duration"),
        ({}, "p0 and p100"),
        ({"p0": "20us", "p50": "30us"}, "p0 and p100"),
        ({"p0": "20us", "p50": "10us", "p100": "30us"}, "do not fall"),
        ({"p0": "20us", "p101": "25us", "p100": "30us"}, "'p101': expected a quantile"),
        ({"p0": "20us", "median": "25us", "p100": "30us"}, "'median': expected a quantile"),
        ({"p0": "20us", "p50": "fast", "p100": "30us"}, "p50: 'fast': expected a duration"),
        ({"p0": "20us", "p50": "25us", "p50.0": "26us", "p100": "30us"}, "each quantile once"),
    ],
)
def test_what_is_no_distribution_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_service(value)
