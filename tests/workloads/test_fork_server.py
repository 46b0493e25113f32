"""Fuzzers and test-suites: every child's costs counted by hand, and nothing left behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from programs import PROFILE, setup
from pydantic import ValidationError

from sim.measures.recording import Recording
from workloads.programs.afl.config import AflConfig
from workloads.programs.afl.program import Afl
from workloads.programs.shared.fork_server import ForkServer
from workloads.programs.sqlite import Sqlite, SqliteConfig
from workloads.programs.triforce import Triforce, TriforceConfig
from workloads.running.program import play
from workloads.traces.reading.text import TraceError

COSTS = PROFILE.costs
HEAP_PAGES = 4 * 512
ENTRIES = {"present": HEAP_PAGES}


def suite(scheme: str, pages: int, tests: int = 4, scattered: float = 0.0) -> dict[str, list[int]]:
    """A suite of tests on 8 MiB: the columns of its table."""
    config = SqliteConfig.model_validate(
        {
            "kind": "sqlite",
            "database": "8MiB",
            "scattered": scattered,
            "tests": [{"name": "update", "run": "100us", "pages": pages}],
            "rounds": tests,
            "initialisation": "1us",
        }
    )
    recording = Sqlite().run(config, setup(scheme))
    return {name: column.tolist() for name, column in recording.series["tests"].items()}


@pytest.mark.parametrize("scattered", [0.0, 0.25, 1.0])
def test_a_classic_suite_pays_for_every_page_at_fork_and_exit(scattered: float) -> None:
    rows = suite("classic", pages=0, scattered=scattered)
    entries = 4 * COSTS.table_copy_ns + HEAP_PAGES * COSTS.entry_copy_ns
    far = scattered * HEAP_PAGES * COSTS.entry_scattered_ns
    first = COSTS.fork_base_ns + entries + HEAP_PAGES * COSTS.entry_protect_ns + far
    later = COSTS.fork_base_ns + entries + far
    assert rows["fork_ns"][0] == pytest.approx(first, abs=1)
    assert rows["fork_ns"][1:] == pytest.approx([later] * 3, abs=1)
    assert rows["test_ns"] == [100_000 + COSTS.context_switch_ns] * 4
    leave = COSTS.exit_base_ns + 4 * COSTS.table_zap_ns + HEAP_PAGES * COSTS.exit_entry_ns + far
    for fork_ns, test_ns, total_ns in zip(
        rows["fork_ns"], rows["test_ns"], rows["total_ns"], strict=True
    ):
        assert total_ns - fork_ns - test_ns == pytest.approx(leave, abs=1)


def test_an_on_demand_suite_shares_tables_and_scans_at_exit() -> None:
    rows = suite("on_demand", pages=0, scattered=0.25)
    # The tables come from a fresh stock: all four scattered.
    fork = COSTS.fork_on_demand_base_ns + 4 * (COSTS.table_share_ns + COSTS.table_scattered_ns)
    assert rows["fork_ns"][0] == pytest.approx(fork, abs=1)
    scan = HEAP_PAGES * (COSTS.exit_scan_entry_ns + 0.25 * COSTS.exit_scan_scattered_ns)
    left = rows["total_ns"][0] - rows["fork_ns"][0] - rows["test_ns"][0]
    assert left == pytest.approx(COSTS.exit_base_ns + 4 * COSTS.table_zap_ns + scan, abs=1)


@pytest.mark.parametrize(("scheme", "copied"), [("classic", 0), ("on_demand", 1)])
def test_a_test_that_writes_one_page_faults_once(scheme: str, copied: int) -> None:
    rows = suite(scheme, pages=1, tests=1)
    entries = 512 * (COSTS.entry_copy_ns + COSTS.entry_protect_ns)
    table = copied * (COSTS.table_copy_ns + entries)
    run_ns = COSTS.context_switch_ns + 100_000 + COSTS.fault_copy_cold_ns
    assert rows["test_ns"][0] == pytest.approx(run_ns + table, abs=1)


def fuzz(scheme: str, repetition: int = 0, **changes: Any) -> Any:
    fields: dict[str, Any] = {
        "kind": "afl",
        "target": "16MiB",
        "run": "150us",
        "pages": 3,
        "duration": "200ms",
    }
    config = AflConfig.model_validate({**fields, **changes})
    return Afl().run(config, setup(scheme, repetition))


@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand"])
def test_every_execution_is_counted_once_with_its_faults(scheme: str) -> None:
    recording = fuzz(scheme)
    counters = recording.counters
    executions = counters["executions"]
    assert executions == recording.histograms["execution_ns"].count
    assert executions == recording.histograms["fork_ns"].count
    assert executions == recording.series["executions"]["executions"].sum()
    # Three random pages of 4096: now and then two are the same, or lie below one table.
    touched = counters["faults/huge_copy" if scheme == "huge" else "faults/cow_copy"]
    assert 2 * executions < touched <= 3 * executions
    assert counters["faults/cow_reuse"] == counters["faults/zero_fill"] == 0
    if scheme == "on_demand":
        assert 2 * executions < counters["faults/table_copy"] <= 3 * executions
    # One after the other: their times fill the campaign.
    assert recording.histograms["execution_ns"].total == recording.levels["duration_ns"]


def test_a_fuzzer_leaves_nothing_behind() -> None:
    kernel = setup("on_demand").kernel()
    config = AflConfig.model_validate(
        {"kind": "afl", "target": "16MiB", "run": "150us", "duration": "50ms"}
    )
    play(kernel, Afl().start(config, kernel, setup("on_demand").streams()))
    (memory,) = kernel.books.memories
    assert memory.frames.in_use == 16 * 256
    assert memory.tables.live == 8
    assert memory.counts.tables_alloc - memory.counts.tables_freed == 8


def test_instances_at_once_slow_each_others_forks() -> None:
    alone = fuzz("classic").histograms["fork_ns"]
    three = fuzz("classic", instances=3).histograms["fork_ns"]
    assert three.maximum > 1.5 * alone.maximum
    assert three.count > 1.5 * alone.count  # there are cores for all of them


def test_slow_inputs_make_dips() -> None:
    plain = fuzz("on_demand", slow=None).histograms["execution_ns"]
    slow = fuzz("on_demand", slow={"share": 0.1, "run": "20ms"}).histograms["execution_ns"]
    assert slow.count < plain.count
    assert slow.maximum > 10 * plain.maximum


def test_the_schemes_meet_the_same_inputs() -> None:
    """Where forks and faults cost nothing, they take the same times."""
    free = [name for name in PROFILE.constants if name.endswith("_ns") and name != "time_slice_ns"]
    profile = PROFILE.varied({}, dict.fromkeys(free, 0.0))
    config = AflConfig.model_validate(
        {
            "kind": "afl",
            "target": "16MiB",
            "run": "150us",
            "slow": {"share": 0.5, "run": "1ms"},
            "duration": "100ms",
        }
    )
    runs = [
        Afl().run(config, replace(setup(scheme, repetition), profile=profile))
        for scheme, repetition in (("classic", 0), ("on_demand", 0), ("classic", 1))
    ]
    times = [run.histograms["execution_ns"].to_dict() for run in runs]
    assert times[0] == times[1]
    assert times[0] != times[2]


def test_triforce_is_the_same_on_a_smaller_process() -> None:
    fields = {"target": "16MiB", "run": "150us", "pages": 3, "duration": "50ms"}
    config = TriforceConfig.model_validate({"kind": "triforce", **fields})
    other = AflConfig.model_validate({"kind": "afl", **fields})
    assert Triforce().run(config, setup()).to_dict() == Afl().run(other, setup()).to_dict()
    assert TriforceConfig.model_fields["target"].default == 188 * 2**20


@pytest.mark.histories
@pytest.mark.parametrize("scheme", ["classic", "huge", "on_demand"])
@pytest.mark.parametrize("cores", [2, 16])
def test_executions_together_are_those_one_by_one(
    scheme: str, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = AflConfig.model_validate(
        {
            "kind": "afl",
            "target": "16MiB",
            "scattered": 0.3,
            "run": "150us",
            "slow": {"share": 0.1, "run": "1ms"},
            "duration": "1s",
        }
    )
    own = setup(scheme, cores=cores)
    together = Afl().run(config, own)
    monkeypatch.setattr(ForkServer, "_is_alone", lambda self: False)
    one_by_one = Afl().run(config, own)
    assert together.to_dict() == one_by_one.to_dict()
    assert together.counters["executions"] > 1000


def test_on_one_core_parent_and_child_switch() -> None:
    two, one = (fuzz_on(cores) for cores in (2, 1))
    switches = one.levels["duration_ns"] // one.histograms["execution_ns"].count
    switches -= two.levels["duration_ns"] // two.histograms["execution_ns"].count
    assert switches == pytest.approx(COSTS.context_switch_ns, rel=0.2)


def fuzz_on(cores: int) -> Recording:
    fields = {"kind": "afl", "target": "16MiB", "run": "150us", "duration": "1s"}
    return Afl().run(AflConfig.model_validate(fields), setup("classic", cores=cores))


def test_measured_rates_come_out_again_under_their_fork(tmp_path: Path) -> None:
    """The run times that follow from rates give them, and other forks the same run times."""
    trace = tmp_path / "plot_data"
    trace.write_text(
        "# relative_time, cycles_done, cur_item, corpus_count, execs_per_sec, total_execs\n"
        "5, 0, 0, 4, 100.00, 500\n10, 0, 0, 4, 100.00, 1500\n15, 0, 0, 4, 50.00, 1500\n"
        "20, 0, 0, 4, 50.00, 1700\n"
    )
    rates = {"kind": "trace", "path": str(trace), "fork": "classic"}
    fields = {"kind": "afl", "target": "16MiB", "scattered": 0.3, "rates": rates}
    config = AflConfig.model_validate(fields)
    assert config.duration is None
    measured = Afl().run(config, setup("classic"))
    # The first fork protects entries, two pages in a row are cheaper: not quite the same.
    executed = measured.series["executions"]["executions"]
    assert executed[:4] == pytest.approx([500, 1000, 100, 100], abs=2)
    assert executed.sum() == pytest.approx(1700, abs=3)
    faster = Afl().run(config, setup("on_demand"))
    assert faster.counters["executions"] > measured.counters["executions"]
    gone = PROFILE.varied({}, dict.fromkeys(["fork_base_ns", "exit_base_ns"], 1e4))
    with pytest.raises(TraceError, match="executions a second leave an input no time to run"):
        Afl().run(config, replace(setup("classic"), profile=gone))


def test_either_run_times_or_rates() -> None:
    rates = {"kind": "trace", "path": "plot_data"}
    for fields, message in (
        ({"run": "1ms", "rates": rates}, "either run or rates"),
        ({}, "either run or rates"),
        ({"run": "1ms"}, "duration"),
        ({"rates": rates, "slow": {"share": 0.1, "run": "1ms"}}, "slow"),
    ):
        with pytest.raises(ValidationError, match=message):
            AflConfig.model_validate({"kind": "afl", "target": "16MiB", **fields})


def test_logged_tests_run_as_long_as_they_did_under_fork(tmp_path: Path) -> None:
    log = tmp_path / "tests.csv"
    log.write_text("test,run_us,pages\nselect,300,43\nupdate,400,60\nselect,310,\n")
    fields = {"kind": "sqlite", "database": "1GiB", "rounds": 2}
    logged = {"kind": "trace", "path": str(log), "faults_elsewhere": 40}
    config = SqliteConfig.model_validate({**fields, "log": logged})
    tests = Sqlite().run(config, setup()).series["tests"]
    assert tests["test"].tolist() == [0, 1, 0] * 2
    # Besides, the child is switched to.
    expected = [us * 1000 + COSTS.context_switch_ns for us in (300, 400, 310)] * 2
    assert tests["test_ns"].tolist() == expected
    counters = Sqlite().run(config, setup("on_demand")).counters
    assert counters["faults/cow_copy"] == 2 * (3 + 20)
    assert 2 * 20 <= counters["faults/table_copy"] <= counters["faults/cow_copy"]
    impossible = {**fields, "log": {**logged, "faults_elsewhere": 0}}
    log.write_text("test,run_us,pages\nselect,100,50\n")
    with pytest.raises(TraceError, match="test 1, 'select', ran 100 us with 50 page faults"):
        Sqlite().run(SqliteConfig.model_validate(impossible), setup())
    log.write_text("Test,Run_Time_ms\na,12.5\nb,0.0\n")
    tests = Sqlite().run(config, setup()).series["tests"]
    # What computes nothing is not switched to.
    assert tests["test_ns"].tolist() == [12_500_000 + COSTS.context_switch_ns, 0] * 2
    with pytest.raises(ValidationError, match="either tests or a log"):
        SqliteConfig.model_validate(fields)
