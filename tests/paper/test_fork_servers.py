"""What figures 8 to 10 and table 3 take from the paper's Fork columns, derived again."""

from __future__ import annotations

import re
from math import prod, sqrt

import pytest

from experiments.calibration.evaluation_machine import NAME
from experiments.calibration.published_curves import curves
from experiments.commands.paper import EXPERIMENTS
from experiments.language.catalogue import catalogue
from experiments.language.document import load
from experiments.planning.points import Point, plan
from models.calibration.fits import fit_fork_curves
from models.calibration.paper import struct_page_misses_ns
from models.costs.profile import load_profile
from results.paper.reference import published
from sim.measures.recording import Recording
from workloads.registry import WORKLOADS
from workloads.running.setup import Setup

PROFILE = load_profile(NAME)


def points(name: str) -> dict[str, Point]:
    """The points of an experiment of the paper by their fork."""
    file = EXPERIMENTS / f"{name}.yaml"
    planned = plan(load(file), file.parent, catalogue())
    return {point.config["fork"]["kind"]: point for point in planned.points}


def under_fork(name: str) -> Recording:
    point = points(name)["classic"]
    setup = Setup(PROFILE, cores=16, scheme="classic", seed=point.config["seed"])
    return WORKLOADS[point.config["workload"]["kind"]].run(point.workload, setup)


@pytest.mark.parametrize(
    ("name", "item"),
    [("fig09_afl", "fig09"), ("fig10_layout", "fig10"), ("fig10_scattered", "fig10")],
)
def test_the_fuzzers_execute_as_many_inputs_under_fork_as_published(name: str, item: str) -> None:
    recording = under_fork(name)
    rate = recording.counters["executions"] * 1e9 / recording.levels["duration_ns"]
    assert rate == pytest.approx(published.values(item)["fork/mean"], rel=0.002)


def test_figure_10_takes_the_layout_of_figure_9() -> None:
    of_afl, of_triforce = points("fig09_afl"), points("fig10_layout")
    scattered = of_afl["classic"].config["workload"]["scattered"]
    assert of_triforce["classic"].config["workload"]["scattered"] == scattered


def test_table_3s_forks_and_tests_are_those_published_under_fork() -> None:
    cells = published.values("table3")
    histograms = under_fork("table3_sqlite_tests").histograms
    for name, cell in (("fork_ns", "fork/forking"), ("test_ns", "fork/testing")):
        mean_ms = histograms[name].total / histograms[name].count / 1e6
        assert mean_ms == pytest.approx(cells[cell], rel=0.01)
    run_ns = points("table3_sqlite_tests")["classic"].config["workload"]["tests"][0]["run"]
    assert points("fig09_afl")["classic"].config["workload"]["run"] == run_ns


@pytest.mark.parametrize("name", ["fig09_afl", "fig10_layout", "fig10_scattered"])
def test_on_demand_fork_gets_what_fork_got(name: str) -> None:
    classic, on_demand = (points(name)[kind].config for kind in ("classic", "on_demand"))
    assert classic["workload"] == on_demand["workload"]


def test_figure_8s_band_of_warmth_is_that_of_the_calibration() -> None:
    file = EXPERIMENTS / "fig08_warmth.yaml"
    planned = plan(load(file), file.parent, catalogue()).points
    values = sorted({p.config["machine"]["constants"]["struct_page_miss_ns"] for p in planned})
    band = struct_page_misses_ns(fit_fork_curves(*curves("fig07")).values)
    assert values == pytest.approx([0, *band], abs=0.001)
    assert PROFILE.costs.struct_page_miss_ns == pytest.approx(sum(band) / 2)


def test_figure_8s_bands_of_prices_are_those_of_the_calibration() -> None:
    file = EXPERIMENTS / "fig08_prices.yaml"
    planned = plan(load(file), file.parent, catalogue()).points
    ends = [
        sorted({p.config["machine"]["constants"][name] for p in planned})
        for name in ("fault_copy_sequential_ns", "copy_page_ns")
    ]
    source = PROFILE.constants["fault_copy_sequential_ns"].source
    assert ends[0] == [float(n) for n in re.findall(r"(\d+) \(", source)]
    assert PROFILE.costs.fault_copy_sequential_ns == pytest.approx(sqrt(prod(ends[0])), rel=1e-3)
    # At the most, all of table 1's fault on a huge page is copying.
    all_ns = published.values("table1")["fork_huge/mean"] * 1e6 / 512
    assert ends[1][1] == pytest.approx(all_ns, abs=0.5)
    assert ends[1][0] < PROFILE.costs.copy_page_ns < ends[1][1]
