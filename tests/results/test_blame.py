"""What is to blame, of records made by hand: sums, shares, sentences, tables, bars."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle
from rich.cells import cell_len
from rich.console import Console
from run_samples import record

from models.faults.actions import PageAction, TableAction
from models.operations.causes import FORK, OF_PAGES, OF_TABLES
from results.figures.blame import draw
from results.metrics.blame import SLOW, TOP, WHOLE, blames, phases_of
from results.records.record import Record
from results.records.run_folder import Run
from results.tables.blame_table import blame_table, print_blame, to_json
from sim.machine.causes import CORE_WAIT, SWITCH, WORK, Cause
from sim.measures.cause_sums import CauseSums
from sim.measures.common_metrics import LATENCY, time_of
from sim.measures.metrics import Distribution
from sim.measures.phases import Phase
from sim.measures.recording import Recording

COPY = OF_PAGES[PageAction.COW_COPY]
REUSE = OF_PAGES[PageAction.COW_REUSE]
TABLE = OF_TABLES[TableAction.COPY]
OWN_CAUSE = Cause("spooling", "a full spool")


def sums(rows: list[tuple[int, dict[Cause, int]]]) -> CauseSums:
    """Rows of requests that are alike: how many, and what each was spent on."""
    made = CauseSums()
    for at, (count, times) in enumerate(rows):
        latency = np.array([sum(times.values())])
        by = {cause: np.array([time * count]) for cause, time in times.items()}
        made.add(np.array([at]), latency, np.array([count]), by)
    return made


def recording(rows: list[tuple[int, dict[Cause, int]]], of: Distribution = LATENCY) -> Recording:
    made = sums(rows)
    return Recording().add(histograms={of: made.latencies}, causes={of: made})


def point(kind: str, *repetitions: Recording) -> Record:
    return record({"workload": {"kind": "redis"}, "fork": {"kind": kind}}, *repetitions)


def stalled(times: Mapping[Cause, int], of: Distribution = LATENCY) -> Recording:
    """A hundred thousand requests of a microsecond, 100 of which wait as is said."""
    return recording([(99_900, {WORK: 1000}), (100, {WORK: 1000, **times})], of)


def run_of(*records: Record) -> Run:
    return Run(Path("r"), records, [{"fork.kind": str(r.at("fork.kind"))} for r in records])


CLASSIC = point("classic", stalled({FORK: 95_000, COPY: 3000, REUSE: 1000}))
ON_DEMAND = point("on_demand", stalled({TABLE: 6000, CORE_WAIT: 1500, SWITCH: 500, OWN_CAUSE: 1}))


def test_ten_requests_around_one_fork_by_hand() -> None:
    """Three are served at once; seven wait for a fork of 100 ns, each for what is left of it."""
    served = [(1, {WORK: 10}) for _ in range(3)]
    waited = [(1, {WORK: 10, FORK: 100 - 10 * n}) for n in range(7)]
    (blame,) = blames(point("classic", recording([*served, *waited])))
    whole = blame.band(WHOLE)
    assert whole is not None
    spent = {one.heading: time for one, time in whole.times_ns.items()}
    assert spent == {"fork": 490, "own service": 100}
    assert (whole.requests, whole.latency_ns) == (10, 590)
    assert blame.band(TOP) is None
    upper = blame.band("50-90 %")
    assert upper is not None
    # The 6th to the 9th: those that waited 60 to 90.
    assert (upper.requests, upper.latency_ns) == (4, 340)
    assert upper.share(upper.by_share[0]) == 300 / 340
    assert [band.band for band in blame.bands] == [WHOLE, "0-50 %", "50-90 %", "90-99 %", SLOW]
    assert blame.longest.band == "90-99 %"


@pytest.mark.parametrize("made", [CLASSIC, ON_DEMAND, point("x", *list(CLASSIC.repetitions) * 3)])
def test_shares_of_a_run_add_up_to_the_run(made: Record) -> None:
    (blame,) = blames(Record.from_bytes(made.to_bytes()))
    whole, *bands = [band for band in blame.bands if band.band != SLOW]
    histograms = [r.histograms[LATENCY.name] for r in made.repetitions]
    assert whole.requests == sum(h.count for h in histograms)
    assert whole.latency_ns == sum(h.total for h in histograms)
    assert sum(band.requests for band in bands) == whole.requests
    assert sum(band.latency_ns for band in bands) == whole.latency_ns
    for band in blame.bands:
        assert sum(band.times_ns.values()) == band.latency_ns
        assert sum(map(band.share, band.by_share)) == pytest.approx(1)
    for one, time in whole.times_ns.items():
        assert sum(band.times_ns[one] for band in bands) == time


def test_the_slowest_are_those_of_all_repetitions() -> None:
    calm, busy = stalled({COPY: 10}), recording([(4, {WORK: 5, FORK: 10**6}), (9, {WORK: 2})])
    (blame,) = blames(point("classic", calm, busy))
    slowest = blame.band(SLOW)
    assert slowest is not None
    assert slowest.requests == 10
    assert slowest.latency_ns == 4 * (10**6 + 5) + 6 * 1010


def test_causes_are_told_as_people_do() -> None:
    table = blame_table(run_of(CLASSIC, ON_DEMAND))
    assert [one.heading for one in table.blamed] == [
        "fork", "page copies", "table copies", "other faults", "core", "a full spool", "own service"
    ]  # fmt: skip
    first, second = (row.sentence(row.blame.longest) for row in table.rows)
    assert first == "99.9-100 %: 95 % of the latency is waiting behind fork"
    assert second == "99.9-100 %: 67 % of the latency is waiting behind copies of page tables"
    tests = point("classic", stalled({OWN_CAUSE: 9000}, time_of("test")))
    (row,) = blame_table(run_of(tests)).rows
    assert row.sentence(row.blame.longest).endswith("90 % of the test time is due to a full spool")


def test_a_phase_has_its_own_requests() -> None:
    phased = stalled({FORK: 9000})
    during = sums([(10, {WORK: 1000, COPY: 3000})])
    part = LATENCY.within(Phase.DURING)
    phased.add(histograms={part: during.latencies}, causes={part: during})
    made = point("classic", phased)
    assert phases_of(made) == [Phase.DURING]
    (blame,) = blames(made, Phase.DURING)
    (whole,) = [band for band in blame.bands if band.band == WHOLE]
    assert whole.latency_ns == 40_000
    assert [one.heading for one in whole.by_share] == ["page copies", "own service"]
    (over_all,) = blames(made)
    assert over_all.of == LATENCY


def test_where_nobody_forks_a_note_says_so() -> None:
    assert list(blame_table(run_of(ON_DEMAND)).notes) == ["nobody waited behind a fork"]
    (note,) = blame_table(run_of(CLASSIC)).notes
    assert note.startswith("who waits in the queue that a fork has left")


def test_nothing_is_blamed_without_causes() -> None:
    assert blames(record({}, Recording(counters={"requests": 1}))) == []


@pytest.mark.parametrize("width", [80, 40])
def test_it_fits(width: int) -> None:
    stream = io.StringIO()
    table = blame_table(run_of(CLASSIC, ON_DEMAND))
    print_blame(table, Console(file=stream, width=width, force_terminal=True, no_color=True))
    lines = stream.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "95%" in stream.getvalue()


def test_other_fields_stand_beside_the_one_that_is_looked_at() -> None:
    labels = [{"fork.kind": "classic", "workload.dataset": "1GiB"}]
    table = blame_table(Run(Path("r"), [CLASSIC], labels), "workload.dataset")
    (row,) = table.rows
    assert (row.value, row.group) == ("1GiB", {"fork.kind": "classic"})
    (data,) = to_json(table)["blame"]
    for band in data["bands"]:
        assert sum(band["spent_ns"].values()) == band["latency_ns"]


@pytest.mark.figures
def test_bars_fill_their_panels() -> None:
    figure = draw(blame_table(run_of(CLASSIC, ON_DEMAND)))
    assert figure is not None
    assert len(figure.axes) == 4
    for axes in figure.axes:
        ends: dict[float, float] = {}
        for bar in axes.patches:
            assert isinstance(bar, Rectangle)
            ends[bar.get_y()] = ends.get(bar.get_y(), 0.0) + bar.get_width()
        assert list(ends.values()) == pytest.approx([100, 100], abs=0.6)


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw(blame_table(run_of())) is None
