"""The memory of a running process, as Linux tells it: /proc/PID/smaps, and VmPTE of its status."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from experiments.language.errors import InputError, Position
from models.memory.areas import PAGES_PER_SLOT
from models.memory.frames import FRAME_BYTES
from sim.regular_file import open_regular

PROC = Path("/proc")
MOST_BYTES = 2**28
"""Of a file: 400,000 areas; the kernel's default is 65,530 a process."""

_HEADER = re.compile(
    rb"([0-9a-f]{1,16})-([0-9a-f]{1,16}) [r-][w-][x-]([ps]) [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+ *(.*)"
)
_FIELD = re.compile(rb"([A-Za-z_][A-Za-z0-9_]*):[ \t]*(.*)")
_KIB = re.compile(r"(\d{1,15}) kB")
_SMAPS = "a whole /proc/PID/smaps, the text of status before it or not"
_PAGE_KIB, _HUGE_KIB = FRAME_BYTES // 1024, FRAME_BYTES * PAGES_PER_SLOT // 1024
_NEEDED = ("Rss", "Anonymous")


@dataclass(frozen=True)
class ProcessArea:
    """An area of a process, in pages of 4 KiB.

    Attributes:
        start_page: its first page.
        n_pages: its length.
        private: whether writes stay the process's own (MAP_PRIVATE).
        resident: pages that are there (Rss), those of hugetlb apart.
        anonymous: those of them that are not a file's.
        huge: how many 2 MiB pages are among them (AnonHugePages).
        of_pool: pages of hugetlb that are its own.
        swapped: pages that are swapped out.
        referenced: resident pages that were accessed lately.
        heap: whether brk moves it.
        flags: of the kernel (VmFlags), two letters each.
    """

    start_page: int
    n_pages: int
    private: bool
    resident: int
    anonymous: int
    huge: int = 0
    of_pool: int = 0
    swapped: int = 0
    referenced: int = 0
    heap: bool = False
    flags: frozenset[str] = frozenset()

    @property
    def copied_at_fork(self) -> bool:
        """Whether fork copies the entries of its resident pages, those of files included.

        It does so for private areas of which a page was ever written (mechanisms.md 1.3), but for
        those that madvise has taken out (MADV_DONTFORK, MADV_WIPEONFORK).
        """
        written = self.anonymous + self.swapped > 0
        return self.private and written and not self.flags & {"dc", "wf"}


@dataclass(frozen=True)
class ProcessMemory:
    """What was read of a process.

    Attributes:
        name: of its program; empty if only smaps is known.
        areas: in the order of their addresses.
        table_bytes: its page tables (VmPTE); None if that is not known.
        all_levels: whether these include the tables of upper levels, as since Linux 4.15.
    """

    name: str
    areas: tuple[ProcessArea, ...]
    table_bytes: int | None = None
    all_levels: bool = True

    @property
    def resident_pages(self) -> int:
        """Its RSS as smaps tells it."""
        return sum(area.resident for area in self.areas)


def process_of_pid(pid: int) -> ProcessMemory:
    """The memory of a process that runs here.

    Raises:
        InputError: there is none of that number, it may not be looked at, or has no memory.
    """
    at = Position("--pid")
    if not (PROC / "self/smaps").exists():
        what = "there is no /proc/PID/smaps here: expected Linux, or a copied file as --smaps"
        raise InputError.at(at, f"{pid}: {what}")
    folder = PROC / str(pid)
    try:
        text = smaps_of(folder)
        status = status_of(folder)
    except PermissionError:
        what = "expected a process of your own, or root's rights"
        raise InputError.at(at, f"{pid}: permission denied: {what}") from None
    except (FileNotFoundError, ProcessLookupError):
        raise InputError.at(at, f"{pid}: no such process: expected one that runs") from None
    if not status or re.search(rb"^State:\s+[ZX]", status, re.MULTILINE):
        raise InputError.at(at, f"{pid}: has ended meanwhile: expected a process that runs")
    if not text:
        what = "has no memory, as kernel threads: expected a program"
        raise InputError.at(at, f"{pid}: {what}")
    return _read(status + text, str(folder / "smaps"), status.count(b"\n"))


def process_of_file(path: str) -> ProcessMemory:
    """The memory that a copied smaps tells of, the text of status before it or not.

    Raises:
        InputError: it cannot be read, or is not one.
    """
    start = Position(path)
    try:
        with open_regular(path) as stream:
            text = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError.at(start, f"{reason}: expected {_SMAPS}") from None
    if not text:  # as the files of /proc, which have no size
        raise InputError.at(start, f"empty: expected {_SMAPS}; of a process here --pid")
    return _read(text, path, 0)


def smaps_of(folder: Path) -> bytes:
    """The text of a process's smaps, one byte more than is read of it at most."""
    with (folder / "smaps").open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


def status_of(folder: Path) -> bytes:
    """The text of a process's status; nothing if it has ended meanwhile."""
    try:
        return (folder / "status").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@dataclass
class _AreaText:
    """An area as it stands in the file: its first line, and the fields below it."""

    line: int
    header: re.Match[bytes]
    fields: dict[str, tuple[int, str]] = field(default_factory=dict)


def _read(text: bytes, source: str, of_status: int) -> ProcessMemory:
    """The memory of which a text tells.

    Args:
        text: of status, if that is there, and of smaps.
        source: what it is called in errors.
        of_status: lines at its beginning that do not count in errors.
    """
    if len(text) > MOST_BYTES:
        what = f"more than {MOST_BYTES // 2**20} MiB: expected {_SMAPS}"
        raise InputError.at(Position(source), what)
    status: dict[str, str] = {}
    blocks: list[_AreaText] = []
    lines = text.split(b"\n")
    for line, content in enumerate(lines, 1 - of_status):
        if header := _HEADER.fullmatch(content):
            blocks.append(_AreaText(line, header))
        elif match := _FIELD.fullmatch(content):
            name, value = match[1].decode(), match[2].decode("utf-8", "backslashreplace").strip()
            if blocks:
                blocks[-1].fields[name] = line, value
            else:
                status[name] = value
        elif content.strip():
            what = f"{content[:40].decode('utf-8', 'backslashreplace')!r}: expected {_SMAPS}"
            raise InputError.at(Position(source, max(line, 1)), what)
    _check_whole(blocks, source, cut=bool(lines[-1]), last=len(lines) - of_status)
    areas = tuple(_area(block, source) for block in blocks)
    _check_order(blocks, areas, source)
    table_kib = _KIB.fullmatch(status.get("VmPTE", ""))
    return ProcessMemory(
        status.get("Name", ""),
        areas,
        int(table_kib[1]) * 1024 if table_kib else None,
        "VmPMD" not in status,
    )


def _check_whole(blocks: list[_AreaText], source: str, *, cut: bool, last: int) -> None:
    """Refuse what is no smaps, or only its beginning."""
    if not blocks:
        raise InputError.at(Position(source), f"no area: expected {_SMAPS}")
    first, final = blocks[0], blocks[-1]
    at = Position(source, max(first.line, 1))
    if first.header[4] == b"[rollup]":
        raise InputError.at(at, "smaps_rollup, which has only sums: expected smaps")
    if not first.fields:
        raise InputError.at(at, f"an area without Rss: expected {_SMAPS}")
    # Every area of a kernel has the same fields.
    missing = [name for name in first.fields if name not in final.fields]
    if missing or cut:
        what = f"cut here: expected {missing[0]} of the last area" if missing else "cut in a line"
        what = what if missing else f"{what}: expected {_SMAPS}"
        raise InputError.at(Position(source, max(last, 1)), what)


def _area(block: _AreaText, source: str) -> ProcessArea:
    start, end = (int(block.header[group], 16) // FRAME_BYTES for group in (1, 2))
    where = Position(source, max(block.line, 1))
    if start >= end:
        raise InputError.at(where, "an area without a page: expected ascending addresses")
    if any(name not in block.fields for name in _NEEDED):
        raise InputError.at(where, f"an area without {' and '.join(_NEEDED)}: expected {_SMAPS}")
    page_kib = _kib(block, "KernelPageSize", source) or _PAGE_KIB
    if page_kib not in (_PAGE_KIB, _HUGE_KIB, _HUGE_KIB * PAGES_PER_SLOT):
        line = block.fields["KernelPageSize"][0]
        what = f"pages of {page_kib} kB: expected 4 kB, as on x86-64, or huge ones"
        raise InputError.at(Position(source, line), what)

    def pages(name: str) -> int:
        found = _kib(block, name, source)
        if found % _PAGE_KIB or found > (end - start) * _PAGE_KIB:
            what = f"{name} of {found} kB: expected whole pages, no more than the area has"
            raise InputError.at(Position(source, block.fields[name][0]), what)
        return found // _PAGE_KIB

    return ProcessArea(
        start,
        end - start,
        block.header[3] == b"p",
        pages("Rss"),
        pages("Anonymous"),
        pages("AnonHugePages") // PAGES_PER_SLOT,
        pages("Private_Hugetlb"),
        pages("Swap"),
        pages("Referenced"),
        block.header[4] == b"[heap]",
        frozenset(block.fields.get("VmFlags", (0, ""))[1].split()),
    )


def _kib(block: _AreaText, name: str, source: str) -> int:
    """A field in KiB; 0 if this kernel does not tell it."""
    line, value = block.fields.get(name, (0, "0 kB"))
    match = _KIB.fullmatch(value)
    if match is None:
        raise InputError.at(Position(source, line), f"{name}: {value!r}: expected such as 12 kB")
    return int(match[1])


def _check_order(blocks: list[_AreaText], areas: tuple[ProcessArea, ...], source: str) -> None:
    for block, before, area in zip(blocks[1:], areas, areas[1:], strict=False):
        if area.start_page < before.start_page + before.n_pages:
            what = "an area that begins before the end of the last: expected one smaps"
            raise InputError.at(Position(source, block.line), what)
