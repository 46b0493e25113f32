"""One Python object per frame, table and area: what memory is made of, and no rule about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

SLOT = 512


@dataclass(eq=False, slots=True)
class Frame:
    """A 4 KiB page of memory, the tables that map it (how often), and the file it belongs to.

    `large`: part of a large folio. `exclusive`: no fork has shared it since it was last reused
    (the kernel's PageAnonExclusive).
    """

    scattered: bool = False
    large: bool = False
    exclusive: bool = True
    file: NaiveFile | None = None
    tables: dict[Table, int] = field(default_factory=dict)

    @property
    def is_free(self) -> bool:
        return not self.tables and self.file is None


@dataclass(eq=False, slots=True)
class NaiveFile:
    """The pages of a file or of shared memory, and how many areas map it."""

    frames: dict[int, Frame] = field(default_factory=dict)
    areas: int = 0

    def page(self, offset: int) -> Frame:
        if offset not in self.frames:
            self.frames[offset] = Frame(file=self)
        return self.frames[offset]

    def leave(self) -> int:
        """One area less maps it; the number of frames freed if it was the last."""
        self.areas -= 1
        if self.areas:
            return 0
        for frame in self.frames.values():
            frame.file = None
        freed = sum(frame.is_free for frame in self.frames.values())
        self.frames.clear()
        return freed


@dataclass(eq=False, slots=True)
class Entry:
    """A present entry: a frame, or None for the zero page."""

    frame: Frame | None
    writable: bool


@dataclass(eq=False, slots=True)
class Table:
    """A PTE table and how many slots point at it; `huge` if it stands for a huge page.

    `owner`: the space that accounts for it while it is shared; `populated`: it is never shared.
    """

    references: int = 1
    huge: bool = False
    owner: Space | None = None
    populated: bool = False
    entries: dict[int, Entry] = field(default_factory=dict)

    def put(self, position: int, entry: Entry) -> int:
        """Set an entry; 1 if the frame of the one before it became free."""
        freed = self.take(position) if position in self.entries else 0
        self.entries[position] = entry
        if entry.frame is not None:
            tables = entry.frame.tables
            tables[self] = tables.get(self, 0) + 1
        return freed

    def take(self, position: int) -> int:
        """Remove an entry; 1 if its frame became free."""
        entry = self.entries.pop(position, None)
        if entry is None or entry.frame is None:
            return 0
        frame = entry.frame
        tables = frame.tables
        if tables[self] > 1:
            tables[self] -= 1
            return 0
        del tables[self]
        return int(not tables and frame.file is None)

    @property
    def resident(self) -> int:
        return len(self.entries) - [entry.frame for entry in self.entries.values()].count(None)


@dataclass(eq=False, slots=True)
class Slot:
    """A PMD entry."""

    table: Table
    writable: bool = True


@dataclass(eq=False, slots=True)
class Area:
    """A VMA; `inherited` if another process has mapped it."""

    start: int
    end: int
    writable: bool = True
    private: bool = True
    file: NaiveFile | None = None
    offset: int = 0
    heap: bool = False
    has_anon: bool = False
    inherited: bool = False

    @property
    def copied_at_fork(self) -> bool:
        return self.private and self.has_anon

    def covers(self, slot: int) -> bool:
        return self.start <= slot * SLOT and (slot + 1) * SLOT <= self.end

    def meets(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end

    def part(self, start: int, end: int) -> Area:
        """The same of [start, end) alone; a file is mapped once more."""
        if self.file is not None:
            self.file.areas += 1
        return replace(self, start=start, end=end, offset=self.offset + start - self.start)


@dataclass(eq=False, slots=True)
class Space:
    """An address space.

    `forks_on_demand`: it has forked or been forked with shared tables. `owed_to`: the child that
    its slots without write permission are still to be copied for; `owed_by`: the reverse.
    `phantom`: pages that the kernel's RSS counts beyond those below slots with write permission.
    `lost`: slots whose page of a pool was taken.
    """

    areas: list[Area] = field(default_factory=list)
    slots: dict[int, Slot] = field(default_factory=dict)
    forks_on_demand: bool = False
    owed_to: Space | None = None
    owed_by: Space | None = None
    phantom: int = 0
    lost: set[int] = field(default_factory=set)
    last_fault_page: int = -2
    last_copied_slot: int = -1

    def area(self, page: int) -> Area | None:
        for area in self.areas:
            if area.start <= page < area.end:
                return area
        return None

    def overlapping(self, slot: int) -> list[Area]:
        return self.meeting(slot * SLOT, (slot + 1) * SLOT)

    def meeting(self, start: int, end: int) -> list[Area]:
        return [a for a in self.areas if a.meets(start, end)]

    def add(self, area: Area) -> None:
        self.areas.append(area)
        self.areas.sort(key=lambda a: a.start)

    def is_free(self, start: int, end: int, *, private: bool) -> bool:
        """Whether an area fits there; one that is not private has its slots to itself."""
        for a in self.areas:
            alone = not (private and a.private)
            first, last = (start // SLOT * SLOT, -(-end // SLOT) * SLOT) if alone else (start, end)
            if a.meets(first, last):
                return False
        return True

    def private_slots(self) -> list[Slot]:
        """The slots that are not of shared memory."""
        return [
            slot
            for number, slot in self.slots.items()
            if all(area.private for area in self.overlapping(number))
        ]

    @property
    def resident(self) -> int:
        """Present pages of private areas, the zero page excepted."""
        return sum(slot.table.resident for slot in self.private_slots())
