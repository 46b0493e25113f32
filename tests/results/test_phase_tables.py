"""The table of phases, of a recording made by hand."""

from __future__ import annotations

import io
import json

import numpy as np
from rich.console import Console
from run_samples import MIB, histogram, record, redis, redis_recording

from results.metrics.summary import summaries
from results.records.record import Record
from results.tables.as_json import to_json
from results.tables.phase_tables import phase_table
from results.tables.run_table import run_table
from results.tables.terminal import View, print_table
from sim.measures.common_metrics import LATENCY, PHASES_SERIES, time_in
from sim.measures.phases import PHASES, Phase
from sim.measures.recording import Recording

LATENCIES_US = {
    Phase.FORK: [7_000] * 9 + [9_000],
    Phase.FIRST_SECOND: [100] * 99 + [200],
    Phase.DURING: [80] * 200,
    Phase.BETWEEN: [50] * 691,
}
"""A thousand and one requests in ten seconds; nobody is left to be after."""
LASTED_NS = {
    Phase.FORK: 8 * 10**6,
    Phase.FIRST_SECOND: 10**9,
    Phase.DURING: 2 * 10**9,
    Phase.BETWEEN: 6_992 * 10**6,
}


def phased() -> Recording:
    """One fork at 2 s; 100 MiB at first, 110 when the first second is over, 130 at the end."""
    starts = [0, 2 * 10**9, 2_008 * 10**6, 3_008 * 10**6, 5_008 * 10**6, 10**10]
    order = [Phase.BETWEEN, Phase.FORK, Phase.FIRST_SECOND, Phase.DURING, Phase.BETWEEN]
    made = redis_recording(7_400_000)
    return made.add(
        histograms={
            LATENCY.within(phase): histogram([1000 * us for us in latencies])
            for phase, latencies in LATENCIES_US.items()
        },
        levels={time_in(phase): ns for phase, ns in LASTED_NS.items()},
        series={
            PHASES_SERIES: {
                "phase": np.array([PHASES.index(phase) for phase in order]),
                "from_ns": np.array(starts[:-1]),
                "until_ns": np.array(starts[1:]),
            },
            "memory": {
                "t_ns": np.array([0, 3 * 10**9, 5 * 10**9, 6 * 10**9]),
                "resident_bytes": np.array([100, 110, 130, 100]) * MIB,
                "table_bytes": np.zeros(4, np.int64),
            },
        },
    )


POINT = record({"fork": {"kind": "classic"}}, phased())
TABLE = """
phase         requests  share of time       p50       p99     p99.9       max  throughput   memory
──────────────────────────────────────────────────────────────────────────────────────────────────
fork                10           0.1%  7,000 us  9,000 us  9,000 us  9,000 us     1,250/s  100 MiB
first second       100            10%    100 us    100 us    200 us    200 us       100/s  110 MiB
during             200            20%     80 us     80 us     80 us     80 us       100/s  130 MiB
between            691            70%     50 us     50 us     50 us     50 us      98.8/s  130 MiB
"""


def lines(view: View, *points: Record, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    labels = [{"fork.kind": point.at("fork.kind")} for point in points]
    print_table(run_table(points, labels), console, view)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_row_for_each_phase_that_was_met() -> None:
    found = lines(View(phases=True), POINT, redis("huge"))
    start = found.index("classic")
    assert found[start + 1 : start + 7] == TABLE.splitlines()[1:]
    assert found[start + 7] == ""
    assert "huge" not in found  # it has no phases, and no table of them


def test_it_is_what_was_written() -> None:
    assert lines(View(phases=True), Record.from_bytes(POINT.to_bytes())) == lines(
        View(phases=True), POINT
    )


def test_without_being_asked_for_phases_are_not_shown() -> None:
    assert not any("first" in line for line in lines(View(), POINT))
    assert not any("during" in line for line in lines(View(every=True), POINT))
    assert any("p99 during" in line for line in lines(View(["p99_during"]), POINT))


def test_of_what_forks_not_while_it_serves_that_is_said() -> None:
    assert "no phases: nothing here forks while it serves" in lines(
        View(phases=True), redis("huge")
    )
    assert phase_table(summaries(redis("huge"))) is None


def test_narrow_terminals_get_all_of_it() -> None:
    found = lines(View(phases=True), POINT, width=40)
    assert max(map(len, found)) <= 40
    assert sum(line.count("130 MiB") for line in found) == 2


def test_an_older_record_has_none() -> None:
    bare = record({"fork": {"kind": "classic"}}, redis_recording(7_400_000))
    assert phase_table(summaries(bare)) is None


def test_the_json_has_every_number_of_it() -> None:
    (point,) = json.loads(json.dumps(to_json(run_table([POINT]))))
    metrics = {name: summary["mean"] for name, summary in point["metrics"].items()}
    assert metrics["requests_during"] == 200
    assert metrics["throughput_during_per_s"] == 100
    assert metrics["memory_during_bytes_peak"] == 130 * MIB
    assert metrics["latency_fork_max_ns"] == 9_000_000
