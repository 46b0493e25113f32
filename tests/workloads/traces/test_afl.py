"""AFL's plot_data and fuzzer_stats: goldens of the samples, and one rule a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from refusals import refused
from samples import lines_of

from workloads.traces.formats.afl_fuzzer_stats import read_fuzzer_stats
from workloads.traces.formats.afl_plot_data import looks_like_plot_data, read_plot_data
from workloads.traces.kinds.execution_trace import ExecutionTrace
from workloads.traces.reading.accounting import Accounting
from workloads.traces.reading.columns import MISSING
from workloads.traces.reading.text import ReadLimits
from workloads.traces.registry import BUNDLED

OLD = b"# unix_time, cycles_done, cur_path, paths_total, execs_per_sec\n"
NEW = b"# relative_time, cycles_done, map_size, execs_per_sec, total_execs, edges_found\n"


def plot_data(path: Path, *lines: bytes) -> ExecutionTrace:
    path.write_bytes(b"".join(lines))
    return read_plot_data(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def test_the_old_header_counts_from_the_first_row() -> None:
    trace = read_plot_data(BUNDLED / "afl_plot_data_unix_time.csv")
    assert trace.accounting == Accounting(31, 30, {"header": 1})
    assert trace.time_ns[:4].tolist() == [0, 11 * 10**9, 16 * 10**9, 21 * 10**9]
    assert trace.duration_ns == 159 * 10**9
    assert trace.execs_per_s[:2].tolist() == [16.41, 146.37]
    assert round(float(trace.execs_per_s.sum()), 2) == 786.35
    assert (trace.executions == MISSING).all()
    # awk: the sum of (time since the row above) * rate is 4922.71 over 159 s.
    assert trace.mean_execs_per_s == pytest.approx(4922.71 / 159)


def test_the_new_header_counts_from_the_start_and_has_totals() -> None:
    trace = read_plot_data(BUNDLED / "afl_plot_data_relative_time.csv")
    assert trace.accounting == Accounting(50, 49, {"header": 1})
    assert trace.time_ns[[0, -1]].tolist() == [60 * 10**9, 304 * 10**9]
    assert trace.executions[[0, -1]].tolist() == [22_500, 119_846]
    assert (np.diff(trace.executions) > 0).all()
    assert trace.mean_execs_per_s == 119_846 / 304
    # The logged rates are smoothed: what was executed between rows agrees with them closely.
    between = np.diff(trace.executions) / (np.diff(trace.time_ns) / 1e9)
    assert np.abs(between / trace.execs_per_s[1:] - 1).max() < 0.25


def test_three_files_of_one_measured_run_agree() -> None:
    """afl_execs.csv of the same run: 9538 executions in 60 s, 158.93 a second."""
    plot = read_plot_data(BUNDLED / "afl_plot_data_64MiB.csv")
    stats = read_fuzzer_stats(BUNDLED / "afl_fuzzer_stats_64MiB.txt.gz")
    assert plot.accounting == Accounting(2, 1, {"header": 1})
    assert stats.accounting == Accounting(40, 40, {})
    assert plot.executions.tolist() == stats.executions.tolist() == [9538]
    assert plot.time_ns.tolist() == stats.time_ns.tolist() == [60 * 10**9]
    assert plot.execs_per_s.tolist() == [136.39]
    assert stats.execs_per_s.tolist() == [158.93]
    assert stats.mean_execs_per_s == 9538 / 60
    assert len(stats) == 1


def test_blanks_repeated_headers_and_further_cells_are_accounted_for(path: Path) -> None:
    trace = plot_data(
        path, NEW, b"\n", b"5, 0, 1%, 10.00, 50, 3\n", NEW, b" 9,0,1.2% ,20,90,3, 77, 78\r\n"
    )
    assert trace.accounting == Accounting(5, 2, {"header": 2, "blank": 1})
    assert trace.execs_per_s.tolist() == [10, 20]
    assert trace.executions.tolist() == [50, 90]


def test_one_row_of_the_old_format_has_its_own_rate(path: Path) -> None:
    assert plot_data(path, OLD, b"1700000000, 0, 1, 2, 33.5\n").mean_execs_per_s == 33.5


def test_columns_are_found_by_name(path: Path) -> None:
    trace = plot_data(path, b"#execs_per_sec,total_execs,relative_time\n", b"1.5, 7, 4\n")
    assert (trace.time_ns[0], trace.execs_per_s[0], trace.executions[0]) == (4 * 10**9, 1.5, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"5, 0, 1%, 10.00, 50, 3\n", "1:1: no header:"),
        (b"# time, execs_per_sec\n", "1:1: bad header:"),
        (b"# unix_time, cycles_done\n", "1:1: bad header:"),
        (NEW + OLD, "2:1: another header:"),
        (NEW, "2:1: no row:"),
        (NEW + b"5, 0, 1%, 10.00, 50\n", "2:20: cells missing: expected 6 cells"),
        (NEW + b"x, 0, 1%, 10.00, 50, 3\n", "2:1: bad time: expected a whole number"),
        (NEW + b"-5, 0, 1%, 10.00, 50, 3\n", "2:1: bad time:"),
        (NEW + b"99999999999, 0, 1%, 10.00, 50, 3\n", "2:1: bad time:"),
        (NEW + b"5, 0, 1%, info, 50, 3\n", "2:11: bad execs_per_sec:"),
        (NEW + b"5, 0, 1%, -1, 50, 3\n", "2:11: bad execs_per_sec:"),
        (NEW + b"5, 0, 1%, 1e3, 50, 3\n", "2:11: bad execs_per_sec:"),
        (NEW + b"5, 0, 1%, 10, 5.0, 3\n", "2:15: bad total_execs:"),
        (NEW + b"5,0,1%,1,1,3\n4,0,1%,1,2,3\n", "3:1: time goes backwards:"),
        (NEW + b'5, 0, "1%, 10.00, 50, 3\n', "2:1: bad quotes:"),
    ],
)
def test_a_bad_plot_data_is_refused_where_it_goes_wrong(
    path: Path, text: bytes, message: str
) -> None:
    assert refused(read_plot_data, path, text).startswith(message)


def test_damaged_rows_can_be_skipped_and_counted(path: Path) -> None:
    path.write_bytes(NEW + b"5,0,1%,1,1,3\n" + b"6,0\n" + b"7,0,1%,x,1,3\n" + b"8,0,1%,2,9,3\n")
    trace = read_plot_data(path, ReadLimits(max_damaged=2))
    skipped = {"header": 1, "damaged: cells missing": 1, "damaged: bad execs_per_sec": 1}
    assert trace.accounting == Accounting(5, 2, skipped)
    assert trace.executions.tolist() == [1, 9]
    assert refused(
        lambda p: read_plot_data(p, ReadLimits(max_damaged=1)), path, path.read_bytes()
    ) == ("4:8: bad execs_per_sec: expected a decimal, without sign or exponent, got 'x'")


def stretches(trace: ExecutionTrace) -> list[tuple[int, int]]:
    """Executions and seconds of the stretches of a trace."""
    executions, elapsed_ns = trace.stretches()
    return list(zip(executions.tolist(), (elapsed_ns // 10**9).tolist(), strict=True))


@pytest.mark.parametrize("total", [b"total_execs", b"execs_done", b"total_exec"])
def test_a_total_that_begins_anew_starts_a_new_piece(path: Path, total: bytes) -> None:
    header = NEW.replace(b"total_execs", total)
    rows = ((60, 24_000), (120, 48_000), (121, 200), (180, 24_200))
    trace = plot_data(path, header, *(b"%d,0,1%%,400.00,%d,3\n" % row for row in rows))
    assert trace.executions.tolist() == [24_000, 48_000, 200, 24_200]
    # What was executed from the 120th second to the 121st nobody knows.
    assert stretches(trace) == [(24_000, 60), (24_000, 60), (24_000, 59)]
    assert trace.mean_execs_per_s == 72_000 / 179
    assert trace.facts()["totals_begun_anew"] == 1


def test_what_was_executed_before_a_first_row_of_unknown_age_has_no_time(path: Path) -> None:
    header = OLD.replace(b"execs_per_sec", b"execs_per_sec, total_execs")
    rows = ((1000, 9_000_000), (1010, 9_000_100), (1020, 9_000_300))
    trace = plot_data(path, header, *(b"%d,0,1,2,15,%d\n" % row for row in rows))
    assert stretches(trace) == [(100, 10), (200, 10)]
    assert trace.mean_execs_per_s == 15


@pytest.mark.parametrize("start_s", [0, 13_250_000_000, 2**62])
def test_only_differences_of_times_matter(path: Path, start_s: int) -> None:
    rows = ((start_s, b"10"), (start_s + 10, b"20"), (start_s + 40, b"30"))
    trace = plot_data(path, OLD, *(b"%d,0,1,2,%b\n" % row for row in rows))
    assert trace.time_ns.tolist() == [0, 10 * 10**9, 40 * 10**9]
    assert trace.mean_execs_per_s == (10 * 20 + 30 * 30) / 40


@pytest.mark.parametrize(
    "word", [b"inf", b"-inf", b"nan", b"-nan", b"-nan(ind)", b"Infinity", b"1.#INF", b"-1.#IND"]
)
def test_a_rate_by_a_division_by_zero_is_missing(path: Path, word: bytes) -> None:
    rows = ((1000, b"10"), (1010, word), (1030, b"25"))
    trace = plot_data(path, OLD, *(b"%d,0,1,2,%b\n" % row for row in rows))
    assert np.isnan(trace.execs_per_s).tolist() == [False, True, False]
    assert stretches(trace) == [(500, 20)]
    assert trace.mean_execs_per_s == 25
    assert (trace.facts()["rates_missing"], trace.facts()["min_execs_per_s"]) == (1, 10)


def test_a_trace_of_missing_rates_alone_has_no_mean(path: Path) -> None:
    trace = plot_data(path, OLD, b"5,0,1,2,inf\n", b"9,0,1,2,nan\n")
    assert np.isnan(trace.mean_execs_per_s)
    assert trace.facts() == {"rates_missing": 2}


def test_the_statsfile_of_honggfuzz(path: Path) -> None:
    header = b"# unix_time, last_cov_update, total_exec, exec_per_sec, crashes\n"
    trace = plot_data(path, header, b"100, 0, 12000, 11800, 0\n", b"105, 2, 71000, 11750, 0\n")
    assert looks_like_plot_data(header)
    assert trace.mean_execs_per_s == 11_800


AFL_STATS = (
    b"start_time        : 1000\nlast_update       : 1090\nfuzzer_pid : 7\n"
    b"execs_done        : 900\nexecs_per_sec     : 11.25\ncommand_line : afl-fuzz -i a -- ./b:c\n"
)


def test_the_run_time_of_afl_is_told_from_its_ends(path: Path) -> None:
    path.write_bytes(AFL_STATS)
    trace = read_fuzzer_stats(path)
    assert trace.accounting == Accounting(6, 6, {})
    assert trace.time_ns.tolist() == [90 * 10**9]
    assert trace.mean_execs_per_s == 10
    assert trace.execs_per_s.tolist() == [11.25]


def test_a_key_may_say_the_same_again(path: Path) -> None:
    path.write_bytes(b"start_time : 1000\n" + AFL_STATS)
    trace = read_fuzzer_stats(path)
    assert trace.accounting == Accounting(7, 6, {"repeated": 1})
    assert trace.mean_execs_per_s == 10


def test_the_times_of_a_fuzzer_stats_may_have_any_epoch(path: Path) -> None:
    path.write_bytes(AFL_STATS.replace(b": 10", b": 132500000010"))
    assert read_fuzzer_stats(path).time_ns.tolist() == [90 * 10**9]


def test_a_missing_rate_leaves_the_total(path: Path) -> None:
    path.write_bytes(AFL_STATS.replace(b"11.25", b"-nan"))
    trace = read_fuzzer_stats(path)
    assert trace.mean_execs_per_s == 10
    assert trace.facts() == {"mean_execs_per_s": 10, "rates_missing": 1}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"execs_done        : 900\n", b"", "6:1: no execs_done:"),
        (b"execs_per_sec     : 11.25\n", b"\n", "7:1: no execs_per_sec:"),
        (b"last_update       : 1090\n", b"", "6:1: no last_update:"),
        (b": 1090", b": 999", "6:1: last_update lies before start_time:"),
        (b": 1090", b": 9223373036", "6:1: a run of 9223372036 seconds:"),
        (b": 900", b": 900x", "4:20: bad execs_done:"),
        (b": 11.25", b": fast", "5:20: bad execs_per_sec:"),
        (b"fuzzer_pid", b"start_time", "3:1: repeated key:"),
        (b"fuzzer_pid : 7", b"fuzzer_pid 7", "3:1: bad line:"),
    ],
)
def test_a_bad_fuzzer_stats_is_refused_where_it_goes_wrong(
    path: Path, old: bytes, new: bytes, message: str
) -> None:
    assert refused(read_fuzzer_stats, path, AFL_STATS.replace(old, new)).startswith(message)


def test_the_samples_hold_what_their_sources_do() -> None:
    """Percent signs and spaces stand in them as the fuzzers write them."""
    assert lines_of("afl_plot_data_64MiB.csv")[1] == (
        b"60, 0, 0, 229, 229, 0, 8.61%, 0, 0, 2, 136.39, 9538, 4052\n"
    )
