"""forksim fork --smaps and --pid: a process's pages and tables, exactly, and a fork of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from smaps_lines import FIELDS, area_lines

from experiments.commands.cli import main
from experiments.forks.fork_choice import several_forks
from experiments.forks.packing import Packing, packed_tables
from experiments.forks.process_memory import ProcessArea, ProcessMemory, process_of_file
from experiments.forks.process_pages import MOST_AREAS, ProcessPages
from experiments.forks.trial import Trial
from experiments.language.catalogue import catalogue
from models.costs.profile import load_profile
from models.schemes.registry import make_scheme

REAL = Path(__file__).parent / "data/smaps_linux_6.18.txt"
COSTS = load_profile("epyc-7302p-linux-5.6").costs
PAGES, MIB, GIB = 512, 2**20, 2**30
START = 0x7F0000000000 // 4096
WHOLE = "expected a whole /proc/PID/smaps, the text of status before it or not"


def forksim(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["fork", *arguments], env={"COLUMNS": "300"})


def written(folder: Path, *texts: str, status: str = "") -> str:
    file = folder / "smaps"
    file.write_text(status + "".join(texts))
    return str(file)


def asked(*arguments: str) -> dict[str, Any]:
    result = forksim(*arguments, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def filled(memory: ProcessMemory) -> Trial:
    trial = Trial(make_scheme("classic", COSTS))
    ProcessPages.of(memory).fill(trial)
    return trial


def test_a_gibibyte_in_one_area_is_that_of_size(tmp_path: Path) -> None:
    file = written(tmp_path, area_lines(START, 2**18, Rss=2**18))
    of_process, of_size = asked("--smaps", file)["forks"], asked("--size", "1GiB")["forks"]
    for row in of_process:
        assert not row.pop("as_now")
        assert row.pop("blocked_if_scattered_ns") >= row["blocked_ns"]
    assert of_process == of_size


def test_scattered_frames_are_all_of_them(tmp_path: Path) -> None:
    file = written(tmp_path, area_lines(START, 1024, Rss=1024))
    (row,) = asked("--smaps", file, "--fork", "classic")["forks"]
    entry_ns = COSTS.entry_copy_ns + COSTS.entry_protect_ns + COSTS.entry_scattered_ns
    wanted_ns = COSTS.fork_base_ns + 2 * COSTS.table_copy_ns + 1024 * entry_ns
    assert row["blocked_if_scattered_ns"] == pytest.approx(wanted_ns, abs=1)


@pytest.mark.parametrize("kernel", FIELDS)
def test_every_kernel_since_3_10_is_read(tmp_path: Path, kernel: str) -> None:
    text = area_lines(START, 3000, kernel=kernel, name="[heap]", Rss=2100, AnonHugePages=1024)
    shared = area_lines(START + 9000, 100, kernel=kernel, rights="rw-s", flags="sh", Rss=50)
    memory = process_of_file(written(tmp_path, text, shared))
    heap, other = memory.areas
    assert (heap.start_page, heap.n_pages, heap.resident, heap.huge) == (START, 3000, 2100, 2)
    assert heap.heap
    assert heap.copied_at_fork
    assert not other.copied_at_fork
    assert memory.table_bytes is None
    assert ProcessPages.of(memory).n_pages == 2100


def test_a_real_process_of_6_18() -> None:
    """Counted in the file by another script: 38 areas, 1744 KiB, 116 of them copied."""
    memory = process_of_file(str(REAL))
    assert (memory.name, len(memory.areas)) == ("cat", 38)
    assert memory.resident_pages * 4 == 1744
    assert ProcessPages.of(memory).n_pages * 4 == 116
    # Its page tables are those of the 2 MiB that its areas lie in, and of the levels above.
    assert memory.table_bytes == 4096 * sum(packed_tables(memory.areas))
    assert ProcessPages.of(memory).tables_left_out == 0


def test_what_a_fork_passes_over(tmp_path: Path) -> None:
    texts = [
        area_lines(START, 100, rights="r-xp", name="/bin/x", flags="rd ex", Rss=90, Anonymous=0),
        area_lines(START + 100, 100, name="/bin/x", Rss=90, Anonymous=1),
        area_lines(START + 200, 100, rights="rw-s", flags="rd wr sh", Rss=80),
        area_lines(START + 300, 100, flags="rd wr dc", Rss=70),
        area_lines(START + 400, 100, flags="rd wr wf", Rss=60),
        area_lines(START + 500, 100, Rss=0, Anonymous=0),
        area_lines(START + 600, 100, Rss=20, Swap=7),
    ]
    answer = asked("--smaps", written(tmp_path, *texts), "--fork", "classic")
    # A private file of which one page was written is copied with all its pages.
    assert answer["process"]["copied_bytes"] == (90 + 20) * 4096
    assert answer["process"]["resident_bytes"] == (90 + 90 + 80 + 70 + 60 + 20) * 4096
    assert answer["process"]["swapped_bytes"] == 7 * 4096
    assert answer["process"]["areas_copied"] == 2
    # They lie in two neighbouring 2 MiB.
    assert answer["forks"][0]["table_bytes"] == 2 * 4096


def naive_tables(areas: list[ProcessArea]) -> list[int]:
    """The tables of all levels, page by page."""
    pages: set[int] = set()
    for area in areas:
        packing = Packing.of(area, area.resident)
        first_huge = packing.huge_slot * PAGES
        pages |= set(range(first_huge, first_huge + packing.huge * PAGES))
        for start, count in packing.ranges:
            assert not pages & set(range(start, start + count))
            pages |= set(range(start, start + count))
        assert all(area.start_page <= p for p in pages if p >= first_huge)
    assert len(pages) == sum(area.resident for area in areas)
    return [len({page // PAGES**level for page in pages}) for level in (1, 2, 3)]


@st.composite
def processes(draw: st.DrawFn) -> list[ProcessArea]:
    at, areas = draw(st.integers(0, 2**30)), []
    for _ in range(draw(st.integers(1, 5))):
        length = draw(st.one_of(st.integers(1, 40), st.integers(300, 3000)))
        resident = draw(st.integers(0, length))
        start = at + draw(st.sampled_from((0, 0, 7, 511, 512, 100_000, 2**18)))
        whole = (start + length) // PAGES + (-start // PAGES)
        huge = draw(st.integers(0, max(min(whole, resident // PAGES), 0)))
        areas.append(ProcessArea(start, length, True, resident, resident, huge))
        at = start + length
    return areas


@given(processes())
@settings(max_examples=60, deadline=None)
def test_pages_and_tables_are_exact(areas: list[ProcessArea]) -> None:
    last, *upper = naive_tables(areas)
    assert packed_tables(areas) == (last, sum(upper))
    trial = filled(ProcessMemory("", tuple(areas)))
    resident = sum(area.resident for area in areas)
    assert trial.parent.resident_pages == resident
    assert trial.parent.n_tables == last


@given(processes(), st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_page_tables_are_as_many_as_the_kernel_says(areas: list[ProcessArea], more: int) -> None:
    last, upper = packed_tables(areas)
    memory = ProcessMemory("", tuple(areas), (last + upper + more) * 4096)
    trial = filled(memory)
    assert trial.parent.resident_pages == memory.resident_pages
    most = sum(
        min(-(-(a.start_page + a.n_pages) // PAGES) - a.start_page // PAGES, a.resident)
        for a in areas
    )
    assert last <= trial.parent.n_tables <= last + more
    if more and most < last:
        assert trial.parent.n_tables == last


def test_sparse_memory_has_the_tables_of_vmpte(tmp_path: Path) -> None:
    """256 pages in 2 GiB, one every 8 MiB: 256 tables, which smaps alone would pack into one."""
    text = area_lines(START, 2**19, Rss=256)
    status = f"Name:\tsparse\nVmPTE:\t{4 * (256 + 3 + 1)} kB\n"
    alone, told = (
        asked("--smaps", written(tmp_path, text, status=of), "--fork", "classic")
        for of in ("", status)
    )
    assert alone["forks"][0]["table_bytes"] == 4096
    assert told["process"]["tables_side_by_side_bytes"] == 4096 * 3
    # VmPTE has the levels above: one PMD and one PUD table if pages lie side by side.
    assert told["forks"][0]["table_bytes"] == pytest.approx(4096 * 256, abs=2 * 4096)
    old = "VmPMD:\t 16 kB\nVmPTE:\t1024 kB\n"
    before = asked("--smaps", written(tmp_path, text, status=old), "--fork", "classic")
    assert before["forks"][0]["table_bytes"] == 4096 * 256


def test_huge_pages_as_the_process_has_them(tmp_path: Path) -> None:
    text = area_lines(START, 8 * PAGES, Rss=8 * PAGES, AnonHugePages=3 * PAGES)
    rows = asked("--smaps", written(tmp_path, text), "--fork", "huge", "--fork", "classic6")
    named = {
        (r["fork"]["kind"], r["fork"].get("huge", False), r["as_now"]): r for r in rows["forks"]
    }
    assert set(named) == {
        *(("huge", False, now) for now in (False, True)),
        ("classic6", False, False),
        *(("classic6", True, now) for now in (False, True)),
    }
    entry_ns = COSTS.entry_copy_ns + COSTS.entry_protect_ns + COSTS.entry_scattered_ns
    huge_ns = COSTS.huge_entry_ns + COSTS.huge_deposit_scattered_ns
    now_ns = COSTS.fork_huge_base_ns + 3 * huge_ns + 5 * COSTS.table_copy_ns
    now_ns += 5 * PAGES * entry_ns
    assert named["huge", False, True]["blocked_if_scattered_ns"] == pytest.approx(now_ns, abs=2)
    all_ns = COSTS.fork_huge_base_ns + 8 * huge_ns
    assert named["huge", False, False]["blocked_if_scattered_ns"] == pytest.approx(all_ns, abs=2)


def test_pages_of_a_pool(tmp_path: Path) -> None:
    pool = area_lines(
        START,
        4 * PAGES,
        flags="rd wr ht",
        Anonymous=1,
        Private_Hugetlb=4 * PAGES,
        KernelPageSize=PAGES,
    )
    small = area_lines(START + 8 * PAGES, 100, Rss=100)
    answer = asked("--smaps", written(tmp_path, pool, small))
    assert answer["process"]["hugetlb_bytes"] == 8 * MIB
    rows = {row["fork"]["kind"]: row for row in answer["forks"]}
    small_ns = asked("--smaps", written(tmp_path, small))["forks"][0]["blocked_ns"]
    assert rows["classic"]["blocked_ns"] == small_ns
    assert rows["hugetlb"]["blocked_ns"] > COSTS.fork_huge_base_ns + 4 * COSTS.hugetlb_entry_ns


def test_many_areas_are_taken_together() -> None:
    areas = tuple(ProcessArea(START + 1000 * n, 600, True, 50, 50) for n in range(3 * MOST_AREAS))
    pages = ProcessPages.of(ProcessMemory("", areas))
    assert len(pages.areas) == MOST_AREAS
    trial = filled(ProcessMemory("", areas))
    assert trial.parent.resident_pages == 150 * MOST_AREAS
    assert trial.parent.n_tables == packed_tables(areas)[0]


def test_it_is_told(tmp_path: Path) -> None:
    text = area_lines(START, 2**18, Rss=2**17, AnonHugePages=2**16, Swap=100)
    shared = area_lines(START + 2**20, 2**10, rights="rw-s", Rss=2**10)
    status = "Name:\tserver\nVmPTE:\t1036 kB\n"
    result = forksim("--smaps", written(tmp_path, text, shared, status=status))
    assert result.exit_code == 0
    text = result.stdout
    assert "server: RSS 516 MiB in 2 areas. A fork copies 512 MiB in 1 private ones" in text
    assert "passes over 4 MiB of files and shared memory" in text
    assert "page tables: 1.01 MiB (VmPTE)" in text
    assert "huge pages: 256 MiB; accessed lately: 100%; swapped out: 400 KiB" in text
    assert "classic6 huge as now" in text
    assert "if scattered" in text
    assert "smaps does not tell where page frames lie" in text


AREA = area_lines(START, 10, Rss=5)
CUT = AREA.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"1:1: empty: {WHOLE}; of a process here --pid"),
        ("Name:\tx\n", f"1:1: no area: {WHOLE}"),
        ("hello\n", f"1:1: 'hello': {WHOLE}"),
        (AREA + "\x1b[31m\n", f"{len(CUT) + 1}:1: '\\x1b[31m': {WHOLE}"),
        (CUT[0], f"1:1: an area without Rss: {WHOLE}"),
        ("".join([*CUT, CUT[0].replace("7f0", "7f1"), *CUT[1:4]]), "cut here: expected Rss"),
        (AREA[:-5], "cut in a line: expected"),
        (AREA + AREA, "an area that begins before the end of the last: expected one smaps"),
        (AREA.replace("Rss:      ", "Rss: many "), "Rss: 'many"),
        (area_lines(START, 10, Rss=11), "Rss of 44 kB: expected whole pages"),
        (AREA.replace("Rss:                  20", "Rss:                  21"), "Rss of 21 kB"),
        (area_lines(START, 16, Rss=16, KernelPageSize=16), "pages of 64 kB: expected 4 kB"),
        (AREA.replace(CUT[0][:25], "7f0000000000-7f0000000000"), "an area without a page"),
        ("1000-2000 ---p 00000000 00:00 0  [rollup]\nRss:  4 kB\n", "smaps_rollup, which has only"),
        ("".join(line for line in CUT if "Anonymous" not in line), "without Rss and Anonymous"),
        (area_lines(START, 10, rights="rw-s", Rss=5), "nothing that a fork copies"),
    ],
)
def test_wrong_files_are_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = written(tmp_path, text)
    result = forksim("--smaps", file, "--fork", "classic")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{file}:")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, reason in ((tmp_path, "not a file"), (tmp_path / "x", "No such file")):
        result = forksim("--smaps", str(path))
        assert result.exit_code == 2
        assert result.stderr.startswith(f"{path}:1:1: {reason}")
        assert result.stderr.count("\n") == 1


def test_an_enormous_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.forks.process_memory.MOST_BYTES", 1000)
    result = forksim("--smaps", written(tmp_path, AREA * 3))
    assert (result.exit_code, "more than 0 MiB" in result.stderr) == (2, True)


LINUX = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs /proc of Linux")


@LINUX
def test_this_process_has_the_memory_that_status_says() -> None:
    answer = asked("--pid", str(os.getpid()), "--fork", "classic")["process"]
    status = Path("/proc/self/status").read_text()
    (rss,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert answer["resident_bytes"] == pytest.approx(rss * 1024, rel=0.05)
    assert answer["tables_side_by_side_bytes"] <= answer["tables_bytes"]
    assert answer["copied_bytes"] < answer["resident_bytes"]


@LINUX
@pytest.mark.parametrize(
    ("pid", "what"),
    [
        (str(2**30), "no such process: expected one that runs"),
        ("0", "0 is not in the range x>=1."),
        ("x", "'x' is not a valid integer range."),
    ],
)
def test_wrong_numbers_of_processes(pid: str, what: str) -> None:
    result = forksim("--pid", pid)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith(f"{what}\n")
    assert result.stderr.count("\n") == 1


class FakeProc:
    """What /proc would say of a process."""

    def __init__(self, smaps: bytes | OSError, status: str) -> None:
        self._smaps, self._status = smaps, status

    def smaps(self, _folder: Path) -> bytes:
        if isinstance(self._smaps, OSError):
            raise self._smaps
        return self._smaps

    def status(self, _folder: Path) -> bytes:
        return self._status.encode()


@LINUX
@pytest.mark.parametrize(
    ("smaps", "status", "what"),
    [
        (PermissionError(13, "no"), "", "permission denied: expected a process of your own, or"),
        (ProcessLookupError(3, "no"), "", "no such process: expected one that runs"),
        (AREA.encode(), "", "has ended meanwhile: expected a process that runs"),
        (b"", "Name:\tx\nState:\tZ (zombie)\n", "has ended meanwhile: expected a process"),
        (b"", "Name:\tkthreadd\nState:\tS\n", "has no memory, as kernel threads: expected a"),
    ],
)
def test_processes_without_an_answer(
    monkeypatch: pytest.MonkeyPatch, smaps: bytes | OSError, status: str, what: str
) -> None:
    proc = FakeProc(smaps, status)
    monkeypatch.setattr("experiments.forks.process_memory.smaps_of", proc.smaps)
    monkeypatch.setattr("experiments.forks.process_memory.status_of", proc.status)
    result = forksim("--pid", "77")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"--pid:1:1: 77: {what}")
    assert result.stderr.count("\n") == 1


def test_elsewhere_it_is_said_that_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.forks.process_memory.PROC", Path("/nowhere"))
    result = forksim("--pid", "1")
    assert result.exit_code == 2
    assert "there is no /proc/PID/smaps here: expected Linux, or a copied file" in result.stderr


def test_every_fork_is_there(tmp_path: Path) -> None:
    rows = asked("--smaps", written(tmp_path, AREA))["forks"]
    assert [row["fork"] for row in rows] == [
        dict(choice.written) for choice in several_forks((), None, catalogue())
    ]
