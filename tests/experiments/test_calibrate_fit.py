"""`forksim calibrate fit` and `calibrate info`: rows of a made-up machine give its constants."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from experiments.calibration.measured_machine import read_times
from experiments.commands.cli import main
from experiments.forks.trial import Trial
from models.calibration.fits import scattered
from models.calibration.measured import MeasuredTimes, profile_document
from models.costs.profile import load_profile, profile_from
from models.memory.entries import ENTRIES_PER_TABLE
from workloads.running.setup import Setup

BASE = "epyc-7302p-linux-5.6"
SIZES_MIB = (0, 64, 256, 1024)
FIRST, NEXT, GONE, UNMAP, FILL = 95.0, 80.0, 82.0, 370.0, 2700.0
"""Of a page, ns."""
NOTHING_NS = 70_000.0
HUGE, HUGE_BASE = 1500.0, 120_000.0
COLUMNS = (
    "mode,size_bytes,instances,fork_no_after_touch,fork_ns,child_start_to_wait_return_ns,"
    "touch_all_ns,munmap_ns"
)


def fork_rows() -> Iterator[str]:
    for mib in SIZES_MIB:
        pages = mib * 256
        for instances in (1, 2):
            dearer = 1.3 if instances == 2 and pages else 1.0
            for number, each in ((1, FIRST), (2, NEXT)):
                fork_ns = (NOTHING_NS + each * pages) * dearer
                filled, gone = (FILL * pages, 0) if number == 1 else (0, UNMAP * pages)
                child_ns = NOTHING_NS + GONE * pages
                yield f"4k,{mib << 20},{instances},{number},{fork_ns},{child_ns},{filled},{gone}"
        huge_ns = HUGE_BASE + HUGE * (mib // 2)
        if mib:
            yield f"thp,{mib << 20},1,1,{huge_ns},{huge_ns},{200_000 * mib / 2},0"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "fork_micro.csv").write_text("\n".join([COLUMNS, *fork_rows(), ""]))
    (folder / "fault_latency_percentiles.csv").write_text(
        "scenario,concurrency,order,p50_ns\n"
        "cow_parent,single,rnd,3900\ncow_parent,single,seq,3200\ncow_parent,procs2,rnd,9999\n"
        "thp_cow_first4k,single,seq,13900\nthp_zero,single,seq,206000\n"
    )
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def fitted(*arguments: str) -> dict[str, Any]:
    result = forksim("calibrate", "fit", "rows", "--out", "mine", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_constants_come_back(here: Path, rows: Path) -> None:
    constants = {name: one["value"] for name, one in fitted()["constants"].items()}
    entry = constants["entry_copy_ns"] + constants["entry_exclusive_ns"]
    assert entry + constants["table_copy_ns"] / ENTRIES_PER_TABLE == pytest.approx(NEXT)
    assert constants["entry_protect_ns"] == pytest.approx(FIRST - NEXT)
    zapped = constants["exit_entry_ns"] + constants["table_zap_ns"] / ENTRIES_PER_TABLE
    assert zapped == pytest.approx(GONE)
    assert constants["page_free_ns"] == pytest.approx(UNMAP - GONE)
    assert constants["fill_page_ns"] == pytest.approx(FILL)
    assert constants["fork_base_ns"] == constants["exit_base_ns"] == NOTHING_NS
    assert constants["huge_entry_ns"] == pytest.approx(HUGE)
    assert constants["fork_huge_base_ns"] == pytest.approx(HUGE_BASE)
    assert constants["fault_copy_cold_ns"] == 3900  # that of one process
    assert "copy_page_ns" not in constants  # not measured: the other machine's


def test_its_forks_are_those_that_were_measured(here: Path, rows: Path) -> None:
    for one in fitted()["residuals"]:
        assert one["error"] == pytest.approx(0, abs=1e-5)
    contention = fitted()["contention"]["fork"]["fork"]
    assert contention["value"] == pytest.approx(0.3)
    profile = load_profile("mine")
    trial = Trial(Setup.of({"kind": "classic6"}, profile=profile, cores=1).fork())
    trial.fill(trial.map(262_144).start_page, 262_144)
    assert trial.fork().ns == pytest.approx(NOTHING_NS + FIRST * 262_144, rel=1e-5)


def test_the_same_rows_give_the_same_bytes_and_the_kernel_is_told(here: Path, rows: Path) -> None:
    result = forksim("calibrate", "fit", "rows", "--out", "a.yaml")
    assert "no --kernel: assumed 6.12" in result.stderr
    assert forksim("calibrate", "fit", "rows", "--out", "./b/a.yaml").exit_code == 0
    assert (here / "a.yaml").read_bytes() == (here / "b/a.yaml").read_bytes()
    profile = load_profile(here / "a.yaml")
    assert profile.kernel == "6.12"
    assert any("not measured: assumed to be those of" in text for text in profile.assumptions)
    low, high = (getattr(profile.constants["entry_copy_ns"], end) for end in ("low", "high"))
    assert low is not None
    assert high is not None
    assert low <= profile.constants["entry_copy_ns"].value <= high


def test_a_profile_of_ones_own_has_a_name(here: Path, rows: Path) -> None:
    fitted("--kernel", "6.9")
    assert "mine" in forksim("list").stdout
    (here / "a.yaml").write_text(
        "forksim: 1\nname: a\nmachine: {profile: mine}\nworkload: {kind: microbench, sizes: [1GiB]}"
        "\nfork: {kind: classic6}\n"
    )
    assert forksim("validate", "a.yaml").exit_code == 0
    (here / "config/forksim/profiles/broken.yaml").write_text("name: [")
    assert "unusable: " in forksim("list").stdout


def test_larger_forks_can_be_left_out(here: Path, rows: Path) -> None:
    pages = {one["pages"] for one in fitted("--up-to", "256MiB")["residuals"]}
    assert pages == {mib * 256 for mib in SIZES_MIB[:-1]}


@pytest.mark.parametrize(("share", "dearer"), [(0.3, 140.0), (0.7, 100.0), (0.9, 20.0)])
def test_an_aged_heap_has_a_stock_of_scattered_frames(share: float, dearer: float) -> None:
    pages, nothing = 262_144, np.array([NOTHING_NS])
    parts = [share] * 8 + [1.0] * 3  # a tenth and more has all its frames scattered
    times = MeasuredTimes(
        first_fork={0: nothing, pages: nothing + FIRST * pages},
        next_fork={0: nothing, pages: nothing + NEXT * pages},
        aged_fork={pages: np.array([NOTHING_NS + pages * (FIRST + dearer * p) for p in parts])},
    )
    document = profile_document(times, load_profile(BASE), name="a", description="a", kernel="6.12")
    profile = profile_from(document, "a")
    assert profile.costs.movable_stock_frames == 0
    assert profile.costs.entry_scattered_ns == pytest.approx(dearer, rel=1e-5)
    stock = profile.when_aged.costs.movable_stock_frames
    assert scattered(np.array([pages]), stock)[0] / pages == pytest.approx(share, rel=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("fork_ns", "fork"), "no column 'fork_ns'"),
        (("4k,0,1,1,70000.0", "4k,0,1,1,fast"), "fork_ns: 'fast': expected a number"),
    ],
)
def test_a_wrong_file_is_one_line(
    here: Path, rows: Path, change: tuple[str, str], said: str
) -> None:
    file = rows / "fork_micro.csv"
    file.write_text(file.read_text().replace(*change))
    result = forksim("calibrate", "fit", "rows", "--out", "mine")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (here / "config").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fit", "nowhere"), "no fork_micro.csv: expected at least this file"),
        (("fit", "rows", "--kernel", "new"), "expected a release such as 6.12"),
        (("fit", "rows", "--based-on", "vax"), "expected a bundled profile: epyc"),
        (("fit", "rows", "--up-to", "1s"), "--up-to"),
        (("fit", "rows", "--up-to", "1KiB"), "no first and next fork of any memory"),
        (("info",), "expected a file of INFO, or --fork-time and --size"),
        (("info", "--fork-time", "1s", "--size", "1B"), "expected a page at least"),
        (("info", "--fork-time", "1us", "--size", "1GiB"), "expected more than 65.1 us"),
        (("info", "--fork-time", "soon", "--size", "1GiB"), "--fork-time"),
        (("info", "nowhere.txt"), "nowhere.txt"),
    ],
)
def test_wrong_options_are_one_line(
    here: Path, rows: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = forksim("calibrate", *arguments, "--out", "mine")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_fork_that_was_seen_scales_a_profile(here: Path) -> None:
    info = here / "info.txt"
    info.write_text("used_memory_rss:6100000000\r\nlatest_fork_usec:1460000\r\n")
    assert forksim("calibrate", "info", "info.txt", "--out", "a.yaml").exit_code == 0
    options = ("--fork-time", "1.46s", "--size", "6.1GB")
    assert forksim("calibrate", "info", *options, "--out", "b.yaml").exit_code == 0
    one, other = (load_profile(here / name).costs for name in ("a.yaml", "b.yaml"))
    assert one == other
    pages = 6_100_000_000 // 4096
    entry = one.entry_copy_ns + one.table_copy_ns / ENTRIES_PER_TABLE
    assert one.fork_base_ns + pages * entry == pytest.approx(1.46e9, rel=1e-4)
    assert one.fault_copy_cold_ns == load_profile(BASE).costs.fault_copy_cold_ns


def test_of_measured_rows_those_of_one_process_alone_count(here: Path, rows: Path) -> None:
    times = read_times(rows)
    assert set(times.first_fork) == {mib * 256 for mib in SIZES_MIB}
    with (rows / "fork_micro.csv").open() as file:
        both = [row for row in csv.DictReader(file) if row["instances"] == "2"]
    assert len(both) == 8
    assert len(times.first_fork[262144]) == 1
