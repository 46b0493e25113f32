"""forksim calibrate: what it tells while it fits, and what it derives from the fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from click.testing import CliRunner

from experiments.calibration import evaluation_machine
from experiments.calibration.published_curves import curves
from experiments.commands import calibrate
from experiments.commands.cli import main
from models.calibration.fits import Fit
from models.costs.laws import Costs
from models.costs.profile import load_profile
from sim.arrays import FloatArray

PUBLISHED_NS = np.array([100.0, 200.0])


def measured_at(factor: float) -> FloatArray:
    return PUBLISHED_NS * factor


def test_every_ten_evaluations_are_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    told = calibrate.told(lambda values: measured_at(values["factor"]), PUBLISHED_NS)
    for turn in range(25):
        factor = 1.5 if turn < 10 else 1.25
        assert np.array_equal(told({"factor": factor}), measured_at(factor))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "figure 2 simulated 10 times, mean error 50.00% at best",
        "figure 2 simulated 20 times, mean error 25.00% at best",
    ]


def test_the_heap_gives_the_published_forks_again() -> None:
    profile = load_profile(evaluation_machine.NAME)
    heap = evaluation_machine.table4_heap(profile).values
    costs: Costs = profile.costs
    pages = 996 * 256
    scattered, written = heap["table4 heap: scattered"], heap["table4 heap: written"]
    fresh_ns = costs.fork_base_ns + pages // 512 * costs.table_copy_ns + pages * costs.entry_copy_ns
    # The first fork write-protects everything; the next ones what was written in between, which
    # copy-on-write has scattered.
    first_ns = fresh_ns + pages * (costs.entry_protect_ns + scattered * costs.entry_scattered_ns)
    later_scattered = scattered + written * (1 - scattered)
    later_ns = fresh_ns + pages * (
        written * costs.entry_protect_ns + later_scattered * costs.entry_scattered_ns
    )
    forks_ns = np.array([first_ns, *[later_ns] * 4])
    assert forks_ns.mean() == pytest.approx(7.4e6, rel=0.01)
    assert forks_ns.std(ddof=1) == pytest.approx(0.42e6, rel=0.02)


def test_the_command_prints_the_heap_and_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(measure: evaluation_machine.Measure, published_ns: FloatArray) -> Fit:
        values = {"fork": 1.2, "fill": 0.5, "zap": 0.7, "fill_jitter": 8e-4}
        for _ in range(10):
            measure(values)
        return Fit(values, {}, {"concurrent3": published_ns * 0})

    class Free:
        """A simulation of figure 2 that costs nothing."""

        def __init__(self, _profile: object) -> None:
            self.curve = curves("fig02")[1]["fork/concurrent3"]

        def __call__(self, _values: Mapping[str, float]) -> FloatArray:
            return self.curve

    monkeypatch.setattr(evaluation_machine, "fit_contention", fit)
    monkeypatch.setattr(evaluation_machine, "ConcurrentForks", Free)
    result = CliRunner().invoke(main, ["calibrate", "paper"])
    assert result.exit_code == 0, result.output
    rows = {
        line.strip("│ ").partition("  ")[0].partition(" │")[0]
        for line in result.stdout.splitlines()
    }
    assert {"table4 heap: scattered", "table4 heap: written", "concurrent3"} <= rows
    assert "figure 2 simulated 10 times, mean error 0.00% at best" in result.stderr.splitlines()
