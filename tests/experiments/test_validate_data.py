"""forksim validate-data: what it reads, what it says, how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main
from experiments.validation.folder import predicted
from experiments.validation.targets import FORK, MEDIAN_LATENCY, REDIS_FORK, Target
from models.costs.profile import Profile, load_profile

MEASURED = Path(__file__).parent / "data/measured"
PROFILE = "epyc-7302p-linux-5.6"
FIRST_ROW = 2


def asked(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        main, ["validate-data", str(folder), "--profile", PROFILE, *arguments]
    )


def document(folder: Path, only: str) -> dict[str, list[dict[str, Any]]]:
    result = asked(folder, "--json", "--only", only)
    assert result.exit_code in (0, 3), result.output
    answer: dict[str, list[dict[str, Any]]] = json.loads(result.stdout)
    return answer


def test_forks_are_told_by_mode_size_and_number() -> None:
    told = document(MEASURED, "fork_micro")["predictions"]
    # 4k and thp alone, hugetlb alone, 4k in two processes: first and next fork of two sizes.
    assert len(told) == 2 * 2 * 4
    first = told[0]
    assert first["fields"] == {
        "mode": "4k",
        "size_bytes": 64 * 2**20,
        "instances": 1,
        "fork_no_after_touch": 1,
    }
    # Of three repetitions the one in the middle.
    values = [
        float(line.split(",")[8])
        for line in (MEASURED / "fork_micro.csv").read_text().splitlines()[FIRST_ROW - 1 :]
        if line.startswith("4k,67108864,1,") and line.split(",")[6] == "1"
    ]
    assert first["measured"] == sorted(values)[len(values) // 2]
    assert {one["quantity"] for one in told} == {
        "fork, 4 KiB pages",
        "fork, transparent huge pages",
        "fork, hugetlb pages",
        "fork, 4 KiB pages, several at once",
    }


def test_writes_after_a_fork_take_longer_the_more_there_are() -> None:
    told = document(MEASURED, "fork_touch.csv")["predictions"]
    assert len(told) == 2 * 2 * 2 * 2
    by_fields = {tuple(one["fields"].values()): one["predicted"] for one in told}
    for mode in ("4k", "thp"):
        for writer in ("parent", "child"):
            for pattern in ("seq", "rnd"):
                none, some = (by_fields[mode, 2**30, writer, pattern, part] for part in (0, 10))
                assert none < some


@pytest.mark.parametrize(
    ("only", "rows"),
    [("sqlite_fork_tests", 3), ("afl_execs", 2), ("sqlite_fork_tests,afl_execs", 5)],
)
def test_the_smallest_is_not_predicted(only: str, rows: int) -> None:
    told = document(MEASURED, only)["predictions"]
    assert len(told) == rows
    assert not any(0 in one["fields"].values() for one in told)
    assert all("smallest" in one["basis"] for one in told)


def test_copies_of_a_real_redis_come_near() -> None:
    """Whatever the machine costs, the pages that SETs dirty are those of the allocator."""
    answer = document(MEASURED, "redis_bgsave_events")
    met = {one["quantity"]: one["met"] for one in answer["quantities"]}
    assert met["pages copied, given the SETs"] is True
    assert met["pages copied, given the save's duration"] is True
    assert met["Redis's fork as it tells it"] is None


def test_of_latencies_the_tail_of_an_open_loop_and_the_stall_are_told() -> None:
    told = document(MEASURED, "redis_latency_percentiles")["predictions"]
    tails = [
        one["what"] for one in told if one["quantity"] == "open loop, first second after BGSAVE"
    ]
    assert tails == ["p99", "p99.9", "p99.99", "max"]
    stalls = [one["fields"]["loop"] for one in told if one["what"] == "longest stall"]
    assert stalls == ["closed", "open"]
    assert not any(one["fields"]["phase"] == "no_bgsave" for one in told)
    assert all("no_bgsave" in one["basis"] for one in told)


def test_tables_say_what_is_met_and_missed_targets_are_exit_code_3(tmp_path: Path) -> None:
    result = asked(MEASURED, "--only", "afl_execs")
    assert result.exit_code == 3
    assert "missed" in result.stdout
    assert "AFL executions" in result.stdout
    assert result.stderr.startswith(f"note: predicted from {PROFILE}, Linux 5.6")
    # A profile that says what was measured meets all.
    rate = document(MEASURED, "afl_execs")["predictions"]
    lines = ["init_buffer_bytes,execs_per_sec,forkserver_rss_kib", "0,1465.26,2348"]
    for one, rss_kib in zip(rate, (67812, 264460), strict=True):
        lines.append(f"{dict(one['fields'])['init_buffer_bytes']},{one['predicted']},{rss_kib}")
    (tmp_path / "afl_execs.csv").write_text("\n".join(lines))
    assert asked(tmp_path).exit_code == 0


def test_what_tells_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "afl_execs.csv").write_text(
        "init_buffer_bytes,execs_per_sec,forkserver_rss_kib\n0,1000,2048\n"
    )
    result = asked(tmp_path)
    assert result.exit_code == 0
    assert "note: afl_execs.csv: nothing is predicted" in result.stderr


HEADERS = {
    "fork_micro.csv": "mode,size_bytes,instances,fork_no_after_touch,fork_ns",
    "fork_touch.csv": "mode,size_bytes,writer,pattern,touched_percent,pages_written,"
    "fork_plus_write_ns",
    "sqlite_fork_tests.csv": "db_target_bytes,sqlite_memory_used_bytes,rss_bytes,test,test_ns,"
    "total_ns,child_minflt",
    "redis_bgsave_events.csv": "dataset_gib,workload,pipeline,loop,rate_req_per_s,latest_fork_ns,"
    "snapshot_duration_ns,parent_minflt_delta,used_memory_bytes",
    "redis_latency_percentiles.csv": "dataset_gib,workload,pipeline,loop,rate_req_per_s,phase,"
    "requests,mean_ns,p50_ns,p90_ns,p95_ns,p99_ns,p99_9_ns,p99_99_ns,max_ns",
}
TAIL = ",1,1,1,1,1,1,1,1,1"


MICRO, TOUCH, SQLITE, EVENTS, LATENCIES = HEADERS
OF_BYTES = "expected a number from 0 to 4398046511104"


@pytest.mark.parametrize(
    ("name", "row", "line"),
    [
        (MICRO, "2m,0,1,1,9", "2:1: mode: '2m': expected one of '4k', 'thp', 'hugetlb'"),
        (MICRO, "4k,-1,1,1,9", f"2:2: size_bytes: '-1': {OF_BYTES}"),
        (MICRO, "4k,4096.5,1,1,9", "2:2: size_bytes: '4096.5': expected a whole number"),
        (MICRO, "4k,4096,1,1,nan", "2:5: fork_ns: 'nan': expected a number from 0"),
        (MICRO, "4k,0,0,1,9", "2:3: instances: '0': expected a number from 1 to 256"),
        (MICRO, "4k,4096", "2:1: 2 cells: expected 5, one for each column"),
        (TOUCH, "4k,4096,parent,seq,1,2,9", "2:6: pages_written: '2': expected a number from 0"),
        (SQLITE, "0,1,1,a,1,1,1\n9,1,1,b,1,1,1", "3:1: test 'b' was not run on the smallest"),
        (SQLITE, "0,1,1,a,1,1,1\n9,1,1e15,a,1,1,1", "3:1: cannot be simulated: Input should be"),
        (EVENTS, "1,zadd,1,closed,0,1,1,1,1", "2:2: workload: 'zadd': expected one of 'idle'"),
        (EVENTS, "1,set,1,open,0,1,1,1,1", "2:5: rate_req_per_s: '0': expected a number from 1"),
        (EVENTS, "1,set,1,open,5,1,1,1,1", "2:9: used_memory_bytes: '1': expected a number from"),
        (EVENTS, "1,set,1,open,9e8,1,1e9,1,1e9", "2:1: cannot be simulated: 2,6"),
        (LATENCIES, f"1,set,1,open,5,later{TAIL}", "2:6: phase: 'later'"),
    ],
)
def test_bad_rows_are_one_line(tmp_path: Path, name: str, row: str, line: str) -> None:
    (tmp_path / name).write_text(f"{HEADERS[name]}\n{row}\n")
    result = asked(tmp_path)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith(f"{tmp_path / name}:{line}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("name", HEADERS)
def test_each_column_must_be_there(tmp_path: Path, name: str) -> None:
    for column in HEADERS[name].split(","):
        rest = [one for one in HEADERS[name].split(",") if one != column]
        (tmp_path / name).write_text(",".join(rest) + "\n")
        result = asked(tmp_path)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"{tmp_path / name}:1:1: no column '{column}': expected ")


def test_no_such_folder_file_profile_or_name(tmp_path: Path) -> None:
    missing = asked(tmp_path / "nowhere")
    assert missing.exit_code == 2
    assert missing.stderr.startswith(
        f"{tmp_path / 'nowhere'}:1:1: none of the files: expected fork"
    )
    only = asked(MEASURED, "--only", "fork_macro")
    assert only.exit_code == 2
    assert only.stderr == "--only:1:1: 'fork_macro' - did you mean 'fork_micro'?\n"
    machine = CliRunner().invoke(main, ["validate-data", str(MEASURED), "--profile", "vax"])
    assert machine.exit_code == 2
    assert machine.stderr.startswith("--profile:1:1: no profile 'vax'")
    (tmp_path / "afl_execs.csv").mkdir()
    assert asked(tmp_path).stderr.startswith(f"{tmp_path / 'afl_execs.csv'}:1:1: cannot be read")


def test_a_file_of_redis_alone_suffices(tmp_path: Path) -> None:
    copytree(MEASURED, tmp_path, dirs_exist_ok=True)
    (tmp_path / "redis_latency_percentiles.csv").unlink()
    told = document(tmp_path, "redis_bgsave_events")["predictions"]
    # Without latencies nothing tells how many SETs there were, nor how fast a closed loop is.
    assert [(one["what"], one["basis"]) for one in told if one["what"] != "fork"] == [
        ("copies given time", "duration; service assumed")
    ]


def test_few_sets_have_a_target_of_their_own(tmp_path: Path) -> None:
    (tmp_path / EVENTS).write_text(
        f"{HEADERS[EVENTS]}\n"
        f"0.1,set,1,open,1000,9e6,1e9,2400,{100 * 2**20}\n"
        f"0.1,set,1,open,9000,9e6,1e9,15000,{100 * 2**20}\n"
        f"0.1,get,1,open,9000,9e6,1e9,90,{100 * 2**20}\n"
    )
    rest = ",1" * 8
    (tmp_path / LATENCIES).write_text(
        f"{HEADERS[LATENCIES]}\n"
        f"0.1,set,1,open,1000,during_snapshot,1000{rest}\n"
        f"0.1,set,1,open,9000,during_snapshot,9000{rest}\n"
        f"0.1,get,1,open,9000,during_snapshot,9000{rest}\n"
    )
    told = document(tmp_path, "redis_bgsave_events")["predictions"]
    given = {one["fields"]["rate_req_per_s"]: one for one in told if one["what"].endswith("SETs")}
    # 25,600 pages: 1,000 SETs are fewer than one in five of them, 9,000 are more.
    assert given[1000]["quantity"] == "pages copied, given the SETs, fewer than one per five pages"
    assert given[9000]["quantity"] == "pages copied, given the SETs"
    # A value of 1,280 bytes, an entry, an object: from two pages to a little above three a SET.
    assert 2000 < given[1000]["predicted"] < 3300
    assert not [one for one in told if one["fields"]["workload"] == "get" and one["what"] != "fork"]


def test_targets_judge_rows_and_all_of_them() -> None:
    assert FORK.row_met(1.29) is True
    assert FORK.row_met(0.69) is False
    assert FORK.met([1.0, 1.05, 0.95, 1.1, 2.0]) is True
    assert FORK.met([1.0, 1.05, 0.95, 2.0, 2.0]) is False
    assert FORK.met([1.2, 1.2, 1.2]) is False
    assert MEDIAN_LATENCY.row_met(1 / 1.49) is True
    assert MEDIAN_LATENCY.row_met(1 / 1.51) is False
    assert MEDIAN_LATENCY.met([1.0, 9.0, 0.9]) is True
    assert REDIS_FORK.row_met(1.0) is None
    assert REDIS_FORK.met([1.0]) is None
    assert Target("all", 0.15).met([1.1, 1.2]) is False
    assert FORK.of_all == "median 10%, 80% within 30%"
    assert MEDIAN_LATENCY.of_all == "median factor 1.5"


def test_programs_are_predicted_on_a_machine_that_has_run_for_long() -> None:
    fresh = load_profile(PROFILE)
    stock = fresh.constants["movable_stock_frames"].model_copy(update={"value": 3e5})
    own = {name: getattr(fresh, name) for name in Profile.model_fields}
    profile = Profile(**{**own, "aged": {"movable_stock_frames": stock}})

    def each(machine: Profile, name: str) -> list[float]:
        ((_, found),) = predicted(MEASURED, machine, [name])
        return [one.predicted for one in found]

    assert each(profile, "fork_micro.csv") == each(fresh, "fork_micro.csv")
    touched, before = (each(one, "fork_touch.csv") for one in (profile, fresh))
    assert all(now >= then for now, then in zip(touched, before, strict=True))
    assert touched != before
    assert touched == each(profile.when_aged, "fork_touch.csv")
