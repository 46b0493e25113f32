"""What a fault does, to a page and to the table above it: a row for each action.

An action's name in lower case is what it is called everywhere: in counts, in the columns of tables
(`faults/cow_copy`), on the command line. A new one is a row here, when it is met (`page_action`, or
`models.faults.huge_pages`), what it changes (`small_pages`), and its price in `models.costs.laws`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt

from models.memory.counts import Counts
from sim.arrays import BoolArray

ActionArray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ActionRow:
    """An action.

    Attributes:
        meaning: What it does.
        one: What is told when it was done once.
        many: What is told of several, with a place for how many.
        pages: Frames of 4 KiB that it takes at most.
        price: The constant of `models.costs.laws.Costs` that says what it costs; empty if it costs
            nothing of its own.
        replaces: Whether it replaces an entry by that of another page, if one was present.
        huge: Whether it is one of 2 MiB pages.
        counted_as: Under which name it is counted; empty if under its own.
    """

    meaning: str
    one: str = ""
    many: str = ""
    pages: int = 0
    price: str = ""
    replaces: bool = False
    huge: bool = False
    counted_as: str = ""


class Action(IntEnum):
    """An action's number in arrays, with its row; 0 is none."""

    row: ActionRow

    def __new__(cls, row: ActionRow | int) -> Action:
        """A member, numbered in the order of the rows; called later, the one with a number."""
        number = len(cls.__members__)
        member = int.__new__(cls, number)
        member._value_ = number
        member.row = row if isinstance(row, ActionRow) else ActionRow("")
        return member

    @cached_property
    def label(self) -> str:
        """What it is called."""
        return self.name.lower()

    @cached_property
    def counter(self) -> str:
        """Under which name it is counted; empty if it is not."""
        return self.row.counted_as or (self.label if self.row.one else "")


class TableAction(Action):
    """What a fault does to the PTE table before it turns to the page."""

    @cached_property
    def label(self) -> str:
        """What it is called."""
        return f"table_{super().label}"

    NONE = ActionRow("Nothing.")
    ALLOC = ActionRow("The slot had no table: allocate one.", pages=1)
    COPY = ActionRow(
        "The table is shared: copy it for the faulting process (unshare, break).",
        "1 table copied",
        "{} tables copied",
        pages=1,
    )
    REUSE = ActionRow(
        "The table was shared and is not any more: make the slot writable again.",
        "1 table made writable again",
        "{} tables made writable again",
    )
    RENEW = ActionRow(
        "The same, but copy the table all the same and free the old one.",
        counted_as="table_copy",
    )
    SYNC = ActionRow(
        "The table is still to be copied for a child: copy it for the child.",
        "1 table copied for the child",
        "{} tables copied for the child",
        pages=1,
    )


class PageAction(Action):
    """What a fault does to the page."""

    NONE = ActionRow("Nothing.")
    COW_COPY = ActionRow(
        "Copy 4 KiB: the page is mapped elsewhere too.",
        "4 KiB copied",
        "{} pages copied",
        pages=1,
        price="fault_copy_cold_ns",
        replaces=True,
    )
    COW_REUSE = ActionRow(
        "Make the entry writable: this is the page's only mapping.",
        "1 page made writable",
        "{} pages made writable",
        price="fault_reuse_ns",
    )
    ZERO_FILL = ActionRow(
        "Map a fresh zeroed page (first write to a hole or to the zero page).",
        "1 zeroed page mapped",
        "{} zeroed pages mapped",
        pages=1,
        price="fault_zero_fill_ns",
        replaces=True,
    )
    ZERO_MAP = ActionRow(
        "Map the zero page (read of a hole).",
        "the zero page mapped",
        "the zero page mapped {} times",
        price="fault_zero_map_ns",
    )
    SHARED_MAP = ActionRow(
        "Map a page of shared memory, brought into memory if it is not there. Not calibrated: "
        "it is priced as a zeroed page.",
        "1 shared page mapped",
        "{} shared pages mapped",
        pages=1,
        price="fault_zero_fill_ns",
    )
    FILE_MAP = ActionRow(
        "Map a page of a file, read-only, in a private mapping. Not calibrated: it is priced "
        "as the zero page.",
        "1 page of a file mapped",
        "{} pages of a file mapped",
        pages=1,
        price="fault_zero_map_ns",
    )
    HUGE_COPY = ActionRow(
        "Copy 2 MiB.",
        "2 MiB copied",
        "{} huge pages copied",
        pages=512,
        price="fault_huge_copy_ns",
        replaces=True,
        huge=True,
    )
    HUGE_REUSE = ActionRow(
        "Make a huge entry writable.",
        "1 huge page made writable",
        "{} huge pages made writable",
        price="fault_huge_reuse_ns",
        huge=True,
    )
    HUGE_FILL = ActionRow(
        "Map a fresh zeroed huge page.",
        "1 zeroed huge page mapped",
        "{} zeroed huge pages mapped",
        pages=512,
        price="huge_fill_ns",
        replaces=True,
        huge=True,
    )
    HUGE_ZERO_MAP = ActionRow(
        "Map the huge zero page.",
        "the huge zero page mapped",
        "the huge zero page mapped {} times",
        price="fault_zero_map_ns",
        huge=True,
    )
    HUGE_SPLIT = ActionRow(
        "Split a shared huge page into 4 KiB pages in this process, and copy one of them.",
        "1 huge page split",
        "{} huge pages split",
        pages=1,
        price="fault_huge_split_ns",
        replaces=True,
        huge=True,
    )
    HUGE_READ_FILL = ActionRow(
        "Map a fresh zeroed huge page read-only: hugetlbfs has no zero page.",
        pages=512,
        price="huge_fill_ns",
        replaces=True,
        huge=True,
        counted_as="huge_fill",
    )
    NO_PAGE = ActionRow(
        "There is no page to map: the process is killed (SIGBUS), so nothing follows.",
        huge=True,
    )


_IN_ORDER: tuple[Action, ...] = (
    *(action for action in PageAction if not action.row.huge),
    *TableAction,
    *(action for action in PageAction if action.row.huge),
)

COUNTED: Mapping[str, ActionRow] = {
    action.counter: action.row for action in _IN_ORDER if action.row.one
}
"""The names under which actions are counted, with what is told of them, in order."""


class Backing(IntEnum):
    """What is behind the pages of an area."""

    NOTHING = 0
    """Private anonymous memory."""
    FILE = 1
    """A file, privately mapped."""
    SHARED = 2
    """Shared memory, or a file that is shared."""


def page_action(
    *,
    write: bool,
    present: bool,
    zero: bool,
    writable: bool,
    after_read: bool,
    backing: Backing,
    table_action: TableAction,
    exclusive: bool,
) -> PageAction:
    """What a fault on a 4 KiB entry does to the page: the decision tree of mechanisms.md 1.5.

    Args:
        write: Whether the access writes.
        present: Whether the entry is present.
        zero: Whether it maps the zero page.
        writable: Whether it allows writes.
        after_read: Whether a read of the absent page has been met before.
        backing: What is behind the page.
        table_action: What the first fault below the table does to it.
        exclusive: Whether nobody else maps the page.
    """
    if not present:
        return _on_hole(backing, write=write, after_read=after_read)
    if not write:
        return PageAction.NONE
    if zero:
        return PageAction.ZERO_FILL
    # Below a table that is copied every page is mapped twice from then on.
    copied = table_action in (TableAction.COPY, TableAction.SYNC)
    if writable and not copied and table_action is not TableAction.RENEW:
        return PageAction.NONE
    # Everybody writes to the same page of shared memory.
    if backing is Backing.SHARED or (exclusive and not copied):
        return PageAction.COW_REUSE
    return PageAction.COW_COPY


def _on_hole(backing: Backing, *, write: bool, after_read: bool) -> PageAction:
    if backing is Backing.SHARED:
        # It is mapped writable at once.
        return PageAction.NONE if after_read else PageAction.SHARED_MAP
    if backing is Backing.FILE:
        return PageAction.COW_COPY if write else PageAction.FILE_MAP
    return PageAction.ZERO_FILL if write else PageAction.ZERO_MAP


def _tabulated(*, exclusive: bool) -> npt.NDArray[np.uint8]:
    flags = (False, True)
    cases = product(flags, flags, flags, flags, flags, Backing, TableAction)
    actions = [
        page_action(
            write=write,
            present=present,
            zero=zero,
            writable=writable,
            after_read=after_read,
            backing=backing,
            table_action=table_action,
            exclusive=exclusive,
        )
        for write, present, zero, writable, after_read, backing, table_action in cases
    ]
    return np.array(actions, np.uint8).reshape(2, 2, 2, 2, 2, len(Backing), len(TableAction))


IF_EXCLUSIVE, IF_MAPPED_ELSEWHERE = _tabulated(exclusive=True), _tabulated(exclusive=False)
"""`page_action` by its arguments, in their order. Where the two differ it has to be found out."""

_REPLACES = np.array([action.row.replaces for action in PageAction], np.bool_)


def replaces(page_actions: ActionArray, present: BoolArray) -> BoolArray:
    """Whether faults replace entries by those of other pages, given which are present."""
    replacing: BoolArray = present & _REPLACES[page_actions]
    return replacing


_HUGE = np.array([action.row.huge for action in PageAction], np.bool_)


def on_huge_pages(page_actions: ActionArray) -> BoolArray:
    """Which of some page actions are those of 2 MiB pages."""
    huge: BoolArray = _HUGE[page_actions]
    return huge


COPIES_TABLE = np.array(
    [action in (TableAction.COPY, TableAction.RENEW, TableAction.SYNC) for action in TableAction],
    np.bool_,
)
"""Whether each `TableAction` reads every entry of the table."""


def by_kind(counts: Counts) -> dict[str, int]:
    """How often each action was done, those that were not too, by the name of its count."""
    return {name: counts.actions[name] for name in COUNTED}
