"""Classic fork on naive memory, access by access; the other schemes change single rules of it.

Every rule is written down from mechanisms.md 1-6 as it stands, with no thought of how `models`
represents memory.
"""

from __future__ import annotations

from model_prices import PRICES
from naive_memory import SLOT, Area, Entry, Frame, NaiveFile, Slot, Space, Table
from naive_prices import COUNTER, PAGE_PRICES, copied_page_ns, table_copy_ns
from naive_removal import NaiveRemoval

Fault = tuple[str, str, int]


class NaiveMachine(NaiveRemoval):
    """Address spaces under classic fork."""

    def rss(self, mm: Space) -> int:
        """The kernel's own count of resident pages (R1)."""
        return mm.resident

    # Faults

    def access(self, mm: Space, page: int, write: bool) -> Fault | None:
        """One access: table action, page action and price, or None if it does not fault."""
        area = mm.area(page)
        assert area is not None
        assert area.writable or not write
        number, position = divmod(page, SLOT)
        slot = mm.slots.get(number)
        entry = slot.table.entries.get(position) if slot else None
        if slot and entry and (not write or (slot.writable and entry.writable)):
            return None
        table_action, table_ns = self.settle_for_fault(mm, area, number)
        sequential, warm = page == mm.last_fault_page + 1, number == mm.last_copied_slot
        mm.last_fault_page = page
        if table_action in ("COPY", "RENEW", "SYNC"):
            mm.last_copied_slot, warm = number, False
        page_action = self.settle_page(mm, area, page, write)
        if write:
            area.has_anon = True
        if entry is not None and page_action in ("COW_COPY", "ZERO_FILL"):
            self.flushes += 1
        self.counts["faults"] += 1
        self.counts[COUNTER.get(page_action, "none")] += 1
        page_ns = PAGE_PRICES[page_action]
        if page_action == "COW_COPY":
            page_ns = copied_page_ns(sequential=sequential, warm=warm)
        return table_action, page_action, round(page_ns + table_ns)

    def filled(self, mm: Space, number: int) -> None:
        """An untouched slot inside one anonymous private area has been filled as a whole."""

    def settle_for_fault(self, mm: Space, area: Area, number: int) -> tuple[str, float]:
        """What a fault does to the table of a slot before it turns to the page."""
        del area
        if number in mm.slots:
            return self.settle(mm, number)
        mm.slots[number] = Slot(Table())
        self.counts["tables_alloc"] += 1
        return "ALLOC", 0.0

    def settle(self, mm: Space, number: int) -> tuple[str, float]:
        """Give a slot without write permission a table of its own; what that takes, and its price.

        Classic fork has no such slots.
        """
        assert number not in mm.slots or mm.slots[number].writable
        return "NONE", 0.0

    def settle_page(self, mm: Space, area: Area, page: int, write: bool) -> str:
        """What a fault does to the page (mechanisms.md 1.5)."""
        number, position = divmod(page, SLOT)
        table = mm.slots[number].table
        entry = table.entries.get(position)
        if entry is None:
            return self.map_page(table, area, page, write)
        if not write or entry.writable:
            return "NONE"
        if entry.frame is None:
            table.put(position, Entry(Frame(), writable=True))
            return "ZERO_FILL"
        if not area.private or self.is_reusable(table, entry.frame):
            entry.writable = True
            entry.frame.exclusive = True
            return "COW_REUSE"
        self.counts["pages_freed"] += table.put(position, Entry(Frame(scattered=True), True))
        return "COW_COPY"

    def map_page(self, table: Table, area: Area, page: int, write: bool) -> str:
        """The first access to a page."""
        position = page % SLOT
        if area.file is None:
            table.put(position, Entry(Frame() if write else None, writable=write))
            return "ZERO_FILL" if write else "ZERO_MAP"
        frame = area.file.page(area.offset + page - area.start)
        if not area.private:
            table.put(position, Entry(frame, writable=True))
            return "SHARED_MAP"
        if write:
            table.put(position, Entry(Frame(scattered=True), writable=True))
            return "COW_COPY"
        table.put(position, Entry(frame, writable=False))
        return "FILE_MAP"

    def is_reusable(self, table: Table, frame: Frame) -> bool:
        """Whether a write may take the page over instead of copying it."""
        return frame.file is None and set(frame.tables) == {table}

    # Fork, exec and exit

    def fork(self, parent: Space) -> tuple[Space, int]:
        """The child, and the price."""
        child = self.same_areas(parent)
        cost_ns = PRICES["fork_base_ns"]
        for number in self.slots_to_copy(parent):
            cost_ns += self.copy_slot(parent, child, number)
        return child, round(cost_ns)

    def start(self, child: Space) -> None:
        """What a child does before its first instruction."""

    def same_areas(self, parent: Space) -> Space:
        areas = [area.part(area.start, area.end) for area in parent.areas]
        for area in areas:
            area.inherited = True
        return Space(areas)

    def slots_to_copy(self, mm: Space) -> list[int]:
        """The slots that hold something of an area that fork does not pass over."""
        return [n for n in sorted(mm.slots) if any(a.copied_at_fork for a in mm.overlapping(n))]

    def copy_slot(self, parent: Space, child: Space, number: int) -> float:
        """Copy what areas that fork does not pass over have in a slot; the price."""
        table = parent.slots[number].table
        copied = {
            position: entry
            for position, entry in table.entries.items()
            if (area := parent.area(number * SLOT + position)) and area.copied_at_fork
        }
        child.slots[number] = Slot(self.protected_copy(table, copied))
        self.counts["tables_alloc"] += 1
        if table.huge:
            return PRICES["huge_entry_ns"]
        self.counts["ptes_copied"] += len(copied)
        return self.last_copy_ns

    def protected_copy(
        self, table: Table, entries: dict[int, Entry], *, protects_both: bool = True
    ) -> Table:
        """A new table with these entries of another, write-protected."""
        self.last_copy_ns = table_copy_ns(list(entries.values()), protects=protects_both)
        copy = Table(huge=table.huge)
        for position, entry in entries.items():
            if protects_both:
                entry.writable = False
            if entry.frame is not None:
                entry.frame.exclusive = False
            copy.put(position, Entry(entry.frame, writable=False))
        return copy

    def exit(self, mm: Space) -> int:
        cost_ns = PRICES["exit_base_ns"]
        for number in sorted(mm.slots):
            cost_ns += self.drop(mm, mm.slots.pop(number))
        freed = sum(self.leave_file(area) for area in mm.areas)
        cost_ns += freed * PRICES["page_free_ns"]
        mm.areas.clear()
        mm.phantom = 0
        return round(cost_ns)

    # Areas

    def map(self, mm: Space, area: Area, *, populate: bool = False) -> None:
        if area.file is None and not area.private:
            area.file = NaiveFile()
        if area.file is not None:
            area.file.areas += 1
        mm.add(area)
        self.populate(mm, area.start, area.end, asked=populate)

    def populate(self, mm: Space, start: int, end: int, *, asked: bool) -> None:
        """Access new pages at once if asked to (MAP_POPULATE)."""
        if asked:
            area = mm.area(start)
            assert area is not None
            for page in range(start, end):
                self.access(mm, page, write=area.private and area.writable)

    def brk(self, mm: Space, n_pages: int) -> None:
        heap = next(area for area in mm.areas if area.heap)
        end, wanted = heap.end, heap.start + n_pages
        if wanted < end:
            self.unmap(mm, wanted, end)
        elif wanted > end:
            heap.end = wanted
            self.populate(mm, end, wanted, asked=False)

    def before_change(self, mm: Space, start: int, end: int) -> float:
        """What must be done before areas that meet a range change; its price."""
        del mm, start, end
        return 0.0

    def cut_out(self, mm: Space, start: int, end: int) -> int:
        """Make areas begin or end at both ends of a range; the price."""
        cost_ns = round(self.before_change(mm, start, end))
        for page in (start, end):
            area = mm.area(page)
            if area and area.start < page:
                mm.add(area.part(page, area.end))
                area.end = page
                cost_ns += round(self.settle(mm, page // SLOT)[1])
                if page % SLOT and page // SLOT in mm.slots:
                    cost_ns += self.split(mm.slots[page // SLOT].table)
        return cost_ns

    def unmap(self, mm: Space, start: int, end: int) -> tuple[int, int]:
        """Price of copied tables and of the removal."""
        cut_ns = self.cut_out(mm, start, end)
        own_ns = zap_ns = 0.0
        gone = mm.meeting(start, end)
        mm.areas = [area for area in mm.areas if area not in gone]
        freed = sum(self.leave_file(area) for area in gone)
        zap_ns += freed * PRICES["page_free_ns"]
        for number in sorted(mm.slots):
            met = (number * SLOT, (number + 1) * SLOT)
            if not any(area.meets(*met) for area in gone):
                continue
            if not mm.overlapping(number):
                zap_ns += self.drop(mm, mm.slots.pop(number))
            else:
                own_ns += self.settle(mm, number)[1]
                zap_ns += self.clear(mm, number, start, end)
        return round(cut_ns + round(own_ns)), round(zap_ns)

    def protect(self, mm: Space, start: int, end: int, writable: bool) -> None:
        """Permission that is given changes no entry: the first write of each page faults.

        Areas that have the rights already are passed over.
        """
        changed = [area for area in mm.meeting(start, end) if area.writable != writable]
        if not changed:
            return
        self.cut_out(mm, start, end)
        for area in mm.meeting(start, end):
            area.writable = writable
        for number in sorted(mm.slots):
            if number * SLOT < end and start < (number + 1) * SLOT:
                self.protect_slot(mm, number, start, end, writable)

    def protect_slot(self, mm: Space, number: int, start: int, end: int, writable: bool) -> None:
        self.settle(mm, number)
        if not writable:
            for position, entry in mm.slots[number].table.entries.items():
                if start <= number * SLOT + position < end:
                    entry.writable = False

    def discard(self, mm: Space, start: int, end: int) -> None:
        """MADV_DONTNEED, area by area."""
        self.before_change(mm, start, end)
        for area in mm.meeting(start, end):
            self.discard_in_area(mm, max(start, area.start), min(end, area.end))

    def discard_in_area(self, mm: Space, start: int, end: int) -> None:
        """Tables stay, but for those of huge pages and those of others."""
        for number in sorted(mm.slots):
            first, last = number * SLOT, (number + 1) * SLOT
            if last <= start or end <= first:
                continue
            slot = mm.slots[number]
            left = slot.table.huge or (not slot.writable and slot.table.references > 1)
            if left and start <= first and last <= end:
                self.drop(mm, mm.slots.pop(number))
            else:
                self.settle(mm, number)
                self.split(slot.table)
                self.clear(mm, number, start, end)

    def move(self, mm: Space, start: int, end: int, to: int) -> None:
        """Tables of whole slots move along; of others the entries do."""
        self.cut_out(mm, start, end)
        area = mm.area(start)
        assert area is not None
        assert (area.start, area.end) == (start, end)
        for low, high in ((start, end), (to, to + end - start)):
            for number in range(low // SLOT, -(-high // SLOT)):
                self.settle(mm, number)
        mm.areas.remove(area)
        area.start, area.end, area.heap = to, to + end - start, False
        mm.add(area)
        for number in [n for n in sorted(mm.slots) if n * SLOT < end and start < (n + 1) * SLOT]:
            first, last = max(start, number * SLOT), min(end, (number + 1) * SLOT)
            target, rest = divmod(first + to - start, SLOT)
            if last - first == SLOT and rest == 0 and target not in mm.slots:
                mm.slots[target] = mm.slots.pop(number)
                continue
            table = mm.slots[number].table
            self.split(table)
            for page in range(first, last):
                target, position = divmod(page + to - start, SLOT)
                if target not in mm.slots:
                    mm.slots[target] = Slot(Table())
                    self.counts["tables_alloc"] += 1
                if page % SLOT in table.entries:
                    entry = table.entries[page % SLOT]
                    table.take(page % SLOT)
                    mm.slots[target].table.put(position, entry)
            if not mm.overlapping(number):
                self.drop(mm, mm.slots.pop(number))
