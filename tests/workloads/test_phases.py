"""The phases of a fork, by hand; and that they add up."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from programs import redis_config, run_redis, setup

from models.operations.steps import perform
from results.metrics.phases import by_phase
from results.metrics.summary import of_repetition
from sim.measures import phases
from sim.measures.cause_sums import BANDS
from sim.measures.common_metrics import LATENCY, time_in
from sim.measures.histogram import Histogram
from sim.measures.phases import PHASES, Phase, Phases
from sim.measures.recording import Recording
from workloads.programs.redis.arrivals import Arrivals
from workloads.programs.redis.open_loop import OpenLoopClients
from workloads.programs.redis.server import Server
from workloads.running.program import Program, play

US, MS = 1000, 10**6
SERVICE_NS = 10 * US


def counts(recording: Recording) -> dict[str, int]:
    found = {phase: recording.histograms.get(LATENCY.within(phase).name) for phase in Phase}
    return {phase.value: histogram.count for phase, histogram in found.items() if histogram}


def test_ten_requests_around_a_fork_by_hand() -> None:
    """A save of 4 ms from 1 ms on; the second after the call is one of 2 ms."""
    config = redis_config(
        dataset="16MiB",
        clients={"kind": "open", "rate": "1k/s"},
        snapshot={"at": ["1ms"], "save_rate": "4GiB"},
        duration="20ms",
    )
    kernel = setup().kernel()
    mm = kernel.start_program()
    kernel.load(mm, mm.map(4096))
    fork_ns = kernel.scheme.fork_ns(mm)
    perform(kernel.scheme.fork(mm))
    assert 30 * US < fork_ns < 900 * US
    returned_ns = MS + fork_ns
    sent = [
        (500 * US, "between", 0),
        (995 * US, "fork", 0),  # served when the call is due, so answered after it
        (1001 * US, "fork", 0),
        (returned_ns - 1, "fork", 0),
        (returned_ns + 100 * US, "first_second", 0),
        (returned_ns + 2 * MS + 10 * US, "during", 1),  # copies the page
        (9 * MS, "after", 0),  # the child ended at about 5 ms
        (12 * MS, "after", 2),  # reuses another page: what the fork has left
        (12 * MS + 1, "between", 0),
        (15 * MS, "between", 1),  # its page is its own: no fault
    ]
    at_ns = np.array([at for at, _, _ in sent], np.int64)
    changes = np.array([int(page > 0) for _, _, page in sent], np.int64)
    arrivals = Arrivals(
        at_ns,
        np.zeros(10, np.int64),
        np.full(10, 100, np.int64),
        np.full(10, SERVICE_NS, np.int64),
        changes,
        np.append(0, changes.cumsum()),
        np.array([page for _, _, page in sent if page], np.int64),
    )
    kernel = setup().kernel()
    server = Server(config, kernel, OpenLoopClients(iter([arrivals])))
    with patch.object(phases, "FIRST_SECOND_NS", 2 * MS):
        (recording,) = play(kernel, Program([server.live()], server.recording, at_once=2))
    expected = {phase.value: sum(met == phase for _, met, _ in sent) for phase in Phase}
    assert counts(recording) == expected
    table = recording.series["phases"]
    begins = dict(
        zip(table["phase"].tolist()[1:], table["from_ns"].tolist()[1:], strict=True)
    )  # but for the time before the fork
    # The request of 995 us ends at 1,005, and the fork is due at its end.
    assert begins[0] == 1005 * US
    assert begins[1] == 1005 * US + fork_ns
    assert begins[2] == begins[1] + 2 * MS
    assert 5 * MS < begins[3] < 9 * MS
    assert begins[4] == 12 * MS + 1
    assert table["until_ns"][-1] == recording.levels["duration_ns"] == 20 * MS


LOAD: dict[str, Any] = {
    "dataset": "64MiB",
    "clients": {"kind": "open", "rate": "20k/s"},
    "service": "5us",
    "snapshot": {"at": ["10ms", "1500ms"], "save_rate": "50MiB"},
    "duration": "3300ms",
}


@pytest.mark.parametrize("scheme", ["classic", "on_demand"])
def test_phases_add_up_to_the_run(scheme: str) -> None:
    recording = run_redis(scheme, **LOAD)
    whole, parts = recording.histograms[LATENCY.name], Histogram()
    sums = dict.fromkeys(recording.series[LATENCY.causes], 0)
    for phase in Phase:
        of = LATENCY.within(phase)
        if of.name not in recording.histograms:
            continue
        parts.merge(recording.histograms[of.name])
        bands = recording.series[of.causes]
        assert len(bands["requests"]) == len(BANDS)
        assert bands["latency_ns"].sum() == recording.histograms[of.name].total
        for name, column in bands.items():
            sums[name] += int(column.sum())
    assert parts.to_dict() == whole.to_dict()
    assert sums == {n: int(c.sum()) for n, c in recording.series[LATENCY.causes].items()}
    table = recording.series["phases"]
    assert table["from_ns"][0] == 0
    assert (table["from_ns"][1:] == table["until_ns"][:-1]).all()
    assert (
        sum(recording.levels[time_in(phase).name] for phase in Phase)
        == recording.levels["duration_ns"]
    )
    values = {metric.name: value for metric, value in by_phase(recording).items()}
    for phase in PHASES[:3]:
        lasted_s = recording.levels[time_in(phase).name] / 1e9
        assert values[f"throughput_{phase}_per_s"] == pytest.approx(
            counts(recording)[phase] / lasted_s
        )
    assert values["memory_during_bytes_peak"] == recording.levels["memory_bytes_peak"]
    assert values["memory_between_bytes_peak"] < values["memory_during_bytes_peak"]
    metrics = of_repetition(recording)
    each = [metrics[f"latency_{phase}_max_ns"] for phase in counts(recording)]
    assert max(each) == metrics["latency_max_ns"]
    assert metrics["latency_fork_p99_ns"] > metrics["latency_p99_ns"]


def test_a_run_without_snapshots_has_no_phases() -> None:
    recording = run_redis(**{**LOAD, "snapshot": None, "duration": "20ms"})
    assert not [name for name in recording.histograms if name != LATENCY.name]
    assert "phases" not in recording.series
    assert not by_phase(recording)


def test_a_second_that_a_fork_cuts_short_and_a_child_that_ends_in_it() -> None:
    known = Phases()
    known.begin(100)
    known.finish(110)
    known.empty(112)
    known.end(500)  # within the second
    known.fault(600)  # so is this: what the fork left begins behind it
    assert known.of_one(499, 505) is Phase.FIRST_SECOND
    assert known.of_one(501, 505) is Phase.FIRST_SECOND
    second_ns = 110 + phases.FIRST_SECOND_NS
    assert known.of_one(second_ns, second_ns + 1) is Phase.BETWEEN
    known.fault(second_ns + 50)
    assert known.of_one(second_ns, second_ns + 60) is Phase.AFTER
    assert known.of_one(second_ns + 51, second_ns + 60) is Phase.BETWEEN
    known.begin(second_ns + 100)
    known.finish(second_ns + 110)
    known.begin(second_ns + 200)
    known.finish(second_ns + 300)
    table = known.columns(second_ns + 400)
    rows = list(zip(*(column.tolist() for column in table.values()), strict=True))
    assert rows == [
        (4, 0, 100),
        (0, 100, 110),
        (1, 110, second_ns),
        (3, second_ns, second_ns + 51),
        (4, second_ns + 51, second_ns + 100),
        (0, second_ns + 100, second_ns + 110),
        (1, second_ns + 110, second_ns + 200),
        (0, second_ns + 200, second_ns + 300),
        (1, second_ns + 300, second_ns + 400),
    ]


def test_who_waits_for_a_call_keeps_the_phase_after_the_child_open() -> None:
    known = Phases()
    known.begin(0)
    known.finish(10)
    known.end(20)
    second_ns = 10 + phases.FIRST_SECOND_NS
    assert known.of_one(second_ns + 5, second_ns + 6) is Phase.AFTER
    known.empty(second_ns + 7)
    assert known.of_one(second_ns + 7, second_ns + 9) is Phase.AFTER
    assert known.of_one(second_ns + 8, second_ns + 9) is Phase.BETWEEN
