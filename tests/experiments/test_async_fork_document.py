"""What the documents say of Async-fork beside what was published comes out of the example."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from experiments.execution.simulation import simulate
from experiments.language.catalogue import catalogue
from experiments.language.document import load
from experiments.planning.points import plan
from sim.measures.common_metrics import LATENCY
from sim.measures.histogram import Histogram
from sim.measures.phases import Phase

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "experiments/examples/sweep_redis_schemes.yaml"
DURING = (Phase.FORK, Phase.FIRST_SECOND, Phase.DURING)
UNITS = {"us": 1e3, "ms": 1e6}
_ROW = r"\| (\d+) GiB \| ([\d.]+) (us|ms) \| ([\d.]+) (us|ms) \| ([\d.]+) % \|"


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_the_reductions_in_the_document_come_out() -> None:
    text = (ROOT / "docs/redis_under_every_fork.md").read_text("utf-8")
    rows = re.findall(_ROW, text)
    assert [row[0] for row in rows] == ["1", "8", "64"]
    p99_ns: dict[tuple[str, str], int] = {}
    for point in plan(load(EXAMPLE), EXAMPLE.parent, catalogue()).points:
        fork = point.config["fork"]["kind"]
        if fork not in {"classic", "async"}:
            continue
        record, met = simulate(point), Histogram()
        for recording in record.repetitions:
            for phase in DURING:
                met.merge(recording.histograms.get(LATENCY.within(phase).name, Histogram()))
        size = str(record.at("workload.dataset") // 2**30)
        p99_ns[fork, size] = met.quantile(Fraction(99, 100))
    for size, classic, unit, other, other_unit, lower in rows:
        assert float(classic) * UNITS[unit] == pytest.approx(p99_ns["classic", size], rel=0.006)
        assert float(other) * UNITS[other_unit] == pytest.approx(p99_ns["async", size], rel=0.006)
        share = 1 - p99_ns["async", size] / p99_ns["classic", size]
        digits = len(lower.partition(".")[2])
        assert f"{100 * share:.{digits}f}" == lower
