"""The bundled profile is what the published curves give, to the last bit."""

from __future__ import annotations

import re
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest

from experiments.calibration.concurrent_forks import ConcurrentForks
from experiments.calibration.evaluation_machine import NAME, profile_of
from experiments.calibration.published_curves import curves
from experiments.commands.paper import points_of
from experiments.language.catalogue import catalogue
from models.calibration.fits import (
    Fit,
    fit_contention,
    fit_fork_curves,
    fork_curves,
    heap_of_snapshots,
)
from models.calibration.paper import measured_medians
from models.costs.laws import Costs
from models.costs.profile import load_profile
from results.paper.reference import published
from workloads.programs.microbench.config import MicrobenchConfig
from workloads.programs.microbench.program import Microbench
from workloads.programs.redis.config import RedisConfig
from workloads.programs.redis.heap import RedisHeap
from workloads.programs.redis.program import Redis
from workloads.running.setup import Setup

PROFILE = load_profile(NAME)


def table_4() -> RedisConfig:
    """What experiments/paper runs as table 4 itself."""
    point = next(p for p in points_of("table4", catalogue()) if "uniform" not in p.name)
    assert isinstance(point.workload, RedisConfig)
    return point.workload


@pytest.fixture(scope="module")
def fork_fit() -> Fit:
    return fit_fork_curves(*curves("fig07"))


def test_figure_7_is_fitted_with_at_most_ten_parameters(fork_fit: Fit) -> None:
    assert len(fork_fit.values) <= 10
    assert sum(errors.size for errors in fork_fit.residuals.values()) == 300
    for errors in fork_fit.residuals.values():
        assert np.abs(errors).mean() <= 0.02
        assert np.abs(errors).max() <= 0.06


def test_the_profile_holds_the_fit(fork_fit: Fit) -> None:
    """Sources to the letter; values as far as a minimum of squares is known to any processor.

    Where the sum of squares is flat, steps of the root of the machine precision do not change it.
    """
    known = 4 * np.finfo(np.float64).eps ** 0.5
    weights = PROFILE.contention_weights["fork"]
    contention = Fit({**weights, "fill_jitter": PROFILE.costs.fill_jitter}, {}, {})
    fitted, bundled = (p.model_dump() for p in (profile_of(fork_fit, contention), PROFILE))
    for name, constant in bundled["constants"].items():
        value = fitted["constants"][name].pop("value")
        assert value == pytest.approx(constant.pop("value"), rel=known, abs=0), name
    assert fitted == bundled


@pytest.mark.full
def test_the_contention_is_that_of_figure_2_bit_for_bit() -> None:
    _, published_ns = curves("fig02")
    found = fit_contention(ConcurrentForks(PROFILE), published_ns["fork/concurrent3"])
    weights = {**PROFILE.contention_weights["fork"], "fill_jitter": PROFILE.costs.fill_jitter}
    assert found.values == weights


def test_the_fitted_law_is_the_law_that_is_simulated(fork_fit: Fit) -> None:
    size_gib = np.array([0.5, 3.0, 50.0])
    modelled = fork_curves(fork_fit.values, size_gib)
    for scheme, name in (("classic", "fork"), ("huge", "fork_huge"), ("on_demand", "on_demand")):
        config = MicrobenchConfig.model_validate(
            {"kind": "microbench", "sizes": [round(size * 2**30) for size in size_gib]}
        )
        recording = Microbench().run(config, Setup(PROFILE, cores=1, scheme=scheme))
        # The simulation counts whole scattered frames and whole nanoseconds.
        tolerance = PROFILE.costs.entry_scattered_ns + 1
        assert recording.series["forks"]["fork_ns"] == pytest.approx(modelled[name], abs=tolerance)


MICRO_BENCHMARKS = {"figure 2", "figure 3", "figure 7", "table 1"}
"""What may give the machine its constants; the rest of the evaluation is predicted."""


def test_every_constant_has_a_source() -> None:
    assert set(PROFILE.constants) == {field.name for field in fields(Costs)}
    assert all(constant.source for constant in PROFILE.constants.values())


def test_no_constant_comes_from_a_program() -> None:
    for name, constant in PROFILE.constants.items():
        cited = set(re.findall(r"(?:figure|table) [0-9]+", constant.source))
        assert cited <= MICRO_BENCHMARKS, name
        if constant.kind == "fitted" and not cited:  # then it is another's number
            others = [other for other in PROFILE.constants if other in constant.source]
            rest = constant.source == "one struct page a table: the same parameter as an entry's"
            assert others or rest, name
            assert all(PROFILE.constants[other].kind == "fitted" for other in others), name


def test_table_4s_heap_follows_from_table_5s_forks() -> None:
    cells = published.values("table5")
    heap = heap_of_snapshots(
        PROFILE.costs, 996 * 256, cells["fork/mean"] * 1e6, cells["fork/std"] * 1e6
    )
    config = table_4()
    assert config.scattered == pytest.approx(heap.scattered, abs=5e-4)
    keys = np.arange(RedisHeap(config).reached)
    pages = len(np.unique(RedisHeap(config).written(keys).pages))
    assert pages / (996 * 256) == pytest.approx(heap.written, abs=5e-4)


def test_five_snapshots_of_that_heap_have_table_5s_mean_and_deviation() -> None:
    """The heap's derivation against the simulated program."""
    config = table_4()
    short = config.model_copy(update={"duration": 45 * 10**9})
    recording = Redis().run(short, Setup(PROFILE, cores=16, scheme="classic", seed=3))
    forks = recording.series["snapshots"]["fork_ns"][:5] / 1e6
    assert forks.size == 5
    cells = published.values("table5")
    assert forks.mean() == pytest.approx(cells["fork/mean"], rel=0.005)
    assert forks.std(ddof=1) == pytest.approx(cells["fork/std"], rel=0.02)


def test_table_4s_service_time_gives_its_forks_median() -> None:
    config = table_4().model_copy(update={"duration": 20 * 10**9})
    recording = Redis().run(config, Setup(PROFILE, cores=16, scheme="classic", seed=3))
    median_ns = recording.histograms["latency_ns"].quantile(Fraction(1, 2))
    # One nanosecond of service more or less moves the median by 0.15 %.
    published_ns = published.values("table4")["fork/p50"] * 1e6
    assert abs(median_ns / published_ns - 1) < 0.0015


def test_no_copy_of_a_page_is_dearer_than_its_part_of_a_huge_copy() -> None:
    """Table 1's fault on a huge page copies 512 pages, and allocates and faults besides."""
    most_ns = PROFILE.costs.fault_huge_copy_ns / 512
    assert 0.8 * most_ns < PROFILE.costs.copy_page_ns < most_ns
    costs = PROFILE.costs
    assert costs.copy_page_ns < costs.fault_copy_sequential_ns < costs.fault_copy_cold_ns


def test_full_tables_cost_what_figure_7_was_fitted_to() -> None:
    """Of an entry's fitted price a part is its table's; a full one costs the sum."""
    costs = PROFILE.costs
    entry_ns = costs.table_copy_ns / 512 + costs.entry_copy_ns + costs.entry_protect_ns
    assert entry_ns == pytest.approx(costs.table_share_ns, rel=1e-12)  # the fit's own parameter


def test_sparse_tables_are_dearer_than_their_entries() -> None:
    """As measured: a table of one page against a full one (models/calibration, sparse_fork.c)."""
    costs, measured = PROFILE.costs, measured_medians()
    one = costs.table_copy_ns + costs.entry_copy_ns
    full = costs.table_copy_ns + 512 * costs.entry_copy_ns
    ratio = measured["table_at_fork"] / measured["full_table_at_fork"]
    assert one / full == pytest.approx(ratio, rel=1e-9)
    one = costs.table_zap_ns + costs.exit_entry_ns
    full = costs.table_zap_ns + 512 * costs.exit_entry_ns
    ratio = measured["table_at_exit"] / measured["full_table_at_exit"]
    assert one / full == pytest.approx(ratio, rel=1e-9)
